/*
 * What the files of the judge share and nobody else sees.
 */
#ifndef STSWEEP_JUDGE_JUDGE_PRIVATE_H
#define STSWEEP_JUDGE_JUDGE_PRIVATE_H

#include "judge/chain_memory.h"

struct judge {
	struct judge_settings settings;
	struct chain_memory *memory;
};

/* Below TLS 1.2 (RFC 8461 7.2). */
bool judge_tls_version_is_old(struct span version);
/* The vocabulary's words of a set of PKIX_BITs. */
void judge_add_faults(struct arena *arena, struct word_list *list, unsigned faults);

#endif
