/*
 * Domain names as text: checking, folding, IDNA, and the registrable part. Names are kept as
 * lower-case A-labels without a trailing dot. Used by the reader, the steps and the judge; opens no
 * file (the Public Suffix List is handed in).
 */
#ifndef STSWEEP_FACTS_NAME_H
#define STSWEEP_FACTS_NAME_H

#include <libpsl.h>

#include "base/arena.h"
#include "base/enumerator.h"
#include "base/span.h"

/* Presentation length without the trailing dot, RFC 1035 2.3.4 (255 octets on the wire). */
enum { NAME_MAX_BYTES = 253, LABEL_MAX_BYTES = 63 };

#define NAME_FAULTS(V, P) \
	V(P, EMPTY, "empty", "no name at all") \
	V(P, TOO_LONG, "too-long", "over 253 bytes") \
	V(P, LABEL_EMPTY, "empty-label", "two dots in a row, or a leading dot") \
	V(P, LABEL_TOO_LONG, "label-too-long", "a label over 63 bytes") \
	V(P, BAD_CHARACTER, "bad-character", "a byte that no host name holds") \
	V(P, BAD_HYPHEN, "bad-hyphen", "a label that begins or ends with a hyphen") \
	V(P, ADDRESS, "address", "an IP address instead of a name") \
	V(P, BAD_IDNA, "bad-idna", "not convertible to A-labels (RFC 5891)") \
	V(P, SINGLE_LABEL, "single-label", "a name of one label")

ENUMERATION(name_fault, NAME_FAULT, NAME_FAULTS);

/*
 * One target of a list, as people write them: U-labels are converted (IDNA2008 with UTS 46 mapping,
 * non-transitional), letters folded, one trailing dot dropped; underscores are allowed, at least
 * two labels asked for. On success `*name` is in `arena` and NAME_FAULT_NULL comes back. Over the
 * arena's cap it is EMPTY, and `arena->exhausted` tells.
 */
enum name_fault name_from_input(struct arena *arena, struct span input, struct span *name);

/*
 * A host name by the letter (RFC 952, 1123 2.1: letters, digits, hyphens), A-labels, no trailing
 * dot.
 */
enum name_fault name_check_host(struct span name);
/* True for IPv4 or IPv6 in text form. */
bool name_is_address(struct span name);
/* Lower-case copy without one trailing dot; the root stays ".". */
struct span name_fold(struct arena *arena, struct span name);
/* `a` equals `b` or lies under it ("mx.example.com" under "example.com"); case-insensitive. */
bool name_is_within(struct span a, struct span b);
/* Number of labels; 0 for an empty name. */
size_t name_labels(struct span name);
/* What follows the first dot; empty when there is none. */
struct span name_parent(struct span name);
/*
 * Registrable domain (eTLD+1) and public suffix: parts of `name` itself; no value where the list
 * knows none.
 */
struct span name_registrable(const psl_ctx_t *psl, struct span name);
struct span name_public_suffix(const psl_ctx_t *psl, struct span name);

#endif
