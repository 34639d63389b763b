/*
 * The MTA-STS TXT record: both readings by table, then the corpus, then what must hold for any
 * bytes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "facts/sts_record.h"
#include "tests/corpus.h"

enum { TXT_MAX = 3 };

struct expectation {
	const char *txt[TXT_MAX];
	enum sts_record_error error;
	const char *id; /* of a valid reading */
	bool lenient;
};

#define E(code) STS_RECORD_ERROR_##code
#define ID32 "abcdefghijklmnopqrstuvwxyz012345"

static const struct expectation valid[] = {
	{{"v=STSv1; id=20160831085700Z;"}, E(NULL), "20160831085700Z", true},
	{{"v=STSv1;id=a"}, E(NULL), "a", true},
	{{"v=STSv1 ;id=a"}, E(NULL), "a", true},
	{{"v=STSv1\t;\tid=a\t;\t"}, E(NULL), "a", true},
	{{"v=STSv1;x=y;id=A1;z_-.9=!~"}, E(NULL), "A1", true},
	{{"v=STSv1;id=" ID32}, E(NULL), ID32, true},
	{{"v=STSv1;id=a;v=STSv2"}, E(NULL), "a", true},
	{{"v=STSv1;ID=b;id=a"}, E(NULL), "a", true},
	{{"v=STSv1;id=a;id=b"}, E(NULL), "a", true},
	{{"v=STSv1;id=a;id=b c"}, E(NULL), "a", true},
	{{"v=STSv1;a1234567890123456789012345678901=1;id=a"}, E(NULL), "a", true},
	{{"v=spf1 -all", "v=STSv1;id=a", "v=STSv1 is none"}, E(NULL), "a", true},
	{{"v=STSv1 ;id=b", "v=STSv1;id=a"}, E(NULL), "a", true},
};

static const struct expectation invalid[] = {
	{{"v=STSv1;id=a", "v=STSv1;id=a"}, E(MULTIPLE), NULL, false},
	{{"v=STSv1;id=a", "v=STSv1;"}, E(MULTIPLE), NULL, false},
	{{"v=STSv1 ;id=a", "v=spf1 -all"}, E(BAD_VERSION), "a", true},
	{{"v=STSv1 ;id=a", "v=STSv1 ;id=b"}, E(BAD_VERSION), NULL, false},
	{{"v=STSv2;id=a"}, E(BAD_VERSION), NULL, false},
	{{"v=STSv10;id=a"}, E(BAD_VERSION), NULL, false},
	{{"V=STSv1;id=a"}, E(BAD_VERSION), NULL, false},
	{{"v=stsv1;id=a"}, E(BAD_VERSION), NULL, false},
	{{"v = STSv1;id=a"}, E(BAD_VERSION), NULL, false},
	{{" v=STSv1;id=a"}, E(BAD_VERSION), NULL, false},
	{{"v-STSv1 id=19840507T234501"}, E(BAD_VERSION), NULL, false},
	{{"\"v=STSv1; id=a\""}, E(BAD_VERSION), NULL, false},
	{{"v=STSv1"}, E(MISSING_ID), NULL, false},
	{{"v=STSv1;"}, E(MISSING_ID), NULL, false},
	{{"v=STSv1; "}, E(MISSING_ID), NULL, false},
	{{"v=STSv1;x=y"}, E(MISSING_ID), NULL, false},
	{{"v=STSv1;ID=a"}, E(MISSING_ID), NULL, false},
	{{"v=STSv1;id="}, E(BAD_ID), NULL, false},
	{{"v=STSv1;id"}, E(BAD_ID), NULL, false},
	{{"v=STSv1;id=test-123"}, E(BAD_ID), NULL, false},
	{{"v=STSv1;id=" ID32 "6"}, E(BAD_ID), NULL, false},
	{{"v=STSv1;id=test-123;id=b"}, E(BAD_ID), "b", true},
	{{"v=STSv1;id = a"}, E(BAD_ID), "a", true},
	{{"v=STSv1;id=a "}, E(BAD_ID), "a", true},
	{{"v=STSv1;id=a=b"}, E(BAD_ID), NULL, false},
	{{"v=STSv1;id=a;x"}, E(BAD_EXTENSION), "a", true},
	{{"v=STSv1;id=a;x="}, E(BAD_EXTENSION), "a", true},
	{{"v=STSv1;id=a;_x=y"}, E(BAD_EXTENSION), "a", true},
	{{"v=STSv1;id=a;test=="}, E(BAD_EXTENSION), "a", true},
	{{"v=STSv1;id=a;x=b c"}, E(BAD_EXTENSION), "a", true},
	{{"v=STSv1;a12345678901234567890123456789012=1;id=a"}, E(BAD_EXTENSION), "a", true},
	{{"v=STSv1;id=a;;;"}, E(BAD_SYNTAX), "a", true},
	{{"v=STSv1;;id=a"}, E(BAD_SYNTAX), "a", true},
	{{"v=STSv1 id=a"}, E(BAD_SYNTAX), NULL, false},
	{{"v=STSv1 is not a policy"}, E(BAD_SYNTAX), NULL, false},
	{{"v=STSv1;id=\xc3\xa4"}, E(NOT_ASCII), NULL, false},
	{{"v=STSv1;id=a;x=\xc3\xa4"}, E(NOT_ASCII), "a", true},
	{{"v=STSv1 \xe2\x80\x93 id=a"}, E(NOT_ASCII), NULL, false},
};

