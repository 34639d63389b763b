/*
 * The policy body: errors, notes and values of both readings by table, the corpus, and what must
 * hold for any bytes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <csv.h>

#include "facts/policy.h"
#include "tests/corpus.h"

enum { ARENA_CAP_BYTES = 4 << 20, OVER_LIMIT_S = 31557600 };

#define E(code) POLICY_SYNTAX_ERROR_##code
#define N(code) (1u << POLICY_NOTE_##code)
#define BODY(text) \
	{ \
		(const uint8_t *)(text), sizeof(text) - 1 \
	}
#define HEAD "version: STSv1\r\nmode: enforce\r\nmax_age: 86400\r\n"
#define GOOD HEAD "mx: a.example\r\n"

struct expectation {
	struct span body;
	enum policy_syntax_error error;
	bool lenient;
	unsigned notes; /* bits N() */
};

static const struct expectation cases[] = {
	{BODY(GOOD), E(NULL), true, 0},
	{BODY("version:STSv1\nmode:none\nmax_age:0"), E(NULL), true, N(LF_ONLY) | N(MAX_AGE_SHORT)},
	{BODY(HEAD "mx:\t *.a.example \t\r\n"), E(NULL), true, N(TRAILING_SPACE)},
	{BODY(HEAD "mx: A.Example\r\nx-1_.y: \xc3\xa4 b"), E(NULL), true, N(UNKNOWN_FIELD)},
	{BODY("x: y\r\n" GOOD), E(NULL), true, N(UNKNOWN_FIELD) | N(VERSION_NOT_FIRST)},
	{BODY(GOOD "mode: bogus\r\nversion: \x01\r\nmax_age:\r\n"), E(NULL), true,
	 N(DUPLICATE_FIELD)},
	{BODY("version: STSv1\r\nmode: none\nmax_age: 86400\r\n"), E(NULL), true, 0},

	{BODY(""), E(EMPTY), false, 0},
	{{NULL, 0}, E(EMPTY), false, 0},
	{BODY(HEAD "mx: \xe4.example\r\n"), E(NOT_UTF8), false, 0},
	{BODY("\xff\xfev\0e\0r\0s\0i\0o\0n\0"), E(NOT_UTF8), false, 0},
	{BODY("v\0e\0r\0s\0i\0o\0n\0:\0"), E(NOT_UTF8), false, 0},
	{BODY("\0v\0e\0r\0s\0i\0o\0n"), E(NOT_UTF8), false, 0},
	{BODY("\r\n"), E(NOT_A_POLICY), false, 0},
	{BODY("a\n"), E(NOT_A_POLICY), false, N(LF_ONLY)},
	{BODY("<!DOCTYPE html>\nmode: enforce\n"), E(NOT_A_POLICY), false, 0},
	{BODY(" {\"version\": \"STSv1\"}"), E(NOT_A_POLICY), false, 0},
	{BODY("Not found: mta-sts.txt\n"), E(NOT_A_POLICY), false, N(LF_ONLY)},
	{BODY("\xef\xbb\xbf" GOOD), E(BOM), true, N(BOM)},
	{BODY("\xef\xbb\xbf"), E(NOT_A_POLICY), false, N(BOM)},
	{BODY(GOOD "\r\n"), E(BAD_LINE), true, 0},
	{BODY(GOOD "  "), E(BAD_LINE), true, 0},
	{BODY(" version: STSv1\n\tmode: none\nmax_age: 86400\n"), E(BAD_LINE), true, N(LF_ONLY)},
	{BODY("---\r\n" GOOD), E(BAD_LINE), false, 0},
	{BODY(GOOD "# comment\r\n"), E(BAD_LINE), false, 0},
	{BODY(GOOD "# see: this\r\n"), E(BAD_LINE), false, 0},
	{BODY("mode : enforce\r\n" GOOD), E(BAD_LINE), false, N(VERSION_NOT_FIRST)},
	{BODY(GOOD "x: a\tb\r\n"), E(BAD_LINE), false, 0},
	{BODY(GOOD "x:\r\n"), E(BAD_LINE), false, 0},
	{BODY(GOOD "a12345678901234567890123456789012: b\r\n"), E(BAD_LINE), false, 0},
	{BODY(GOOD "a1234567890123456789012345678901: b\r\n"), E(NULL), true, N(UNKNOWN_FIELD)},
	{BODY("version: STSv1\rmode: none\rmax_age: 1\r"), E(BAD_LINE), false, 0},
	{BODY("version: STSv1\r\r\nmode: none\r\nmax_age: 1\r\n"), E(BAD_LINE), false,
	 N(MAX_AGE_SHORT)},
	{BODY("mode: none\r\nmax_age: 86400\r\n"), E(MISSING_VERSION), false, 0},
	{BODY("VERSION: STSv1\r\nmode: none\r\nmax_age: 86400\r\n"), E(MISSING_VERSION), false,
	 N(UNKNOWN_FIELD)},
	{BODY("version: stsv1\r\nmode: none\r\nmax_age: 86400\r\n"), E(BAD_VERSION), false, 0},
	{BODY("version: STSv10\r\nmode: none\r\nmax_age: 86400\r\n"), E(BAD_VERSION), false, 0},
	{BODY("version: STSv1 x\r\nmode: none\r\nmax_age: 86400\r\n"), E(BAD_VERSION), false, 0},
	{BODY("version: STSv1\r\nmax_age: 86400\r\nmx: a.example\r\n"), E(MISSING_MODE), false, 0},
	{BODY("version: STSv1\r\nmode: Enforce\r\nmax_age: 86400\r\nmx: a\r\n"), E(BAD_MODE), false,
	 0},
	{BODY("version: STSv1\r\nmode: x\r\nmode: none\r\nmax_age: 86400\r\n"), E(BAD_MODE), false,
	 N(DUPLICATE_FIELD)},
	{BODY("version: STSv1\r\nmode: none\r\n"), E(MISSING_MAX_AGE), false, 0},
	{BODY("version: STSv1\r\nmode: none\r\nmax_age: \r\n"), E(BAD_MAX_AGE), false, 0},
	{BODY("version: STSv1\r\nmode: none\r\nmax_age: -1\r\n"), E(BAD_MAX_AGE), false, 0},
	{BODY("version: STSv1\r\nmode: none\r\nmax_age: 604,800\r\n"), E(BAD_MAX_AGE), false, 0},
	{BODY("version: STSv1\r\nmode: none\r\nmax_age: 00000086400\r\n"), E(BAD_MAX_AGE), false,
	 0},
	{BODY("version: STSv1\r\nmode: none\r\nmax_age: 31557600\r\n"), E(NULL), true, 0},
	{BODY("version: STSv1\r\nmode: none\r\nmax_age: 31557601\r\n"), E(MAX_AGE_OVER_LIMIT), true,
	 N(MAX_AGE_OVER_LIMIT)},
	{BODY("version: STSv1\r\nmode: none\r\nmax_age: 9999999999\r\n"), E(MAX_AGE_OVER_LIMIT),
	 true, N(MAX_AGE_OVER_LIMIT)},
	{BODY(HEAD), E(MISSING_MX), false, 0},
	{BODY(HEAD "mx:\r\n"), E(BAD_MX), false, 0},
	{BODY(HEAD "mx: a.example.\r\n"), E(BAD_MX), false, 0},
	{BODY(HEAD "mx: a.example.\r\nmx: b.example\r\n"), E(BAD_MX), true, 0},
	{BODY("version: STSv1\r\nmode: none\r\nmax_age: 86400\r\nmx: .\r\n"), E(BAD_MX), true, 0},
};

