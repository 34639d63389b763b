/* Columns: the shapes of real lists, headers and what only looks like one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "datasets/columns.h"

enum { LINE_BYTES = 256 };

static void test_first_lines(void **state)
{
	static const struct {
		const char *column, *line;
		enum columns_result result;
		int name, rank;
	} cases[] = {
		{NULL, "1,google.com", COLUMNS_TARGET, COLUMN_NONE, COLUMN_NONE},
		{NULL, "google.com", COLUMNS_TARGET, COLUMN_NONE, COLUMN_NONE},
		{NULL, "rank,domain", COLUMNS_HEADER, 1, 0},
		{NULL, "Rank,Domain", COLUMNS_HEADER, 1, 0},
		{NULL, "\"rank\",\"domain\"", COLUMNS_HEADER, 1, 0},
		{NULL, "GlobalRank,TldRank,Domain,TLD,RefSubNets,RefIPs,IDN_Domain", COLUMNS_HEADER,
		 2, 0},
		{NULL, ",domain", COLUMNS_HEADER, 1, COLUMN_NONE},
		{NULL, "domain", COLUMNS_HEADER, 0, COLUMN_NONE},
		{NULL, "site,visits", COLUMNS_HEADER, COLUMN_NONE, COLUMN_NONE},
		/*
		 * Dirty, yet targets: no heading has a dot, stands beside a number, or is just any
		 * word.
		 */
		{NULL, "localhost", COLUMNS_TARGET, COLUMN_NONE, COLUMN_NONE},
		{NULL, "1,localhost", COLUMNS_TARGET, COLUMN_NONE, COLUMN_NONE},
		{NULL, "1,domain", COLUMNS_TARGET, COLUMN_NONE, COLUMN_NONE},
		{NULL, "#rank,domain", COLUMNS_TARGET, COLUMN_NONE, COLUMN_NONE},
		{NULL, "a.example,word", COLUMNS_TARGET, COLUMN_NONE, COLUMN_NONE},
		{NULL, ",", COLUMNS_TARGET, COLUMN_NONE, COLUMN_NONE},
		{"2", "1,google.com,x", COLUMNS_TARGET, 1, 0},
		{"1", "google.com,17", COLUMNS_TARGET, 0, COLUMN_NONE},
		{"3", "x,y.example,z.example", COLUMNS_TARGET, 2, COLUMN_NONE},
		{"3", "site,rank,host", COLUMNS_HEADER, 2, 1},
		{"1", "localhost", COLUMNS_TARGET, 0, COLUMN_NONE},
		{"tld", "GlobalRank,Domain,TLD", COLUMNS_HEADER, 2, 0},
		{"url", "rank,domain", COLUMNS_MISSING, COLUMN_NONE, 0},
	};
	struct columns columns;
	struct row row;

	(void)state;
	assert_true(row_init(&row, LINE_BYTES));
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct span line = span_text(cases[i].line);

		assert_true(row_parse(&row, line));
		if (columns_find(&columns, cases[i].column, line, &row) != cases[i].result ||
		    columns.name != cases[i].name || columns.rank != cases[i].rank)
			fail_msg("%s: name %d, rank %d", cases[i].line, columns.name, columns.rank);
	}
	row_free(&row);
}

static void test_later_lines(void **state)
{
	const struct columns plain = {.name = COLUMN_NONE, .rank = COLUMN_NONE};
	const struct columns csv = {.csv = true, .name = COLUMN_NONE, .rank = COLUMN_NONE};
	const struct columns headed = {.csv = true, .name = 2, .rank = 0};
	/* A header that names the rank and not the domain. */
	const struct columns ranked = {.csv = true, .name = COLUMN_NONE, .rank = 0};
	const struct columns fixed = {.csv = true, .fixed = true, .name = 2, .rank = 0};
	const struct {
		const struct columns *columns;
		const char *line;
		int name, rank;
	} cases[] = {
		{&plain, "1,a.example", 1, 0},
		{&plain, "a.example,b.example", COLUMN_NONE, COLUMN_NONE},
		{&plain, "\"a.example\"", 0, COLUMN_NONE},
		{&csv, "1,a.example", 1, 0},
		{&csv, "1,a.example,more", 1, 0},
		{&csv, "a.example,b", 0, COLUMN_NONE},
		{&csv, "a.example", 0, COLUMN_NONE},
		{&headed, "1,x,a.example", 2, 0},
		{&headed, "a.example", 0, COLUMN_NONE},
		{&headed, "1,a.example", COLUMN_NONE, 0},
		{&ranked, "1,a.example", 1, 0},
		{&ranked, "a.example,x", 0, COLUMN_NONE},
		{&fixed, "a.example", 2, 0},
	};
	struct row row;

	(void)state;
	assert_true(row_init(&row, LINE_BYTES));
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		assert_true(row_parse(&row, span_text(cases[i].line)));
		struct columns of = columns_of(cases[i].columns, &row);

		if (of.name != cases[i].name || of.rank != cases[i].rank)
			fail_msg("%zu %s: name %d, rank %d", i, cases[i].line, of.name, of.rank);
	}
	row_free(&row);
}

static void test_numbers(void **state)
{
	(void)state;
	assert_int_equal(columns_rank(span_text("0")), 0);
	assert_int_equal(columns_rank(span_text("999999999999999999")), 999999999999999999);
	assert_int_equal(columns_rank(span_text("1000000000000000000")), -1);
	assert_int_equal(columns_rank(span_text("-1")), -1);
	assert_int_equal(columns_rank(span_text("")), -1);
	assert_int_equal(columns_rank(span_text("1e3")), -1);
	assert_true(columns_is_valid("1"));
	assert_true(columns_is_valid("domain"));
	assert_false(columns_is_valid("0"));
	assert_false(columns_is_valid("99999999"));
	assert_false(columns_is_valid(""));
	assert_true(columns_is_row(span_text("a,b")));
	assert_true(columns_is_row(span_text("\"a\"")));
	assert_false(columns_is_row(span_text("a\"b")));
	assert_false(columns_is_row(span_text("")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_first_lines),
		cmocka_unit_test(test_later_lines),
		cmocka_unit_test(test_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
