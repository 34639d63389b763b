/*
 * The TLS-RPT TXT record (RFC 8460 3): from the TXT strings at _smtp._tls.D to where reports go, in
 * the same two readings as the MTA-STS record.
 */
#ifndef STSWEEP_FACTS_TLSRPT_RECORD_H
#define STSWEEP_FACTS_TLSRPT_RECORD_H

#include "base/arena.h"
#include "base/enumerator.h"
#include "base/span.h"
#include "facts/validity.h"

#define TLSRPT_RECORD_ERRORS(V, P) \
	V(P, MULTIPLE, "multiple", "several records begin v=TLSRPTv1; (RFC 8460 3)") \
	V(P, BAD_VERSION, "bad-version", "an attempt at a record that does not begin v=TLSRPTv1;") \
	V(P, MISSING_RUA, "missing-rua", "no rua field") \
	V(P, BAD_RUA, "bad-rua", "the rua is not a list of URIs") \
	V(P, BAD_SCHEME, "bad-scheme", "no destination is mailto: or https:") \
	V(P, BAD_EXTENSION, "bad-extension", "an extension field is malformed") \
	V(P, BAD_SYNTAX, "bad-syntax", "the record does not follow the ABNF otherwise") \
	V(P, NOT_ASCII, "not-ascii", "bytes over 0x7f")

ENUMERATION(tlsrpt_record_error, TLSRPT_RECORD_ERROR, TLSRPT_RECORD_ERRORS);

#define TLSRPT_RECORD_NOTES(V, P) \
	V(P, DUPLICATE_RUA, "duplicate-rua", "more than one rua field; all count (RFC 8460 3)") \
	V(P, OTHER_SCHEME, "other-scheme", \
	  "a destination beside the usable ones is neither mailto: nor https:")

ENUMERATION(tlsrpt_record_note, TLSRPT_RECORD_NOTE, TLSRPT_RECORD_NOTES);

struct tlsrpt_record {
	bool present;
	enum tlsrpt_record_error error;
	enum validity strict;
	enum validity lenient;
	/*
	 * URIs as written, in the arena: all of them where strict is valid (those of other schemes
	 * too: `other_scheme`), else those that the lenient reading can use.
	 */
	struct span_list rua;
	bool duplicate_rua;
	bool other_scheme;
};

/*
 * Total: any bytes give a result. Over the arena's cap the list is short and arena->exhausted
 * tells.
 */
struct tlsrpt_record tlsrpt_record_read(struct arena *arena, struct span_list txt);

#endif