static unsigned note_bits(const struct policy *policy)
{
	unsigned bits = 0;

	for (size_t i = 0; i < policy->notes_count; i++) {
		assert_false(bits & 1u << policy->notes[i]);
		bits |= 1u << policy->notes[i];
	}
	return bits;
}

static void test_readings(void **state)
{
	struct arena arena;

	(void)state;
	arena_init(&arena, ARENA_CAP_BYTES);
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct policy policy = policy_read(&arena, cases[i].body);

		print_message("%zu %.*s\n", i, (int)cases[i].body.len,
			      (const char *)cases[i].body.data);
		assert_int_equal(policy.error, cases[i].error);
		assert_int_equal(policy.strict,
				 cases[i].error == E(NULL) ? VALIDITY_VALID : VALIDITY_INVALID);
		assert_int_equal(policy.lenient,
				 cases[i].lenient ? VALIDITY_VALID : VALIDITY_INVALID);
		assert_int_equal(note_bits(&policy), cases[i].notes);
		arena_reset(&arena);
	}
	arena_free(&arena);
}

static void test_values(void **state)
{
	static const struct span body =
		BODY("version: STSv1\r\nmode: testing\r\nmode: none\r\nmax_age: 0000604800\r\n"
		     "mx: B.example\r\nmx: *.A.example\r\nmx: a@b.example\r\nmx: c.example.\r\n");
	struct policy policy;
	struct arena arena;

	(void)state;
	arena_init(&arena, ARENA_CAP_BYTES);
	policy = policy_read(&arena, body);
	assert_int_equal(policy.mode, POLICY_MODE_TESTING);
	assert_int_equal(policy.max_age_s, 604800);
	assert_int_equal(policy.mx.count, 2);
	assert_true(span_equal(policy.mx.items[0], span_text("b.example")));
	assert_true(span_equal(policy.mx.items[1], span_text("*.a.example")));
	assert_int_equal(policy.mx_fault, POLICY_MX_FAULT_EMAIL_ADDRESS);
	assert_true(span_equal(policy.mx_fault_value, span_text("a@b.example")));
	policy = policy_read(&arena, span_text("max_age: 31557601"));
	assert_int_equal(policy.max_age_s, OVER_LIMIT_S);
	policy = policy_read(&arena, span_text("mode: none"));
	assert_int_equal(policy.max_age_s, -1);
	arena_free(&arena);
}

