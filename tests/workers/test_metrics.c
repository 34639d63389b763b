/* Counters: each in its place, summed over blocks, exact when many threads have counted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>

#include "workers/metrics.h"

static void test_places_and_sums(void **state)
{
	struct metrics *metrics = metrics_new(3);
	struct metrics_totals totals;

	(void)state;
	metrics_add(metrics, 0, METRIC(targets_taken), 5);
	metrics_add(metrics, 2, METRIC(targets_taken), 7);
	metrics_lookup(metrics, 1, DNS_STATUS_BOGUS);
	metrics_fetch(metrics, 1, STAGE_NULL, POLICY_ERROR_NULL);
	metrics_fetch(metrics, 0, STAGE_SYNTAX, POLICY_ERROR_BAD_MX);
	metrics_probe(metrics, 2, STAGE_TLS, OUTCOME_ALERT);
	metrics_probe(metrics, 2, STAGE_SYNTAX, OUTCOME_NOT_ATTEMPTED);
	metrics_read(metrics, &totals);
	assert_int_equal(totals.targets_taken, 12);
	assert_int_equal(totals.lookups[DNS_STATUS_BOGUS], 1);
	assert_int_equal(totals.fetches[0][0], 1);
	assert_int_equal(totals.fetches[STAGE_SYNTAX][POLICY_ERROR_BAD_MX], 1);
	assert_int_equal(totals.probes[STAGE_TLS][OUTCOME_ALERT], 1);
	assert_int_equal(totals.probes[STAGE_SYNTAX][OUTCOME_NOT_ATTEMPTED], 1);
	assert_int_equal(totals.probes_begun, 0);
	assert_int_equal(totals.targets_done, 0);
	assert_int_equal(metrics_value(metrics, 2, METRIC(targets_taken)), 7);
	metrics_free(metrics);
}

enum { THREADS = 4, ROUNDS = 100000 };

struct counting {
	struct metrics *metrics;
	unsigned block;
};

static void *count(void *context)
{
	const struct counting *counting = context;

	for (unsigned i = 0; i < ROUNDS; i++)
		metrics_add(counting->metrics, counting->block, METRIC(queries_sent), 1);
	return NULL;
}

static void test_threads(void **state)
{
	struct metrics *metrics = metrics_new(THREADS);
	struct counting countings[THREADS];
	pthread_t threads[THREADS];
	struct metrics_totals totals;

	(void)state;
	for (unsigned i = 0; i < THREADS; i++) {
		countings[i] = (struct counting){.metrics = metrics, .block = i};
		assert_int_equal(pthread_create(&threads[i], NULL, count, &countings[i]), 0);
	}
	metrics_read(metrics, &totals);
	assert_true(totals.queries_sent <= THREADS * ROUNDS);
	for (unsigned i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	metrics_read(metrics, &totals);
	assert_int_equal(totals.queries_sent, THREADS * ROUNDS);
	metrics_free(metrics);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_places_and_sums),
		cmocka_unit_test(test_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
