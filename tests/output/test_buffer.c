/* The buffer: what is appended stands there, a failure of memory sticks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "output/buffer.h"

enum { MANY = 100000 };

static void test_append(void **state)
{
	static const char expected[] = "one two\0three-9223372036854775808 0 9223372036854775807";
	struct buffer buffer = {0};

	(void)state;
	assert_int_equal(buffer_span(&buffer).len, 0);
	buffer_append_text(&buffer, "one ");
	buffer_append(&buffer, "two\0", 4);
	buffer_append_span(&buffer, span_text("three"));
	buffer_append_span(&buffer, (struct span){0});
	buffer_append_number(&buffer, INT64_MIN);
	buffer_append_byte(&buffer, ' ');
	buffer_append_number(&buffer, 0);
	buffer_append_byte(&buffer, ' ');
	buffer_append_number(&buffer, INT64_MAX);
	assert_true(span_equal(buffer_span(&buffer), span_of(expected, sizeof(expected) - 1)));
	buffer_cut(&buffer, 3);
	assert_true(span_equal(buffer_span(&buffer), span_text("one")));
	buffer_drop(&buffer, 0);
	buffer_drop(&buffer, 100);
	buffer_cut(&buffer, 100);
	assert_int_equal(buffer.len, 3);
	buffer_drop(&buffer, 2);
	assert_true(span_equal(buffer_span(&buffer), span_text("e")));
	buffer_reset(&buffer);
	assert_int_equal(buffer.len, 0);
	buffer_free(&buffer);
	assert_null(buffer.data);
}

static void test_grows(void **state)
{
	struct buffer buffer = {0};

	(void)state;
	for (int i = 0; i < MANY; i++)
		buffer_append_byte(&buffer, (uint8_t)(i % 251));
	assert_int_equal(buffer.len, MANY);
	for (int i = 0; i < MANY; i++)
		assert_int_equal(buffer.data[i], i % 251);
	buffer_free(&buffer);
}

static void test_failure_sticks(void **state)
{
	struct buffer buffer = {0};

	(void)state;
	buffer_append_text(&buffer, "kept");
	assert_null(buffer_reserve(&buffer, SIZE_MAX / 2 + 1));
	assert_true(buffer.failed);
	buffer_append_text(&buffer, "lost");
	assert_true(span_equal(buffer_span(&buffer), span_text("kept")));
	buffer_cut(&buffer, 4);
	assert_false(buffer.failed);
	buffer_append_text(&buffer, "!");
	assert_true(span_equal(buffer_span(&buffer), span_text("kept!")));
	buffer_free(&buffer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_append),
		cmocka_unit_test(test_grows),
		cmocka_unit_test(test_failure_sticks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
