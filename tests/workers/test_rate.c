/*
 * The token bucket in virtual time: never more than the rate and its burst, and all of it when
 * asked steadily.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "workers/clock.h"
#include "workers/rate.h"

/* How many are let through in ten seconds by one who asks every `step_us` for all it can get. */
static int taken_in_ten_seconds(double per_second, int64_t step_us)
{
	struct rate rate;
	int taken = 0;

	rate_init(&rate, per_second, 0);
	for (int64_t now_us = 0; now_us < 10 * US_PER_S; now_us += step_us) {
		while (rate_take(&rate, now_us))
			taken++;
	}
	return taken;
}

static void test_rates(void **state)
{
	static const struct {
		double per_second;
		int64_t step_us;
	} rows[] = {{1, 1000},    {2.5, 4000},   {100, 4000},
		    {5000, 4000}, {5000, 19000}, {1000000, 100}};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		double wanted = rows[i].per_second * 10;
		double burst = rows[i].per_second * RATE_BURST_MS / MS_PER_S;
		int taken = taken_in_ten_seconds(rows[i].per_second, rows[i].step_us);

		assert_true(taken <= wanted + burst + 1);
		assert_true(taken >= wanted * 0.97 - 1);
	}
}

static void test_wait_is_what_it_takes(void **state)
{
	struct rate rate;

	(void)state;
	rate_init(&rate, 10, 0);
	assert_int_equal(rate_wait_us(&rate, 0), 0);
	assert_true(rate_take(&rate, 0));
	assert_false(rate_take(&rate, 0));
	int64_t wait_us = rate_wait_us(&rate, 0);

	assert_true(wait_us >= 100000 && wait_us <= 100002);
	assert_false(rate_take(&rate, wait_us - 2));
	assert_true(rate_take(&rate, wait_us));
}

static void test_a_pause_saves_no_more_than_the_burst(void **state)
{
	struct rate rate;
	int taken = 0;

	(void)state;
	rate_init(&rate, 1000, 0);
	while (rate_take(&rate, 3600 * (int64_t)US_PER_S))
		taken++;
	assert_int_equal(taken, 1000 * RATE_BURST_MS / MS_PER_S);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rates),
		cmocka_unit_test(test_wait_is_what_it_takes),
		cmocka_unit_test(test_a_pause_saves_no_more_than_the_burst),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
