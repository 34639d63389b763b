/*
 * The two answers a syntax check can give, and "does not apply" (null) where there is nothing to
 * check.
 */
#ifndef STSWEEP_FACTS_VALIDITY_H
#define STSWEEP_FACTS_VALIDITY_H

#include "base/enumerator.h"

#define VALIDITIES(V, P) \
	V(P, VALID, "valid", "follows the rules of this reading") \
	V(P, INVALID, "invalid", "breaks them")

ENUMERATION(validity, VALIDITY, VALIDITIES);

#endif
