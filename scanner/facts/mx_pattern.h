/*
 * One mx value of a policy: `["*."] Domain` (RFC 8461 3.2, Domain of RFC 5321 4.1.2), and what is
 * wrong with one that is not. Used by the policy parser only.
 */
#ifndef STSWEEP_FACTS_MX_PATTERN_H
#define STSWEEP_FACTS_MX_PATTERN_H

#include "base/span.h"
#include "facts/policy.h"

/* POLICY_MX_FAULT_NULL for a good pattern. Total: any bytes give an answer. */
enum policy_mx_fault mx_pattern_fault(struct span value);

#endif
