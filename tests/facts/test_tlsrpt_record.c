/*
 * The TLS-RPT TXT record: both readings by table, then the corpus, then what must hold for any
 * bytes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "facts/tlsrpt_record.h"
#include "tests/corpus.h"

enum { TXT_MAX = 3, ARENA_CAP_BYTES = 1 << 20 };

struct expectation {
	const char *txt[TXT_MAX];
	enum tlsrpt_record_error error;
	const char *rua; /* joined by blanks */
	bool lenient;
};

#define E(code) TLSRPT_RECORD_ERROR_##code
#define A "mailto:a@example.com"
#define B "https://b.example/v1"

static const struct expectation cases[] = {
	{{"v=TLSRPTv1; rua=" A ";"}, E(NULL), A, true},
	{{"v=TLSRPTv1 \t;rua=" A}, E(NULL), A, true},
	{{"v=TLSRPTv1;rua=" A " \t,\t " B}, E(NULL), A " " B, true},
	{{"v=TLSRPTv1;rua=" A ";rua=" B}, E(NULL), A " " B, true},
	{{"v=TLSRPTv1;RUA=x;rua=" A ";ext=yes"}, E(NULL), A, true},
	{{"v=TLSRPTv1;rua=MAILTO:a@example.com"}, E(NULL), "MAILTO:a@example.com", true},
	{{"v=TLSRPTv1;rua=" A "?subject=x"}, E(NULL), A "?subject=x", true},
	{{"v=TLSRPTv1;rua=ftp://c.example/," A}, E(NULL), "ftp://c.example/ " A, true},
	{{"v=spf1 -all", "v=TLSRPTv1;rua=" A}, E(NULL), A, true},
	{{"v=TLSRPTv1;rua=" A, "v=TLSRPTv1;rua=" B}, E(MULTIPLE), "", false},
	{{"v=TLSRPTv1 ;rua=" A, "v=spf1 -all"}, E(BAD_VERSION), A, true},
	{{"V=TLSRPTv1;rua=" A}, E(BAD_VERSION), "", false},
	{{"v= TLSRPTv1;rua=" A}, E(BAD_VERSION), "", false},
	{{"v=TLSRPTv2;rua=" A}, E(BAD_VERSION), "", false},
	{{"v=TLSRPTv1"}, E(MISSING_RUA), "", false},
	{{"v=TLSRPTv1;"}, E(MISSING_RUA), "", false},
	{{"v=TLSRPTv1;ruf=" A}, E(MISSING_RUA), "", false},
	{{"v=TLSRPTv1;rua="}, E(BAD_RUA), "", false},
	{{"v=TLSRPTv1;rua"}, E(BAD_RUA), "", false},
	{{"v=TLSRPTv1;rua=a@example.com"}, E(BAD_RUA), "", false},
	{{"v=TLSRPTv1;rua=a@example.com,ftp://c.example/"}, E(BAD_RUA), "", false},
	{{"v=TLSRPTv1;rua=a@example.com," A}, E(BAD_RUA), A, true},
	{{"v=TLSRPTv1;rua=" A ","}, E(BAD_RUA), A, true},
	{{"v=TLSRPTv1;rua=" A "!10m"}, E(BAD_RUA), A "!10m", true},
	{{"v=TLSRPTv1;rua=" A " "}, E(BAD_RUA), A, true},
	{{"v=TLSRPTv1;rua= " A}, E(BAD_RUA), A, true},
	{{"v=TLSRPTv1;rua =" A}, E(BAD_RUA), A, true},
	{{"v=TLSRPTv1;rua=" A "\n"}, E(BAD_RUA), "", false},
	{{"v=TLSRPTv1;rua=" A " " B}, E(BAD_RUA), "", false},
	{{"v=TLSRPTv1;rua=http://c.example/"}, E(BAD_SCHEME), "", false},
	{{"v=TLSRPTv1;rua=" A ";more="}, E(BAD_EXTENSION), A, true},
	{{"v=TLSRPTv1;rua=" A ";1%=a"}, E(BAD_EXTENSION), A, true},
	{{"v=TLSRPTv1;rua=" A ";malformed"}, E(BAD_EXTENSION), A, true},
	{{"v=TLSRPTv1;rua=" A ";;"}, E(BAD_SYNTAX), A, true},
	{{"v=TLSRPTv1 rua=" A}, E(BAD_SYNTAX), "", false},
	{{"v=TLSRPTv1;rua=mailto:\xc3\xa4@example.com"}, E(NOT_ASCII), "", false},
};

