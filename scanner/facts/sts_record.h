/*
 * The MTA-STS TXT record (RFC 8461 3.1): from the TXT strings at _mta-sts.D to what they say,
 * judged twice: `strict` is the ABNF, `lenient` is what deployed senders accept (MEASURES 3 and
 * 12).
 */
#ifndef STSWEEP_FACTS_STS_RECORD_H
#define STSWEEP_FACTS_STS_RECORD_H

#include "base/arena.h"
#include "base/enumerator.h"
#include "base/span.h"
#include "facts/validity.h"

#define STS_RECORD_ERRORS(V, P) \
	V(P, MULTIPLE, "multiple", "several records begin v=STSv1; (RFC 8461 3.1)") \
	V(P, BAD_VERSION, "bad-version", "an attempt at a record that does not begin v=STSv1;") \
	V(P, MISSING_ID, "missing-id", "no id field") \
	V(P, BAD_ID, "bad-id", "the id is not 1 to 32 letters and digits") \
	V(P, BAD_EXTENSION, "bad-extension", "an extension field is malformed") \
	V(P, BAD_SYNTAX, "bad-syntax", "the record does not follow the ABNF otherwise") \
	V(P, NOT_ASCII, "not-ascii", "bytes over 0x7f")

ENUMERATION(sts_record_error, STS_RECORD_ERROR, STS_RECORD_ERRORS);

#define STS_RECORD_NOTES(V, P) \
	V(P, DUPLICATE_ID, "duplicate-id", "more than one id; the first counts")

ENUMERATION(sts_record_note, STS_RECORD_NOTE, STS_RECORD_NOTES);

struct sts_record {
	bool present;                /* a record or an attempt at one; other TXT is absent */
	enum sts_record_error error; /* of the strict reading */
	enum validity strict;
	enum validity lenient;
	struct span
		/* of the strict reading, else of the lenient one, else no value; points into txt */
		id;
	bool duplicate_id;
};

/* `txt` holds every TXT record of the name, strings joined. Total: any bytes give a result. */
struct sts_record sts_record_read(struct span_list txt);

#endif
