/* RFC 3339 texts: written, read back, and refused where they are none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "output/timestamp.h"

static void test_both_ways(void **state)
{
	static const struct {
		int64_t time_ms;
		const char *text;
	} cases[] = {
		{0, "1970-01-01T00:00:00.000Z"},
		{1, "1970-01-01T00:00:00.001Z"},
		{951782399999, "2000-02-28T23:59:59.999Z"},
		{951782400000, "2000-02-29T00:00:00.000Z"},
		{1795421730123, "2026-11-23T08:15:30.123Z"},
		{4102444800000, "2100-01-01T00:00:00.000Z"},
		{253402300799999, "9999-12-31T23:59:59.999Z"},
	};
	char text[TIMESTAMP_BYTES + 1];

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		timestamp_format(cases[i].time_ms, text);
		assert_string_equal(text, cases[i].text);
		assert_int_equal(timestamp_parse(span_text(text)), cases[i].time_ms);
	}
}

static void test_bounds(void **state)
{
	char text[TIMESTAMP_BYTES + 1];

	(void)state;
	timestamp_format(-1, text);
	assert_string_equal(text, "1970-01-01T00:00:00.000Z");
	timestamp_format(INT64_MAX, text);
	assert_string_equal(text, "9999-12-31T23:59:59.999Z");
}

static void test_refused(void **state)
{
	static const char *const texts[] = {
		"",
		"2026-11-23",
		"2026-11-23T08:15:30Z",
		"2026-11-23T08:15:30.1234",
		"2026-11-23T08:15:30.123z",
		"2026-11-23t08:15:30.123Z",
		"2026-11-23 08:15:30.123Z",
		"2026/11/23T08:15:30.123Z",
		"2026-13-23T08:15:30.123Z",
		"2026-00-23T08:15:30.123Z",
		"2026-02-29T08:15:30.123Z",
		"2026-11-23T24:15:30.123Z",
		"2026-11-23T08:60:30.123Z",
		"2026-11-23T08:15:60.123Z",
		"2026-11-23T08:15:30.12xZ",
		"20x6-11-23T08:15:30.123Z",
		"1969-12-31T23:59:59.999Z",
		"2026-11-23T08:15:30.123Z ",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(texts); i++)
		assert_int_equal(timestamp_parse(span_text(texts[i])), -1);
	assert_int_equal(timestamp_parse((struct span){0}), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_both_ways),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
