/*
 * Any bytes as the TXT records of _smtp._tls, split at LF into several: the promises of
 * tlsrpt_record.h must hold.
 */
#include <stdlib.h>

#include "facts/tlsrpt_record.h"

enum { RECORDS_MAX = 8, ARENA_CAP_BYTES = 1 << 20 };

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
	struct tlsrpt_record record;
	struct arena arena;

	while (txt.count < RECORDS_MAX && rest.len > 0) {
		items[txt.count] = span_first(rest, span_find(rest, '\n'));
		rest = span_skip(rest, items[txt.count].len + 1);
		txt.count++;
	}
	arena_init(&arena, ARENA_CAP_BYTES);
	record = tlsrpt_record_read(&arena, txt);
	check((record.strict == VALIDITY_NULL) == !record.present);
	check((record.lenient == VALIDITY_NULL) == !record.present);
	check((record.error == TLSRPT_RECORD_ERROR_NULL) == (record.strict != VALIDITY_INVALID));
	check(record.strict != VALIDITY_VALID || record.lenient == VALIDITY_VALID);
	check(arena.exhausted || (record.rua.count > 0) == (record.lenient == VALIDITY_VALID));
	arena_free(&arena);
	return 0;
}
