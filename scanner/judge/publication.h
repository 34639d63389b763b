/*
 * The judgement of what a domain publishes: its MTA-STS record and policy, its TLS-RPT record
 * (MEASURES 3, 4, 5). Used by the judge of a domain, before the hosts are looked at.
 */
#ifndef STSWEEP_JUDGE_PUBLICATION_H
#define STSWEEP_JUDGE_PUBLICATION_H

#include "judge/chain_memory.h"

void publication_judge_record(struct arena *arena, struct sts_record_map *record);
void publication_judge_tlsrpt(struct arena *arena, struct tlsrpt *tlsrpt);
/* `policy` as fetched; all null when it was not asked for. */
void publication_judge_policy(struct chain_memory *memory,
			      const struct certificate_source *certificates, struct arena *arena,
			      struct sts_policy *policy);
/*
 * What record and policy together come to (MEASURES 8); follows the strict readings (MEASURES 12).
 */
enum sts_verdict publication_verdict(const struct sts *sts);

#endif
