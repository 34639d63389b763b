/* The first error stays, and is one line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include "output/error.h"

static void test_first_stays(void **state)
{
	struct output_error error = {0};
	char text[256];

	(void)state;
	assert_false(output_error_set_in(&error, ENOSPC, "write", "out", "domains-00001.csv"));
	assert_false(output_error_set(&error, EIO, "read", "other"));
	output_error_text(&error, text, sizeof(text));
	assert_string_equal(text, "cannot write out/domains-00001.csv: No space left on device");
	output_error_text(&error, text, 10);
	assert_string_equal(text, "cannot wr");
}

static void test_no_errno(void **state)
{
	struct output_error error = {0};

	(void)state;
	output_error_set(&error, 0, "write", "x");
	assert_int_equal(error.code, EIO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_first_stays),
		cmocka_unit_test(test_no_errno),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
