/*
 * The tally counts every domain once per vocabulary, and merging two halves gives the whole.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "stats/tally.h"

static struct domain_record domain_with(enum delivery delivery, enum sts_verdict sts, int *findings,
					size_t findings_count)
{
	struct domain_record domain;

	record_init(&schema_domain_record, &domain);
	domain.status = RECORD_STATUS_COMPLETE;
	domain.verdict.delivery = delivery;
	domain.verdict.sts = sts;
	domain.findings = (struct word_list){.items = findings, .count = findings_count};
	return domain;
}

static void test_counts(void **state)
{
	struct tally tally = {0};
	int findings[] = {1};
	struct domain_record first =
		domain_with(DELIVERY_PROTECTED, STS_VERDICT_ENFORCE, findings, 1);
	struct domain_record second = domain_with(DELIVERY_PROTECTED, STS_VERDICT_NONE, NULL, 0);

	(void)state;
	tally_add(&tally, &first);
	tally_add(&tally, &second);
	assert_int_equal(tally.domains, 2);
	assert_int_equal(tally.status.of[RECORD_STATUS_COMPLETE], 2);
	assert_int_equal(tally.delivery.of[DELIVERY_PROTECTED], 2);
	assert_int_equal(tally.sts_verdict.of[STS_VERDICT_ENFORCE], 1);
	assert_int_equal(tally.sts_verdict.of[STS_VERDICT_NONE], 1);
	assert_int_equal(tally.match.of[0], 2);
	assert_int_equal(tally.finding[1], 1);
}

static void sum_words(void *context, const char *path, const struct vocabulary *vocabulary,
		      const struct tally_words *words)
{
	uint64_t sum = 0;

	assert_true(vocabulary->count <= TALLY_WORDS_MAX);
	assert_non_null(path);
	for (size_t i = 0; i < TALLY_WORDS_MAX; i++)
		sum += words->of[i];
	assert_int_equal(sum, *(const uint64_t *)context);
}

static void test_merge_equals_whole(void **state)
{
	struct tally halves[2] = {{0}};
	struct tally whole = {0};

	(void)state;
	for (int i = 0; i < 100; i++) {
		int finding = 1;
		struct domain_record domain =
			domain_with((enum delivery)(i % (int)vocabulary_delivery.count),
				    (enum sts_verdict)(i % (int)vocabulary_sts_verdict.count),
				    &finding, (size_t)(i % 2));

		tally_add(&halves[i % 3 == 0], &domain);
		tally_add(&whole, &domain);
	}
	tally_merge(&halves[0], &halves[1]);
	assert_memory_equal(&halves[0], &whole, sizeof(whole));
	tally_each(&whole, sum_words, &whole.domains);
}

/* What the fixed arrays of the tally must hold. */
static void test_vocabularies_fit(void **state)
{
	(void)state;
	assert_true(finding_infos_count <= TALLY_FINDINGS_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_counts),
		cmocka_unit_test(test_merge_equals_whole),
		cmocka_unit_test(test_vocabularies_fit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
