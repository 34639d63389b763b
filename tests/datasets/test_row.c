/*
 * Rows: what RFC 4180 says, and lines that do not keep to it; one parser for all of them, one after
 * the other.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "datasets/row.h"

enum { LINE_BYTES = 64, FIELDS_MOST = 4 };

static void test_rows(void **state)
{
	static const struct {
		const char *line;
		size_t count;
		const char *fields[FIELDS_MOST];
	} cases[] = {
		{"", 0, {NULL}},
		{"a", 1, {"a"}},
		{"1,example.com", 2, {"1", "example.com"}},
		{"a,", 2, {"a", ""}},
		{",", 2, {"", ""}},
		{" a , b\t", 2, {"a", "b"}},
		{"\"a,b\",\"c\"\"d\"", 2, {"a,b", "c\"d"}},
		{"\"never closed", 1, {"never closed"}},
		{"after,\"it\"", 2, {"after", "it"}},
		{"a\rb,c", 2, {"a\rb", "c"}},
		{"a\"b,c", 2, {"a\"b", "c"}},
		{"1,2,3,4", 4, {"1", "2", "3", "4"}},
	};
	struct row row;

	(void)state;
	assert_true(row_init(&row, LINE_BYTES));
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		assert_true(row_parse(&row, span_text(cases[i].line)));
		assert_int_equal(row.count, cases[i].count);
		for (size_t j = 0; j < row.count; j++)
			if (!span_equal(row.fields[j], span_text(cases[i].fields[j])))
				fail_msg("%s: field %zu", cases[i].line, j);
	}
	row_free(&row);
}

static void test_odd_bytes_and_many_fields(void **state)
{
	char commas[LINE_BYTES];
	struct row row;

	(void)state;
	assert_true(row_init(&row, LINE_BYTES));
	assert_true(row_parse(&row, span_of("a\0b,\xff", 5)));
	assert_int_equal(row.count, 2);
	assert_true(span_equal(row.fields[0], span_of("a\0b", 3)));
	memset(commas, ',', sizeof(commas));
	assert_true(row_parse(&row, span_of(commas, sizeof(commas))));
	assert_int_equal(row.count, LINE_BYTES + 1);
	assert_false(row_parse(&row, span_text("a line that is longer than the sixty-four bytes "
					       "that were announced")));
	assert_true(row_parse(&row, span_text("ready,again")));
	assert_int_equal(row.count, 2);
	row_free(&row);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_odd_bytes_and_many_fields),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