static void test_notes_once(void **state)
{
	struct policy policy = {0};

	(void)state;
	policy_add_note(&policy, POLICY_NOTE_CONTENT_TYPE);
	policy_add_note(&policy, POLICY_NOTE_BOM);
	policy_add_note(&policy, POLICY_NOTE_CONTENT_TYPE);
	assert_int_equal(policy.notes_count, 2);
	assert_int_equal(policy.notes[1], POLICY_NOTE_BOM);
}

static void check_mx(struct arena *arena, const struct policy *policy, const json_t *expected)
{
	struct span_list mx = corpus_list(arena, expected);

	assert_int_equal(policy->mx.count, mx.count);
	for (size_t i = 0; i < mx.count; i++)
		assert_true(span_equal_nocase(policy->mx.items[i], mx.items[i]));
}

/* RFC 5321's Domain lets a dotted quad pass; MEASURES 4 and docs/CONFORMANCE.md do not. */
static bool differs_on_purpose(const struct policy *policy)
{
	return policy->error == E(BAD_MX) && policy->mx_fault == POLICY_MX_FAULT_IP_ADDRESS;
}

static void check_vector(json_t *line, void *context)
{
	struct arena arena;
	struct policy policy;
	const json_t *expected = json_object_get(line, "expected");
	bool is_valid = json_is_true(json_object_get(expected, "valid"));
	const char *mode = json_string_value(json_object_get(expected, "mode"));

	arena_init(&arena, ARENA_CAP_BYTES);
	policy = policy_read(&arena, corpus_text(json_object_get(line, "input")));
	corpus_print(line);
	if (differs_on_purpose(&policy)) {
		++*(size_t *)context;
	} else {
		assert_int_equal(policy.strict == VALIDITY_VALID, is_valid);
	}
	if (is_valid && policy.strict == VALIDITY_VALID) {
		assert_int_equal(policy.mode, strcmp(mode, "enforce") == 0   ? POLICY_MODE_ENFORCE
					      : strcmp(mode, "testing") == 0 ? POLICY_MODE_TESTING
									     : POLICY_MODE_NONE);
		assert_int_equal(policy.max_age_s,
				 json_integer_value(json_object_get(expected, "max_age")));
		check_mx(&arena, &policy, json_object_get(expected, "mx"));
	}
	arena_free(&arena);
}

