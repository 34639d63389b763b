/*
 * What the census can be asked by the judge of entities; how it is made and merged is in judge.h.
 */
#ifndef STSWEEP_JUDGE_CENSUS_H
#define STSWEEP_JUDGE_CENSUS_H

#include "judge/entities.h"

/* Domains of the scan that have the provider of this key for `kind`. */
int64_t census_domains_of_provider(const struct census *census, enum entity_kind kind,
				   struct span key);
/* Domains of the scan whose hosts of this kind have the address (text form). */
int64_t census_domains_of_address(const struct census *census, enum entity_kind kind,
				  struct span address);

#endif
