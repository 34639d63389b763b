/*
 * MX hosts against patterns: the match itself, the corpus, and what is said where nothing matches.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "judge/mx_match.h"
#include "tests/corpus.h"

enum { LIST_MAX = 3, ARENA_CAP_BYTES = 1 << 20 };

static struct span_list list_of(struct span items[LIST_MAX], const char *const *texts)
{
	struct span_list list = {.items = items};

	while (list.count < LIST_MAX && texts[list.count] != NULL) {
		items[list.count] = span_text(texts[list.count]);
		list.count++;
	}
	return list;
}

static void test_match(void **state)
{
	static const struct {
		const char *host, *pattern;
		bool match;
	} cases[] = {
		{"mail.example.com", "mail.example.com", true},
		{"Mail.Example.COM", "mail.example.com", true},
		{"mail.example.com.", "mail.example.com", true},
		{"mail.example.com", "*.example.com", true},
		{"example.com", "*.example.com", false},
		{"foo.bar.example.com", "*.example.com", false},
		{"mail.notexample.com", "*.example.com", false},
		{"mail.example.com", "example.com", false},
		{".example.com", "*.example.com", false},
		{"com", "*.com", false},
		{"a.com", "*.com", true},
		{"", "mail.example.com", false},
		{".", "*.", false},
		{"mail.example.com", "", false},
		{"x.mail.example.com", "x.*.example.com", false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		print_message("%s %s\n", cases[i].host, cases[i].pattern);
		assert_int_equal(mx_match(span_text(cases[i].host), span_text(cases[i].pattern)),
				 cases[i].match);
	}
}

static void test_mismatch(void **state)
{
	static const struct {
		const char *hosts[LIST_MAX], *patterns[LIST_MAX];
		enum mismatch mismatch;
	} cases[] = {
		{{"mail.example.com"}, {"mail.example.net"}, MISMATCH_TLD},
		{{"mail.example.co.uk"}, {"mail.example.com"}, MISMATCH_TLD},
		{{"mail.example.com"}, {"*.example.net"}, MISMATCH_TLD},
		{{"mx1.example.com"}, {"mx2.example.com"}, MISMATCH_TYPO},
		{{"mail.exmaple.com"}, {"*.example.com"}, MISMATCH_TYPO},
		{{"mail.example.com"}, {"mta-sts.example.com"}, MISMATCH_PARTIAL},
		{{"example.com"}, {"*.example.com"}, MISMATCH_PARTIAL},
		{{"a.b.example.com"}, {"*.example.com"}, MISMATCH_TYPO},
		{{"first.second.example.com"}, {"*.example.com"}, MISMATCH_PARTIAL},
		{{"mail.example.com"},
		 {"outlook-com.mail.protection.outlook.com"},
		 MISMATCH_COMPLETE},
		{{"mail.example.com", "mx.other.org"},
		 {"mail.example.net", "zzz.example.com"},
		 MISMATCH_TLD},
		{{NULL}, {"mail.example.com"}, MISMATCH_NULL},
		{{"mail.example.com"}, {NULL}, MISMATCH_NULL},
	};
	struct span hosts[LIST_MAX], patterns[LIST_MAX];

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		print_message("%zu\n", i);
		assert_int_equal(mx_mismatch(psl_builtin(), list_of(hosts, cases[i].hosts),
					     list_of(patterns, cases[i].patterns)),
				 cases[i].mismatch);
	}
}

static void test_notes(void **state)
{
#define N(code) (1u << MISMATCH_NOTE_##code)
	static const struct {
		const char *hosts[LIST_MAX], *patterns[LIST_MAX];
		unsigned notes;
	} cases[] = {
		{{"mail.example.com"}, {"mta-sts.example.com"}, N(LABEL_MTA_STS)},
		{{"mail.example.com"}, {"MTA-STS.mail.example.com"}, N(LABEL_MTA_STS)},
		{{"mail.example.com"}, {"my-mta-sts.example.com"}, 0},
		{{"aspmx.l.google.com", "alt1.aspmx.l.google.com"},
		 {"*.aspmx.l.google.com"},
		 N(WILDCARD_PARENT)},
		{{"a.b.example.com"}, {"*.example.com"}, N(WILDCARD_DEPTH)},
		{{"a.b.example.com"}, {"*.example.com", "a.b.example.com"}, 0},
		{{"mail.example.com"}, {"*.example.com", "mta-sts.example.com"}, 0},
		{{"mail.example.com"}, {"mail.example.net"}, 0},
	};
	struct span hosts[LIST_MAX], patterns[LIST_MAX];

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		print_message("%zu\n", i);
		assert_int_equal(mx_mismatch_notes(list_of(hosts, cases[i].hosts),
						   list_of(patterns, cases[i].patterns)),
				 cases[i].notes);
	}
}

/*
 * Names are A-labels (RFC 8461 3.2): a U-label pattern is no pattern, so its case is nobody's
 * business.
 */
static bool is_u_label_pattern(struct span_list patterns)
{
	return patterns.count == 1 && !span_is_ascii(patterns.items[0]);
}

static void check_vector(json_t *line, void *context)
{
	const json_t *input = json_object_get(line, "input");
	bool expected = json_is_true(json_object_get(json_object_get(line, "expected"), "valid"));
	struct span_list patterns;
	struct arena arena;

	arena_init(&arena, ARENA_CAP_BYTES);
	patterns = corpus_list(&arena, json_object_get(input, "patterns"));
	corpus_print(line);
	if (expected && is_u_label_pattern(patterns))
		++*(size_t *)context;
	else
		assert_int_equal(
			mx_match_any(corpus_text(json_object_get(input, "host")), patterns),
			expected);
	arena_free(&arena);
}

static void test_corpus(void **state)
{
	size_t differences = 0;

	(void)state;
	if (corpus_folder() == NULL)
		skip();
	assert_true(corpus_lines("vectors/mx-match.jsonl", check_vector, &differences) > 0);
	assert_int_equal(differences, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_match),
		cmocka_unit_test(test_mismatch),
		cmocka_unit_test(test_notes),
		cmocka_unit_test(test_corpus),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
