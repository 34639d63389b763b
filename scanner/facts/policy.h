/*
 * The MTA-STS policy body (RFC 8461 3.2), byte for byte: the ABNF for `strict`, what deployed
 * senders accept for `lenient` (MEASURES 4 and 12). Where and how the body was fetched is not its
 * business.
 */
#ifndef STSWEEP_FACTS_POLICY_H
#define STSWEEP_FACTS_POLICY_H

#include "base/arena.h"
#include "base/enumerator.h"
#include "base/span.h"
#include "facts/validity.h"

#define POLICY_MODES(V, P) \
	V(P, ENFORCE, "enforce", "mail is not delivered where the policy fails") \
	V(P, TESTING, "testing", "failures are reported only") \
	V(P, NONE, "none", "the domain takes its policy back")

ENUMERATION(policy_mode, POLICY_MODE, POLICY_MODES);

/* Strict errors of stage `syntax`, in the order in which one is chosen where several hold. */
#define POLICY_SYNTAX_ERRORS(V, P) \
	V(P, EMPTY, "empty", "the body has no bytes") \
	V(P, NOT_UTF8, "not-utf8", "the body is not UTF-8 (UTF-16, say)") \
	V(P, NOT_A_POLICY, "not-a-policy", \
	  "another kind of document: HTML, JSON, or no line with a known field") \
	V(P, BOM, "bom", "a byte order mark before the first line") \
	V(P, BAD_LINE, "bad-line", \
	  "a line that is no field: blank, indented, without a colon, bare CR") \
	V(P, MISSING_VERSION, "missing-version", "no version field") \
	V(P, BAD_VERSION, "bad-version", "a version other than STSv1") \
	V(P, MISSING_MODE, "missing-mode", "no mode field") \
	V(P, BAD_MODE, "bad-mode", "a mode other than enforce, testing, none") \
	V(P, MISSING_MAX_AGE, "missing-max-age", "no max_age field") \
	V(P, BAD_MAX_AGE, "bad-max-age", "a max_age that is not 1 to 10 digits") \
	V(P, MAX_AGE_OVER_LIMIT, "max-age-over-limit", "a max_age over 31557600 seconds") \
	V(P, MISSING_MX, "missing-mx", "no mx field in a policy whose mode is not none") \
	V(P, BAD_MX, "bad-mx", "an mx that is neither a host name nor *. and a host name")

ENUMERATION(policy_syntax_error, POLICY_SYNTAX_ERROR, POLICY_SYNTAX_ERRORS);

/* Why an mx pattern is bad. */
#define POLICY_MX_FAULTS(V, P) \
	V(P, EMPTY, "empty", "nothing after mx:") \
	V(P, EMAIL_ADDRESS, "email-address", "holds an @") \
	V(P, TRAILING_DOT, "trailing-dot", "ends in a dot") \
	V(P, URL, "url", "holds a scheme or a slash") \
	V(P, IP_ADDRESS, "ip-address", "an address instead of a name") \
	V(P, U_LABEL, "u-label", "not in A-label form") \
	V(P, INNER_WILDCARD, "inner-wildcard", "a wildcard that is not the whole left-most label") \
	V(P, SEVERAL_ON_ONE_LINE, "several-on-one-line", "several names in one field") \
	V(P, BAD_NAME, "bad-name", "no host name otherwise")

ENUMERATION(policy_mx_fault, POLICY_MX_FAULT, POLICY_MX_FAULTS);

/*
 * Things worth knowing that leave the strict verdict as it is; the last two are strict errors that
 * lenient forgives.
 */
#define POLICY_NOTES(V, P) \
	V(P, CONTENT_TYPE, "content-type", "served as something else than text/plain") \
	V(P, MAX_AGE_SHORT, "max-age-short", "a max_age under a day") \
	V(P, VERSION_NOT_FIRST, "version-not-first", "the version is not the first field") \
	V(P, UNKNOWN_FIELD, "unknown-field", "an extension field") \
	V(P, LF_ONLY, "lf-only", "lines end in LF alone") \
	V(P, TRAILING_SPACE, "trailing-space", "white space after a value") \
	V(P, DUPLICATE_FIELD, "duplicate-field", \
	  "version, mode or max_age given again; the first counts") \
	V(P, BOM, "bom", "a byte order mark, forgiven by the lenient reading") \
	V(P, MAX_AGE_OVER_LIMIT, "max-age-over-limit", \
	  "an over-long max_age, clamped by the lenient reading")

ENUMERATION(policy_note, POLICY_NOTE, POLICY_NOTES);

enum { POLICY_NOTES_MAX = 16 };

struct policy {
	enum policy_syntax_error error; /* of the strict reading; NULL when strict is valid */
	enum policy_mx_fault mx_fault;  /* of the first bad mx */
	struct span mx_fault_value;     /* that mx as written; points into the body */
	enum validity strict;
	enum validity lenient;
	enum policy_mode mode; /* of the strict reading, else of the lenient one */
	int64_t max_age_s;     /* as written (clamped for lenient only), -1 if none */
	struct span_list mx;   /* good patterns, lower-cased, in order; in the arena */
	enum policy_note notes[POLICY_NOTES_MAX];
	size_t notes_count;
};

/*
 * Total: any bytes give a result. Does not add the `content-type` note, which the judge knows of.
 */
struct policy policy_read(struct arena *arena, struct span body);
/* Adds a note once. */
void policy_add_note(struct policy *policy, enum policy_note note);

#endif
