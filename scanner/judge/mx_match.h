/*
 * Do MX hosts match the mx patterns of a policy (RFC 8461 4.1), and where they do not, how far are
 * they apart (MEASURES 6)? Used by the judge of a domain; looks nothing up.
 */
#ifndef STSWEEP_JUDGE_MX_MATCH_H
#define STSWEEP_JUDGE_MX_MATCH_H

#include <libpsl.h>

#include "base/span.h"
#include "record/vocabulary.h"

/*
 * One host against one pattern; names compare as case-folded A-labels, one final dot of DNS aside.
 */
bool mx_match(struct span host, struct span pattern);
/* One host against all patterns. */
bool mx_match_any(struct span host, struct span_list patterns);

/* How far the closest pair is apart; MISMATCH_NULL without hosts or without patterns. */
enum mismatch mx_mismatch(const psl_ctx_t *psl, struct span_list hosts, struct span_list patterns);

/* Remarks on patterns that leave some of `hosts` unmatched, as bits 1 << enum mismatch_note. */
unsigned mx_mismatch_notes(struct span_list hosts, struct span_list patterns);

#endif
