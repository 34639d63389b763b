/* Bytes in, bytes out, in order, in pieces of any size. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "workers/outgoing.h"

static void test_empty(void **state)
{
	struct outgoing outgoing = {0};

	(void)state;
	assert_int_equal(outgoing_left(&outgoing).len, 0);
	assert_true(outgoing_add(&outgoing, (struct span){0}));
	assert_int_equal(outgoing_left(&outgoing).len, 0);
	outgoing_free(&outgoing);
}

static void test_order(void **state)
{
	enum { ROUNDS = 3000 };
	struct outgoing outgoing = {0};
	unsigned seed = 3;
	uint8_t in = 0, out = 0, piece[100];

	(void)state;
	for (unsigned i = 0; i < ROUNDS; i++) {
		size_t len = (size_t)rand_r(&seed) % sizeof(piece);

		for (size_t n = 0; n < len; n++)
			piece[n] = in++;
		assert_true(outgoing_add(&outgoing, span_of(piece, len)));
		struct span left = outgoing_left(&outgoing);
		size_t sent = i % 10 == 9 ? left.len : (size_t)rand_r(&seed) % (left.len + 1);

		for (size_t n = 0; n < sent; n++)
			assert_int_equal(left.data[n], out++);
		outgoing_sent(&outgoing, sent);
	}
	assert_int_equal(outgoing_left(&outgoing).len, 0);
	outgoing_free(&outgoing);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
