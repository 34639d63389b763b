/* The cursor: never past the end, and once failed for ever failed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cursor.h"

static bool is_digit(uint8_t byte)
{
	return byte >= '0' && byte <= '9';
}

static void test_numbers(void **state)
{
	static const uint8_t bytes[] = {0x01, 0xff, 0xfe, 0x80, 0x00, 0x00, 0x01, 0x07};
	struct cursor cursor = cursor_over(span_of(bytes, sizeof(bytes)));

	(void)state;
	assert_int_equal(cursor_u8(&cursor), 1);
	assert_int_equal(cursor_u16(&cursor), 0xfffe);
	assert_true(cursor_u32(&cursor) == 0x80000001);
	assert_int_equal(cursor_left(&cursor), 1);
	assert_false(cursor.failed);
	assert_int_equal(cursor_u16(&cursor), 0);
	assert_true(cursor.failed);
	/* The byte that is left may not be had any more: whatever follows a short read is
	 * worthless. */
	assert_int_equal(cursor_u8(&cursor), 0);
	assert_int_equal(cursor_peek(&cursor), -1);
	assert_true(cursor_at_end(&cursor));
	assert_int_equal(cursor_rest(&cursor).len, 0);
}

static void test_bytes_and_seek(void **state)
{
	struct cursor cursor = cursor_over(span_text("0123456789"));

	(void)state;
	assert_true(span_equal(cursor_bytes(&cursor, 3), span_text("012")));
	assert_int_equal(cursor_bytes(&cursor, 0).len, 0);
	cursor_seek(&cursor, 8);
	assert_true(span_equal(cursor_rest(&cursor), span_text("89")));
	cursor_seek(&cursor, 10);
	assert_false(cursor.failed);
	assert_true(cursor_at_end(&cursor));
	cursor_seek(&cursor, 11);
	assert_true(cursor.failed);
	cursor_seek(&cursor, 0);
	assert_int_equal(cursor_bytes(&cursor, 1).len, 0);

	cursor = cursor_over(span_text("abc"));
	assert_int_equal(cursor_bytes(&cursor, SIZE_MAX).len, 0);
	assert_true(cursor.failed);

	cursor = cursor_over((struct span){0});
	assert_true(cursor_at_end(&cursor));
	assert_int_equal(cursor_bytes(&cursor, 0).len, 0);
	assert_false(cursor.failed);
	assert_int_equal(cursor_u32(&cursor), 0);
	assert_true(cursor.failed);
}

static void test_text(void **state)
{
	struct cursor cursor = cursor_over(span_text("123-\xff"));

	(void)state;
	assert_true(span_equal(cursor_while(&cursor, is_digit), span_text("123")));
	assert_int_equal(cursor_while(&cursor, is_digit).len, 0);
	assert_false(cursor_accept(&cursor, '+'));
	assert_true(cursor_accept(&cursor, '-'));
	assert_int_equal(cursor_peek(&cursor), 0xff);
	assert_true(cursor_accept(&cursor, 0xff));
	assert_false(cursor_accept(&cursor, 0xff));
	assert_int_equal(cursor_while(&cursor, is_digit).len, 0);
	assert_false(cursor.failed);
}

static void test_lines(void **state)
{
	static const char *const lines[] = {"one", "", "two\r", "th\rree", "", "four"};
	struct cursor cursor = cursor_over(span_text("one\r\n\ntwo\r\r\nth\rree\n\r\nfour"));

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(lines); i++)
		assert_true(span_equal(cursor_line(&cursor), span_text(lines[i])));
	assert_true(cursor_at_end(&cursor));
	assert_int_equal(cursor_line(&cursor).len, 0);
	assert_false(cursor.failed);
	/* A CR that ends the bytes ends no line: its LF has not come. */
	cursor = cursor_over(span_text("a\r"));
	assert_true(span_equal(cursor_line(&cursor), span_text("a\r")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_bytes_and_seek),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