static const char *const absent[] = {"v=spf1 -all", ("rua=" A), "v=STSv1; id=a", ""};

static struct tlsrpt_record read_texts(struct arena *arena, const char *const *texts)
{
	struct span_list list = {0};

	for (size_t i = 0; i < TXT_MAX && texts[i] != NULL; i++)
		assert_true(arena_append(arena, &list, span_text(texts[i])));
	return tlsrpt_record_read(arena, list);
}

static struct span joined(struct arena *arena, struct span_list list)
{
	struct span text = span_text("");

	for (size_t i = 0; i < list.count; i++)
		text = arena_printf(arena, "%.*s%s%.*s", (int)text.len, (const char *)text.data,
				    i > 0 ? " " : "", (int)list.items[i].len,
				    (const char *)list.items[i].data);
	return text;
}

static void test_readings(void **state)
{
	struct arena arena;

	(void)state;
	arena_init(&arena, ARENA_CAP_BYTES);
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct tlsrpt_record record = read_texts(&arena, cases[i].txt);

		print_message("%s\n", cases[i].txt[0]);
		assert_true(record.present);
		assert_int_equal(record.error, cases[i].error);
		assert_int_equal(record.strict == VALIDITY_VALID, cases[i].error == E(NULL));
		assert_int_equal(record.lenient == VALIDITY_VALID, cases[i].lenient);
		assert_true(span_equal(joined(&arena, record.rua), span_text(cases[i].rua)));
		arena_reset(&arena);
	}
	arena_free(&arena);
}

static void test_absent(void **state)
{
	struct arena arena;

	(void)state;
	arena_init(&arena, ARENA_CAP_BYTES);
	for (size_t i = 0; i < ARRAY_LENGTH(absent); i++) {
		const char *const texts[TXT_MAX] = {absent[i]};
		struct tlsrpt_record record = read_texts(&arena, texts);

		assert_false(record.present);
		assert_int_equal(record.strict, VALIDITY_NULL);
		assert_int_equal(record.lenient, VALIDITY_NULL);
	}
	arena_free(&arena);
}

static void test_notes(void **state)
{
	static const char *const plain[TXT_MAX] = {"v=TLSRPTv1;rua=" A};
	static const char *const twice[TXT_MAX] = {"v=TLSRPTv1;rua=" A ";rua=" B};
	static const char *const other[TXT_MAX] = {"v=TLSRPTv1;rua=" A ",http://c.example/"};
	struct arena arena;

	(void)state;
	arena_init(&arena, ARENA_CAP_BYTES);
	assert_false(read_texts(&arena, plain).duplicate_rua);
	assert_false(read_texts(&arena, plain).other_scheme);
	assert_true(read_texts(&arena, twice).duplicate_rua);
	assert_true(read_texts(&arena, other).other_scheme);
	arena_free(&arena);
}

/* The verdict does not hang on memory for the list. */
static void test_arena_cap(void **state)
{
	static const char *const texts[] = {"v=TLSRPTv1;rua=" A, NULL};
	struct span txt = span_text(texts[0]);
	struct span_list list = {.items = &txt, .count = 1};
	struct tlsrpt_record record;
	struct arena arena;

	(void)state;
	arena_init(&arena, 0);
	record = tlsrpt_record_read(&arena, list);
	assert_int_equal(record.strict, VALIDITY_VALID);
	assert_int_equal(record.lenient, VALIDITY_VALID);
	assert_true(arena.exhausted);
	arena_free(&arena);
}