static void test_corpus_vectors(void **state)
{
	size_t differences = 0;

	(void)state;
	if (corpus_folder() == NULL)
		skip();
	assert_true(corpus_lines("vectors/sts-policy.jsonl", check_vector, &differences) > 0);
	assert_int_equal(differences, 1);
}

/* expected.csv of the real policies, its columns by place. */
enum {
	COLUMN_FILE,
	COLUMN_VALID,
	COLUMN_MODE,
	COLUMN_MAX_AGE,
	COLUMN_MX,
	COLUMN_REASON,
	COLUMN_TOLERANT,
	COLUMN_CLASS,
	COLUMNS_COUNT
};

struct policies {
	struct arena arena;
	char columns[COLUMNS_COUNT][1024];
	int column;
	size_t rows;
};

static void take_field(void *bytes, size_t len, void *context)
{
	struct policies *policies = context;

	if (policies->column < COLUMNS_COUNT)
		(void)snprintf(policies->columns[policies->column], sizeof(policies->columns[0]),
			       "%.*s", (int)len, (const char *)bytes);
	policies->column++;
}

static struct span modes_text(enum policy_mode mode)
{
	static const char *const texts[] = {
		[POLICY_MODE_NULL] = "",
		[POLICY_MODE_ENFORCE] = "enforce",
		[POLICY_MODE_TESTING] = "testing",
		[POLICY_MODE_NONE] = "none",
	};

	return span_text(texts[mode]);
}

static void check_row(struct policies *policies)
{
	char(*columns)[1024] = policies->columns;
	struct arena *arena = &policies->arena;
	struct span path = arena_printf(arena, "policies/%s", columns[COLUMN_FILE]);
	struct policy policy = policy_read(arena, corpus_file(arena, (const char *)path.data));
	struct span mx = span_text("");

	print_message("%s %s\n", columns[COLUMN_FILE], columns[COLUMN_CLASS]);
	assert_int_equal(policy.strict == VALIDITY_VALID,
			 strcmp(columns[COLUMN_VALID], "yes") == 0);
	/*
	 * One bad mx among good ones: the corpus is not sure, the lenient reading lets the good
	 * ones stand.
	 */
	if (strcmp(columns[COLUMN_CLASS], "bad-mx") == 0)
		assert_int_equal(policy.lenient, VALIDITY_VALID);
	else
		assert_int_equal(policy.lenient == VALIDITY_VALID,
				 strcmp(columns[COLUMN_TOLERANT], "yes") == 0);
	for (size_t i = 0; i < policy.mx.count; i++)
		mx = arena_printf(arena, "%.*s%s%.*s", (int)mx.len, (const char *)mx.data,
				  i > 0 ? ";" : "", (int)policy.mx.items[i].len,
				  (const char *)policy.mx.items[i].data);
	assert_true(span_equal_nocase(mx, span_text(columns[COLUMN_MX])));
	assert_true(span_equal(modes_text(policy.mode), span_text(columns[COLUMN_MODE])));
	if (columns[COLUMN_MAX_AGE][0] == '\0')
		assert_int_equal(policy.max_age_s, -1);
	else
		assert_int_equal(policy.max_age_s, atoll(columns[COLUMN_MAX_AGE]));
	arena_reset(arena);
}

