/* Bytes as text: what is valid, and what becomes of the rest. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "output/text.h"

#define BYTES(text) \
	{ \
		(const uint8_t *)(text), sizeof(text) - 1 \
	}

static void test_text(void **state)
{
	static const struct {
		struct span bytes;
		bool valid;
		const char *shown;
		const char *base64;
		const char *hex;
	} cases[] = {
		{BYTES(""), true, "", "", ""},
		{BYTES("a\\x00\"\n"), true, "a\\x00\"\n", "YVx4MDAiCg==", "615c783030220a"},
		{BYTES("\xc3\xa4"), true, "\xc3\xa4", "w6Q=", "c3a4"},
		{BYTES("a\0b"), false, "a\\x00b", "YQBi", "610062"},
		{BYTES("\xff\xc3\xa4\xc3"), false, "\\xff\xc3\xa4\\xc3", "/8Okww==", "ffc3a4c3"},
		{BYTES("\xed\xa0\x80!"), false, "\\xed\\xa0\\x80!", "7aCAIQ==", "eda08021"},
		{BYTES("\xf0\x9f\x98\x80\xfe"), false, "\xf0\x9f\x98\x80\\xfe",
		 "8J+YgP4=", "f09f9880fe"},
	};
	struct buffer buffer = {0};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		assert_int_equal(text_is_valid(cases[i].bytes), cases[i].valid);
		text_append_valid(&buffer, cases[i].bytes);
		assert_true(
			span_equal(span_of(cases[i].shown, strlen(cases[i].shown)),
				   span_of(buffer.data == NULL ? (const uint8_t *)"" : buffer.data,
					   buffer.len)));
		buffer_reset(&buffer);
		text_append_base64(&buffer, cases[i].bytes);
		assert_true(span_equal(span_text(cases[i].base64), buffer_span(&buffer)));
		buffer_reset(&buffer);
		text_append_hex(&buffer, cases[i].bytes);
		assert_true(span_equal(span_text(cases[i].hex), buffer_span(&buffer)));
		buffer_reset(&buffer);
	}
	buffer_free(&buffer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