static void check_vector(json_t *line, void *context)
{
	struct arena arena;
	struct tlsrpt_record record;
	const json_t *expected = json_object_get(line, "expected");
	bool is_valid = json_is_true(json_object_get(expected, "valid"));

	(void)context;
	arena_init(&arena, ARENA_CAP_BYTES);
	corpus_print(line);
	record = tlsrpt_record_read(&arena, corpus_list(&arena, json_object_get(line, "input")));
	assert_int_equal(record.strict == VALIDITY_VALID, is_valid);
	if (is_valid) {
		struct span_list rua = corpus_list(&arena, json_object_get(expected, "rua"));

		assert_true(span_equal(joined(&arena, record.rua), joined(&arena, rua)));
	}
	arena_free(&arena);
}

static void test_corpus(void **state)
{
	(void)state;
	if (corpus_folder() == NULL)
		skip();
	assert_true(corpus_lines("vectors/tlsrpt-record.jsonl", check_vector, NULL) > 0);
	assert_true(corpus_lines("vectors/tlsrpt-record-set.jsonl", check_vector, NULL) > 0);
}

static void check_promises(struct arena *arena, struct span txt)
{
	struct span_list list = {.items = &txt, .count = 1};
	struct tlsrpt_record record = tlsrpt_record_read(arena, list);

	assert_int_equal(record.strict == VALIDITY_NULL, !record.present);
	assert_int_equal(record.lenient == VALIDITY_NULL, !record.present);
	assert_int_equal(record.error == E(NULL), record.strict != VALIDITY_INVALID);
	if (record.strict == VALIDITY_VALID) {
		struct span_list rua = record.rua;
		struct span again = span_text("v=TLSRPTv1");

		assert_int_equal(record.lenient, VALIDITY_VALID);
		for (size_t i = 0; i < rua.count; i++)
			again = arena_printf(arena, "%.*s;rua=%.*s", (int)again.len,
					     (const char *)again.data, (int)rua.items[i].len,
					     (const char *)rua.items[i].data);
		list.items = &again;
		record = tlsrpt_record_read(arena, list);
		assert_int_equal(record.strict, VALIDITY_VALID);
		assert_true(span_equal(joined(arena, record.rua), joined(arena, rua)));
	} else if (record.lenient == VALIDITY_VALID) {
		assert_true(record.rua.count > 0);
	} else {
		assert_int_equal(record.rua.count, 0);
	}
}

static void test_any_bytes(void **state)
{
	static const char *const pieces[] = {
		"v=TLSRPTv1", ";",    " ",  "rua", "=", "mailto:",  "https://", "a@b.example",
		",",          "%2c",  "!",  "[",   "]", ":",        "\xc3\xa4", "rua=mailto:x",
		"; ",         "ftp:", "//", "#",   "?", "rua=http",
	};
	struct arena arena;
	unsigned seed = 1;

	(void)state;
	arena_init(&arena, ARENA_CAP_BYTES);
	for (int round = 0; round < 20000; round++) {
		char text[256] = "";
		int count = rand_r(&seed) % 11;

		if (rand_r(&seed) % 4 != 0)
			strcat(text, "v=TLSRPTv1;rua=mailto:a@b");
		for (int i = 0; i < count; i++)
			strcat(text, pieces[(size_t)rand_r(&seed) % ARRAY_LENGTH(pieces)]);
		check_promises(&arena, span_text(text));
		arena_reset(&arena);
	}
	arena_free(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_readings), cmocka_unit_test(test_absent),
		cmocka_unit_test(test_notes),    cmocka_unit_test(test_arena_cap),
		cmocka_unit_test(test_corpus),   cmocka_unit_test(test_any_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
