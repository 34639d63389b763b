/*
 * Lines: ends, byte order mark, NUL, the limit and what lies around it, whatever the size of the
 * reads.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "datasets/lines.h"
#include "tests/datasets/helper_files.h"

enum { LIMIT_BYTES = 8 };

struct expected_line {
	const char *text;
	size_t len;
	bool cut;
};

static void check_lines(struct span bytes, const struct expected_line *expected, size_t count)
{
	struct dataset_error error = {0};
	struct lines *lines = lines_over(source_over("memory", bytes, &error), LIMIT_BYTES, &error);
	struct line line;

	assert_non_null(lines);
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(lines_next(lines, &line, &error), SOURCE_DATA);
		assert_int_equal(line.number, i + 1);
		assert_int_equal(line.text.len, expected[i].len);
		assert_memory_equal(line.text.data, expected[i].text, expected[i].len);
		assert_int_equal(line.cut, expected[i].cut);
	}
	assert_int_equal(lines_next(lines, &line, &error), SOURCE_END);
	assert_int_equal(lines_next(lines, &line, &error), SOURCE_END);
	lines_free(lines);
}

static void test_ends(void **state)
{
	static const struct expected_line lines[] = {
		{"a", 1, false},        {"", 0, false},        {"b\rc", 3, false},
		{"d\r", 2, false},      {"\0e", 2, false},     {"12345678", 8, false},
		{"12345678", 8, false}, {"12345678", 8, true}, {"12345678", 8, true},
		{"", 0, false},         {"last", 4, false},
	};
	static const char text[] =
		"\xef\xbb\xbf"
		"a\r\n\nb\rc\nd\r\r\n\0e\n12345678\n12345678\r\n123456789\n12345678\r\r\n\r\nlast";

	(void)state;
	check_lines(span_of(text, sizeof(text) - 1), lines, ARRAY_LENGTH(lines));
	check_lines(span_text(""), NULL, 0);
	check_lines(span_text("\n"), &(struct expected_line){"", 0, false}, 1);
	check_lines(span_text("a\r"), &(struct expected_line){"a", 1, false}, 1);
	check_lines(span_text("\xef\xbb\xbf"), &(struct expected_line){"", 0, false}, 1);
	check_lines(span_text("\xef\xbb"), &(struct expected_line){"\xef\xbb", 2, false}, 1);
}

/* Lines of every length around the limit, among lines far over what one read takes. */
static void test_long_lines(void **state)
{
	static const size_t lengths[] = {0, 200000, 7, 8, 9, 10, 65536, 65544, 65545, 131072, 3};
	size_t total = 0;
	struct expected_line expected[ARRAY_LENGTH(lengths)];

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(lengths); i++)
		total += lengths[i] + 1;
	char *text = malloc(total), *at = text;

	assert_non_null(text);
	for (size_t i = 0; i < ARRAY_LENGTH(lengths); i++) {
		memset(at, 'x', lengths[i]);
		at += lengths[i];
		*at++ = '\n';
		bool cut = lengths[i] > LIMIT_BYTES;

		expected[i] =
			(struct expected_line){"xxxxxxxx", cut ? LIMIT_BYTES : lengths[i], cut};
	}
	check_lines(span_of(text, total), expected, ARRAY_LENGTH(lengths));
	free(text);
}

/* Half a line before a break may be half a name: "exampl" is another domain than "example.com". */
static void test_no_half_line_before_a_failure(void **state)
{
	struct span whole = files_gzip(span_text("one.example\ntwo.example\nthree.exam"));
	struct dataset_error error = {0};
	struct line line;
	/* The trailer is cut: all the text is there, yet nobody can know that it is. */
	char *path = files_write(*state, "cut.gz", span_first(whole, whole.len - 4));
	struct lines *lines = lines_over(source_open(path, -1, &error), 100, &error);

	assert_int_equal(lines_next(lines, &line, &error), SOURCE_DATA);
	assert_true(span_equal(line.text, span_text("one.example")));
	assert_int_equal(lines_next(lines, &line, &error), SOURCE_DATA);
	assert_true(span_equal(line.text, span_text("two.example")));
	assert_int_equal(lines_next(lines, &line, &error), SOURCE_FAILED);
	assert_non_null(strstr(error.text, "cut.gz: truncated gzip data"));
	assert_int_equal(lines_next(lines, &line, &error), SOURCE_END);
	lines_free(lines);
	free(path);
	free((void *)(uintptr_t)whole.data);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ends),
		cmocka_unit_test(test_long_lines),
		cmocka_unit_test_setup_teardown(test_no_half_line_before_a_failure, files_setup,
						files_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
