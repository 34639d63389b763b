/* TLSA: which records are usable for SMTP, and text both ways. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "facts/tlsa.h"
#include "tests/corpus.h"

#define HEX_32 "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"
#define HEX_64 HEX_32 HEX_32

static struct arena arena;

static int set_up(void **state)
{
	(void)state;
	arena_init(&arena, 1 << 20);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	arena_free(&arena);
	return 0;
}

static void test_text(void **state)
{
	static const struct {
		const char *text;
		bool valid;
		bool usable;
		const char *back; /* NULL: the text itself */
	} cases[] = {
		{"3 1 1 " HEX_32, true, true, NULL},
		{"2 0 1 " HEX_32, true, true, NULL},
		{"3 0 2 " HEX_64, true, true, NULL},
		{"2 1 0 3082", true, true, NULL},
		{" 3\t1  1 2D711642b726b04401627ca9fbac32f5 c8530fb1903cc4db02258717921a4881 ",
		 true, true, "3 1 1 " HEX_32},
		{"003 01 1 " HEX_32, true, true, "3 1 1 " HEX_32},
		{"3 1 1 2 d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881", true,
		 true, "3 1 1 " HEX_32},
		{"\\# 35 030101" HEX_32, true, true, "3 1 1 " HEX_32},
		{"\\# 3 030101", true, false, NULL},
		{"0 0 1 " HEX_32, true, false, NULL},
		{"1 1 1 " HEX_32, true, false, NULL},
		{"4 1 1 " HEX_32, true, false, NULL},
		{"255 1 1 " HEX_32, true, false, NULL},
		{"3 2 1 " HEX_32, true, false, NULL},
		{"3 1 2 " HEX_32, true, false, NULL},
		{"3 1 1 " HEX_64, true, false, NULL},
		{"3 1 3 " HEX_32, true, false, NULL},
		{"3 1 1 00", true, false, NULL},
		{"", false, false, NULL},
		{"3", false, false, NULL},
		{"3 1 1", false, false, NULL},
		{"3 1 1 ", false, false, NULL},
		{"3 1 1 0", false, false, NULL},
		{"3 1 1 0g", false, false, NULL},
		{"256 1 1 00", false, false, NULL},
		{"99999999999999999999 1 1 00", false, false, NULL},
		{"-3 1 1 00", false, false, NULL},
		{"3 1 x 00", false, false, NULL},
		{"3 1 1x 00", false, false, NULL},
		{"\\# 2 0301", false, false, NULL},
		{"\\# 4 030101", false, false, NULL},
		{"\\#35 030101", false, false, NULL},
		{"\\", false, false, NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct dns_tlsa record, again;
		const char *back = cases[i].back != NULL ? cases[i].back : cases[i].text;

		if (tlsa_from_text(&arena, span_text(cases[i].text), &record) != cases[i].valid)
			fail_msg("\"%s\" is %s", cases[i].text,
				 cases[i].valid ? "valid" : "malformed");
		if (!cases[i].valid)
			continue;
		struct span text = tlsa_to_text(&arena, &record);

		assert_int_equal(tlsa_is_usable(&record), cases[i].usable);
		if (!span_equal(text, span_text(back)))
			fail_msg("\"%s\" came back as \"%.*s\"", back, (int)text.len,
				 (const char *)text.data);
		assert_true(tlsa_from_text(&arena, text, &again));
		assert_true(span_equal(again.data, record.data));
	}
}

static void test_full_certificates_need_data(void **state)
{
	struct dns_tlsa record = {
		.usage = 3, .selector = 0, .matching_type = 0, .data = span_of("", 0)};

	(void)state;
	assert_false(tlsa_is_usable(&record));
	record.data = span_of("0", 1);
	assert_true(tlsa_is_usable(&record));
}

static void test_no_memory(void **state)
{
	struct dns_tlsa record = {.usage = 3, .data = span_text("data that takes room")};
	struct arena small;

	(void)state;
	arena_init(&small, 16);
	assert_true(span_is_null(tlsa_to_text(&small, &record)));
	assert_false(tlsa_from_text(&small, span_text("3 1 1 " HEX_32), &record));
	assert_true(small.exhausted);
	arena_free(&small);
}

static void check_vector(json_t *vector, void *context)
{
	const json_t *expected = json_object_get(vector, "expected");
	bool valid = json_is_true(json_object_get(expected, "valid"));
	bool usable = json_is_true(json_object_get(expected, "usable_for_smtp"));
	struct dns_tlsa record;

	(void)context;
	if (tlsa_from_text(&arena, corpus_text(json_object_get(vector, "input")), &record) ==
		    valid &&
	    (!valid || tlsa_is_usable(&record) == usable))
		return;
	corpus_print(vector);
	fail();
}

static void test_corpus(void **state)
{
	(void)state;
	if (corpus_folder() == NULL)
		skip();
	assert_true(corpus_lines("vectors/tlsa.jsonl", check_vector, NULL) >= 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_full_certificates_need_data),
		cmocka_unit_test(test_no_memory),
		cmocka_unit_test(test_corpus),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
