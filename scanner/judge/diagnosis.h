/*
 * Which findings of the table hold for a domain. Used by the judge of a domain, last: everything
 * else has been judged.
 */
#ifndef STSWEEP_JUDGE_DIAGNOSIS_H
#define STSWEEP_JUDGE_DIAGNOSIS_H

#include "judge/domain_hosts.h"

/* Fills `domain->findings`, in the table's order, each once. False over the arena's cap. */
bool diagnosis_make(struct arena *arena, struct domain_record *domain,
		    const struct judged_hosts *hosts);

#endif