static void end_row(int terminator, void *context)
{
	struct policies *policies = context;

	(void)terminator;
	if (policies->rows++ > 0)
		check_row(policies);
	policies->column = 0;
}

static void test_corpus_policies(void **state)
{
	static struct policies policies;
	struct csv_parser parser;
	struct arena arena;
	struct span text;

	(void)state;
	if (corpus_folder() == NULL)
		skip();
	arena_init(&arena, ARENA_CAP_BYTES);
	arena_init(&policies.arena, ARENA_CAP_BYTES);
	text = corpus_file(&arena, "policies/expected.csv");
	assert_int_equal(csv_init(&parser, 0), 0);
	assert_int_equal(csv_parse(&parser, text.data, text.len, take_field, end_row, &policies),
			 text.len);
	assert_int_equal(csv_fini(&parser, take_field, end_row, &policies), 0);
	assert_true(policies.rows > 200);
	csv_free(&parser);
	arena_free(&policies.arena);
	arena_free(&arena);
}

static struct span print_policy(struct arena *arena, const struct policy *policy)
{
	struct span mode = modes_text(policy->mode);
	struct span text =
		arena_printf(arena, "version: STSv1\r\nmode: %.*s\r\nmax_age: %lld\r\n",
			     (int)mode.len, (const char *)mode.data, (long long)policy->max_age_s);

	for (size_t i = 0; i < policy->mx.count; i++)
		text = arena_printf(arena, "%.*smx: %.*s\r\n", (int)text.len,
				    (const char *)text.data, (int)policy->mx.items[i].len,
				    (const char *)policy->mx.items[i].data);
	return text;
}

/*
 * Whatever the bytes; and a policy that is valid in some reading, printed again, is strictly valid
 * and the same.
 */
static void check_promises(struct arena *arena, struct span body)
{
	struct policy policy = policy_read(arena, body);
	struct policy again;

	assert_int_equal(policy.error == E(NULL), policy.strict == VALIDITY_VALID);
	if (policy.strict == VALIDITY_VALID)
		assert_int_equal(policy.lenient, VALIDITY_VALID);
	if (policy.lenient != VALIDITY_VALID)
		return;
	again = policy_read(arena, print_policy(arena, &policy));
	assert_int_equal(again.strict, VALIDITY_VALID);
	assert_int_equal(again.mode, policy.mode);
	assert_int_equal(again.max_age_s, policy.max_age_s);
	assert_int_equal(again.mx.count, policy.mx.count);
	for (size_t i = 0; i < again.mx.count; i++)
		assert_true(span_equal(again.mx.items[i], policy.mx.items[i]));
}

static void test_any_bytes(void **state)
{
	static const char *const pieces[] = {
		"version: STSv1",
		"mode: enforce",
		"mode: none",
		"max_age: 86400",
		"mx: a.example",
		"mx: *.b.example",
		"\r\n",
		"\n",
		"\r\n",
		"\r\n",
		" ",
		"x: y",
		"\xef\xbb\xbf",
		"\r",
		"mx: .",
		"max_age: 99999999",
		"\t",
		":",
		"\xff",
		"mode",
	};
	struct arena arena;
	unsigned seed = 1;

	(void)state;
	arena_init(&arena, ARENA_CAP_BYTES);
	for (int round = 0; round < 20000; round++) {
		char text[512] = "";
		int count = rand_r(&seed) % 12;

		if (rand_r(&seed) % 2 == 0)
			strcat(text, GOOD);
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
		cmocka_unit_test(test_readings),        cmocka_unit_test(test_values),
		cmocka_unit_test(test_notes_once),      cmocka_unit_test(test_corpus_vectors),
		cmocka_unit_test(test_corpus_policies), cmocka_unit_test(test_any_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
