/*
 * The Levenshtein distance of two names, as far as "near" goes. Used to tell a typing mistake from
 * another name.
 */
#ifndef STSWEEP_JUDGE_EDIT_DISTANCE_H
#define STSWEEP_JUDGE_EDIT_DISTANCE_H

#include "base/span.h"

enum { EDIT_DISTANCE_MAX = 3 };

/*
 * Insertions, deletions and substitutions that make `a` into `b`, letters without case;
 * EDIT_DISTANCE_MAX + 1 for anything further. Works in time of length times EDIT_DISTANCE_MAX, for
 * names come from strangers.
 */
unsigned edit_distance(struct span a, struct span b);

#endif
