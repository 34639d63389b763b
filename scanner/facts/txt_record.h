/*
 * What the MTA-STS and the TLS-RPT TXT record have in common (RFC 8461 3.1, RFC 8460 3): choosing
 * the one record among all TXT records of the name, and walking through its semicolon-separated
 * fields. Used by sts_record.c and tlsrpt_record.c only.
 */
#ifndef STSWEEP_FACTS_TXT_RECORD_H
#define STSWEEP_FACTS_TXT_RECORD_H

#include "base/cursor.h"
#include "base/span.h"

struct txt_kind {
	const char *version; /* "v=STSv1" */
	const char *
		/* "sts": after v and = or -, in any case, it shows that a record was meant */
		attempt_word;
};

/*
 * Which record each reading judges; no value where that reading is left with none, or with several.
 */
struct txt_choice {
	bool present;  /* a record, or an attempt at one */
	bool multiple; /* several records begin with the version and a semicolon */
	struct span strict;
	struct span lenient;
};

struct txt_choice txt_record_choose(struct span_list txt, const struct txt_kind *kind);

/*
 * One field: `text` without the delimiters' white space, `name` and `value` are its parts around
 * the first "=".
 */
struct txt_field {
	struct span text;
	struct span name;
	struct span value; /* no value without "=" */
};

/*
 * A cursor behind the version and its semicolon. It has failed when something else than white space
 * stands between them; it is at the end, not failed, when nothing follows the version.
 */
struct cursor txt_fields(struct span record, const struct txt_kind *kind);
/*
 * The next field; false after the last one. An empty field is given only where the ABNF allows none
 * (between two semicolons). White space at the very end belongs to the last field, as in the ABNF.
 */
bool txt_field_next(struct cursor *cursor, struct txt_field *field);
/* Is it a field of this name, white space around the name aside? */
bool txt_field_is(const struct txt_field *field, const char *name);
/* sts-extension and tlsrpt-extension, which are the same. */
bool txt_field_is_extension(const struct txt_field *field);

#endif
