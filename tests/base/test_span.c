/* Spans: comparison without locale, trimming, UTF-8 by the letter of RFC 3629. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/span.h"

static void test_equality(void **state)
{
	static const struct {
		struct span a, b;
		bool equal, nocase;
	} cases[] = {
		{{(const uint8_t *)"abc", 3}, {(const uint8_t *)"abc", 3}, true, true},
		{{(const uint8_t *)"abc", 3}, {(const uint8_t *)"aBC", 3}, false, true},
		{{(const uint8_t *)"abc", 3}, {(const uint8_t *)"abcd", 4}, false, false},
		{{(const uint8_t *)"a\0c", 3}, {(const uint8_t *)"a\0d", 3}, false, false},
		{{(const uint8_t *)"@[`{", 4}, {(const uint8_t *)"`{@[", 4}, false, false},
		{{(const uint8_t *)"\xc4", 1}, {(const uint8_t *)"\xe4", 1}, false, false},
		{{(const uint8_t *)"", 0}, {(const uint8_t *)"x", 0}, true, true},
		{{NULL, 0}, {(const uint8_t *)"", 0}, false, false},
		{{NULL, 0}, {NULL, 0}, true, true},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		assert_int_equal(span_equal(cases[i].a, cases[i].b), cases[i].equal);
		assert_int_equal(span_equal_nocase(cases[i].a, cases[i].b), cases[i].nocase);
	}
}

static void test_prefix_and_suffix(void **state)
{
	struct span text = span_text("MX.example.Com");

	(void)state;
	assert_true(span_starts_with(text, span_text("MX.")));
	assert_false(span_starts_with(text, span_text("mx.")));
	assert_true(span_starts_with_nocase(text, span_text("mx.EX")));
	assert_false(span_starts_with_nocase(text, span_text("MX.example.Com.")));
	assert_true(span_ends_with_nocase(text, span_text(".COM")));
	assert_false(span_ends_with_nocase(text, span_text("xMX.example.Com")));
	assert_true(span_ends_with_nocase(text, span_text("")));
	assert_true(span_starts_with((struct span){0}, (struct span){0}));
	assert_int_equal(span_find(text, '.'), 2);
	assert_int_equal(span_find(text, '!'), text.len);
	assert_int_equal(span_find((struct span){0}, '!'), 0);
}

static void test_parts(void **state)
{
	struct span text = span_text("abc");

	(void)state;
	assert_true(span_equal(span_skip(text, 1), span_text("bc")));
	assert_int_equal(span_skip(text, 9).len, 0);
	assert_ptr_equal(span_skip(text, 9).data, text.data + 3);
	assert_true(span_equal(span_first(text, 2), span_text("ab")));
	assert_int_equal(span_first(text, 9).len, 3);
	assert_true(span_is_null(span_skip((struct span){0}, 2)));
	assert_true(span_is_null(span_text(NULL)));
	assert_true(span_equal(span_trim(span_text(" \t a b\t ")), span_text("a b")));
	assert_int_equal(span_trim(span_text(" \t")).len, 0);
	assert_false(span_is_null(span_trim(span_text(""))));
	/* Only WSP: a CR or a no-break space is somebody's mistake, and stays to be seen. */
	assert_true(span_equal(span_trim(span_text("\r a\n")), span_text("\r a\n")));
}

static void test_utf8(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
		bool valid;
	} cases[] = {
		{"", 0, true},
		{"plain\0text", 10, true},
		{"\x7f", 1, true},
		{"\xc2\x80\xdf\xbf", 4, true},
		{"\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf", 12, true},
		{"\xf0\x90\x80\x80\xf4\x8f\xbf\xbf", 8, true},
		{"\x80", 1, false},     /* a following byte alone */
		{"\xc0\xaf", 2, false}, /* overlong */
		{"\xc1\xbf", 2, false},
		{"\xe0\x9f\xbf", 3, false},
		{"\xf0\x8f\xbf\xbf", 4, false},
		{"\xed\xa0\x80", 3, false},     /* surrogate */
		{"\xf4\x90\x80\x80", 4, false}, /* beyond U+10FFFF */
		{"\xf5\x80\x80\x80", 4, false},
		{"\xc3", 1, false}, /* cut short */
		{"\xe2\x82", 2, false},
		{"\xf0\x9f\x98", 3, false},
		{"\xe2\x28\xa1", 3, false},
		{"\xf0\x9f\x98\x28", 4, false},
		{"\xff\xfe"
		 "a\0",
		 4, false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
		if (span_is_utf8(span_of(cases[i].bytes, cases[i].len)) != cases[i].valid)
			fail_msg("case %zu should be %s", i, cases[i].valid ? "valid" : "invalid");
	assert_true(span_is_utf8((struct span){0}));
	assert_true(span_is_ascii(span_of("a\0\x7f", 3)));
	assert_false(span_is_ascii(span_text("a\x80")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_equality),
		cmocka_unit_test(test_prefix_and_suffix),
		cmocka_unit_test(test_parts),
		cmocka_unit_test(test_utf8),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
