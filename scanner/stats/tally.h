/*
 * The short count of a scan: how many domains have each status, verdict, delivery and finding. It closes `scan` and
 * `judge`, and goes into the metadata. Adding is pure; tallies of two halves merge into that of the whole.
 */
#ifndef STSWEEP_STATS_TALLY_H
#define STSWEEP_STATS_TALLY_H

#include "record/record.h"

enum { TALLY_WORDS_MAX = 32, TALLY_FINDINGS_MAX = 256 };

/* One count per word of a vocabulary; index 0 counts "does not apply". */
struct tally_words {
	uint64_t of[TALLY_WORDS_MAX];
};

struct tally {
	uint64_t domains;
	struct tally_words status;
	struct tally_words mx_kind;
	struct tally_words sts_record;
	struct tally_words sts_policy;
	struct tally_words policy_stage; /* of the policy's error */
	struct tally_words tlsrpt;
	struct tally_words match;
	struct tally_words sts_verdict;
	struct tally_words dane;
	struct tally_words delivery;
	uint64_t finding[TALLY_FINDINGS_MAX];
};

void tally_add(struct tally *tally, const struct domain_record *domain);
void tally_merge(struct tally *tally, const struct tally *other);

/* Calls `each` for every counted vocabulary in a fixed order, with the field's dotted path. */
void tally_each(const struct tally *tally,
		void (*each)(void *context, const char *path, const struct vocabulary *vocabulary,
			     const struct tally_words *words),
		void *context);

#endif
