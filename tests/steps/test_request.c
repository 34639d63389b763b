/* The list of requests: filled in order, each place clean. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "steps/request.h"

static void test_add(void **state)
{
	struct requests out = {0};

	(void)state;
	memset(out.items, 0xff, sizeof(out.items));
	for (uint32_t i = 0; i < REQUESTS_MAX; i++) {
		struct request *request = requests_add(&out, REQUEST_DELAY, i);

		assert_ptr_equal(request, &out.items[i]);
		assert_int_equal(request->kind, REQUEST_DELAY);
		assert_int_equal(request->tag, i);
		assert_int_equal(request->delay_ms, 0);
		assert_null(request->probe.probe);
	}
	assert_int_equal(out.count, REQUESTS_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_add)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
