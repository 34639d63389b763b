/*
 * Counts final domain records by their closed vocabularies. Called by whoever finishes a scan; keeps no record.
 */
#include "stats/tally.h"

#include <assert.h>

#include "record/findings.h"

/* T(member, vocabulary, path, expression over `domain`) */
#define TALLIED(T) \
	T(status, record_status, "status", domain->status) \
	T(mx_kind, mx_kind, "mx.kind", domain->mx.kind) \
	T(sts_record, presence, "sts.record.state", domain->sts.record.state) \
	T(sts_policy, presence, "sts.policy.state", domain->sts.policy.state) \
	T(policy_stage, stage, "sts.policy.stage", domain->sts.policy.stage) \
	T(tlsrpt, presence, "tlsrpt.state", domain->tlsrpt.state) \
	T(match, match, "match", domain->match) \
	T(sts_verdict, sts_verdict, "verdict.sts", domain->verdict.sts) \
	T(dane, dane, "verdict.dane", domain->verdict.dane) \
	T(delivery, delivery, "verdict.delivery", domain->verdict.delivery)

void tally_add(struct tally *tally, const struct domain_record *domain)
{
	tally->domains++;
#define COUNT(member, vocabulary, path, value) \
	assert((unsigned)(value) < TALLY_WORDS_MAX); \
	tally->member.of[(value)]++;
	TALLIED(COUNT)
#undef COUNT
	for (size_t i = 0; i < domain->findings.count; i++) {
		assert(domain->findings.items[i] < TALLY_FINDINGS_MAX);
		tally->finding[domain->findings.items[i]]++;
	}
}

static void words_merge(struct tally_words *words, const struct tally_words *other)
{
	for (size_t i = 0; i < TALLY_WORDS_MAX; i++)
		words->of[i] += other->of[i];
}

void tally_merge(struct tally *tally, const struct tally *other)
{
	tally->domains += other->domains;
#define MERGE(member, vocabulary, path, value) words_merge(&tally->member, &other->member);
	TALLIED(MERGE)
#undef MERGE
	for (size_t i = 0; i < TALLY_FINDINGS_MAX; i++)
		tally->finding[i] += other->finding[i];
}

void tally_each(const struct tally *tally,
		void (*each)(void *context, const char *path, const struct vocabulary *vocabulary,
			     const struct tally_words *words),
		void *context)
{
#define EACH(member, vocabulary, path, value) \
	each(context, path, &vocabulary_##vocabulary, &tally->member);
	TALLIED(EACH)
#undef EACH
}
