/* Names by their bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "steps/name_order.h"

static void test_order(void **state)
{
	static const char *const ordered[] = {"", "a", "a.example", "aa", "b"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(ordered); i++) {
		for (size_t j = 0; j < ARRAY_LENGTH(ordered); j++) {
			int order = name_order(span_text(ordered[i]), span_text(ordered[j]));

			assert_int_equal((order > 0) - (order < 0), (i > j) - (i < j));
		}
	}
}

static void test_sort(void **state)
{
	struct span items[] = {span_text("b"), span_text("c"), span_text("a")};
	struct span_list names = {.items = items, .count = ARRAY_LENGTH(items)};
	struct span_list none = {0};

	(void)state;
	name_order_sort(&names);
	assert_true(span_equal(items[0], span_text("a")));
	assert_true(span_equal(items[2], span_text("c")));
	name_order_sort(&none);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_order),
					   cmocka_unit_test(test_sort)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