static const struct expectation absent[] = {
	{{NULL}, E(NULL), NULL, false},
	{{""}, E(NULL), NULL, false},
	{{"v=spf1 include:_spf.example.com ~all", "hello"}, E(NULL), NULL, false},
	{{"id=19840507T234501;"}, E(NULL), NULL, false},
	{{"v=TLSRPTv1; rua=mailto:a@example.com"}, E(NULL), NULL, false},
	{{"mailserv=stsomething"}, E(NULL), NULL, false},
};

static struct sts_record read_texts(const char *const *texts)
{
	struct span items[TXT_MAX];
	struct span_list list = {.items = items};

	while (list.count < TXT_MAX && texts[list.count] != NULL) {
		items[list.count] = span_text(texts[list.count]);
		list.count++;
	}
	return sts_record_read(list);
}

static void check(const struct expectation *expected, bool present)
{
	struct sts_record record = read_texts(expected->txt);
	enum validity strict = expected->error == E(NULL) ? VALIDITY_VALID : VALIDITY_INVALID;

	if (expected->txt[0] != NULL)
		print_message("%s\n", expected->txt[0]);
	assert_int_equal(record.present, present);
	assert_int_equal(record.error, expected->error);
	assert_int_equal(record.strict, present ? strict : VALIDITY_NULL);
	assert_int_equal(record.lenient, !present            ? VALIDITY_NULL
					 : expected->lenient ? VALIDITY_VALID
							     : VALIDITY_INVALID);
	assert_true(span_equal(record.id, span_text(expected->id)));
}

static void test_readings(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(valid); i++)
		check(&valid[i], true);
	for (size_t i = 0; i < ARRAY_LENGTH(invalid); i++)
		check(&invalid[i], true);
	for (size_t i = 0; i < ARRAY_LENGTH(absent); i++)
		check(&absent[i], false);
}

static void test_duplicate_id(void **state)
{
	static const char *const once[] = {"v=STSv1;id=a;x-id=b", NULL};
	static const char *const twice[] = {"v=STSv1;id=a;id=b", NULL};

	(void)state;
	assert_false(read_texts(once).duplicate_id);
	assert_true(read_texts(twice).duplicate_id);
}

static void check_vector(json_t *line, void *context)
{
	struct arena arena;
	struct sts_record record;
	const json_t *expected = json_object_get(line, "expected");
	bool is_valid = json_is_true(json_object_get(expected, "valid"));

	(void)context;
	arena_init(&arena, 1 << 20);
	corpus_print(line);
	record = sts_record_read(corpus_list(&arena, json_object_get(line, "input")));
	assert_int_equal(record.strict == VALIDITY_VALID, is_valid);
	if (is_valid)
		assert_true(span_equal(record.id, corpus_text(json_object_get(expected, "id"))));
	arena_free(&arena);
}

static void test_corpus(void **state)
{
	(void)state;
	if (corpus_folder() == NULL)
		skip();
	assert_true(corpus_lines("vectors/sts-record.jsonl", check_vector, NULL) > 0);
	assert_true(corpus_lines("vectors/sts-record-set.jsonl", check_vector, NULL) > 0);
}

/*
 * Any bytes give a result that keeps its own promises, and a valid record printed again reads the
 * same.
 */
static void check_promises(struct span txt)
{
	struct span_list list = {.items = &txt, .count = 1};
	struct sts_record record = sts_record_read(list);

	assert_int_equal(record.strict == VALIDITY_NULL, !record.present);
	assert_int_equal(record.lenient == VALIDITY_NULL, !record.present);
	assert_int_equal(record.error == E(NULL), record.strict != VALIDITY_INVALID);
	assert_int_equal(span_is_null(record.id),
			 record.strict != VALIDITY_VALID && record.lenient != VALIDITY_VALID);
	if (record.strict == VALIDITY_VALID)
		assert_int_equal(record.lenient, VALIDITY_VALID);
	if (!span_is_null(record.id)) {
		char text[128];
		struct span again;
		int len = snprintf(text, sizeof(text), "v=STSv1; id=%.*s;", (int)record.id.len,
				   (const char *)record.id.data);

		again = span_of(text, (size_t)len);
		list.items = &again;
		assert_true(span_equal(sts_record_read(list).id, record.id));
		assert_int_equal(sts_record_read(list).strict, VALIDITY_VALID);
	}
}

/* Pieces put together at random, from a fixed seed: nearer to real mistakes than random bytes. */
static void test_any_bytes(void **state)
{
	static const char *const pieces[] = {
		"v=STSv1", ";", " ", "id", "=", "a1", "v", "-", "x", "\t", "\xff", "id=abc", "; ",
	};
	unsigned seed = 1;

	(void)state;
	for (int round = 0; round < 20000; round++) {
		char text[128] = "";
		int count = rand_r(&seed) % 9;

		if (rand_r(&seed) % 2 == 0)
			strcat(text, "v=STSv1;");
		for (int i = 0; i < count; i++)
			strcat(text, pieces[(size_t)rand_r(&seed) % ARRAY_LENGTH(pieces)]);
		check_promises(span_text(text));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_readings),
		cmocka_unit_test(test_duplicate_id),
		cmocka_unit_test(test_corpus),
		cmocka_unit_test(test_any_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
