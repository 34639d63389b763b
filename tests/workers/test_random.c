/*
 * Random numbers: within their bounds, all of them reachable, evenly enough, not repeated from one
 * pool to the next.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "workers/random.h"

static void test_below(void **state)
{
	enum { FACES = 6, THROWS = 60000 };
	struct random_pool pool = {.left = 0};
	unsigned seen[FACES] = {0};

	(void)state;
	for (unsigned i = 0; i < THROWS; i++) {
		uint32_t face = random_below(&pool, FACES);

		assert_true(face < FACES);
		seen[face]++;
	}
	/* Ten standard deviations: fails by chance less often than the machine does. */
	for (unsigned i = 0; i < FACES; i++)
		assert_true(seen[i] > 10000 - 920 && seen[i] < 10000 + 920);
	assert_int_equal(random_below(&pool, 1), 0);
}

static void test_pools_differ(void **state)
{
	struct random_pool a = {.left = 0}, b = {.left = 0};
	uint8_t from_a[5000], from_b[5000];

	(void)state;
	random_bytes(&a, from_a, sizeof(from_a)); /* more than a pool holds */
	random_bytes(&b, from_b, sizeof(from_b));
	assert_memory_not_equal(from_a, from_b, sizeof(from_a));
	assert_memory_not_equal(from_a, from_a + 2500, 2500);
}

static void test_given_bytes_are_wiped(void **state)
{
	struct random_pool pool = {.left = 0};
	uint8_t out[64];
	static const uint8_t zeros[64];

	(void)state;
	random_bytes(&pool, out, sizeof(out));
	assert_memory_equal(pool.bytes + pool.left, zeros, sizeof(zeros));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_below),
		cmocka_unit_test(test_pools_differ),
		cmocka_unit_test(test_given_bytes_are_wiped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
