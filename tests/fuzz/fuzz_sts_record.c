/*
 * Any bytes as the TXT records of _mta-sts, split at LF into several: the promises of sts_record.h
 * must hold.
 */
#include <stdlib.h>

#include "facts/sts_record.h"

enum { RECORDS_MAX = 8 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
	if (!holds)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span items[RECORDS_MAX];
	struct span_list txt = {.items = items};
	struct span rest = span_of(data, size);
	struct sts_record record;

	while (txt.count < RECORDS_MAX && rest.len > 0) {
		items[txt.count] = span_first(rest, span_find(rest, '\n'));
		rest = span_skip(rest, items[txt.count].len + 1);
		txt.count++;
	}
	record = sts_record_read(txt);
	check((record.strict == VALIDITY_NULL) == !record.present);
	check((record.lenient == VALIDITY_NULL) == !record.present);
	check((record.error == STS_RECORD_ERROR_NULL) == (record.strict != VALIDITY_INVALID));
	check(record.strict != VALIDITY_VALID || record.lenient == VALIDITY_VALID);
	check(span_is_null(record.id) == (record.lenient != VALIDITY_VALID));
	return 0;
}
