/*
 * Names: what people write in lists, IDNA, host names by the letter, escapes, and the Public Suffix
 * List.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cursor.h"
#include "facts/name.h"
#include "tests/corpus.h"

#define LABEL_63 "123456789012345678901234567890123456789012345678901234567890123"
#define NAME_253 \
	LABEL_63 "." LABEL_63 "." LABEL_63 \
		 ".1234567890123456789012345678901234567890123456789012345678901"

static struct arena arena;

static int set_up(void **state)
{
	(void)state;
	arena_init(&arena, 64 << 20);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	arena_free(&arena);
	return 0;
}

static void assert_span(struct span span, const char *text)
{
	if (!span_equal(span, span_text(text)))
		fail_msg("\"%.*s\" instead of \"%s\"", (int)span.len, (const char *)span.data,
			 text);
}

static void test_input(void **state)
{
	static const struct {
		const char *input;
		const char *name; /* NULL: the fault */
		enum name_fault fault;
	} cases[] = {
		{"example.com", "example.com", NAME_FAULT_NULL},
		{" Example.COM.\t", "example.com", NAME_FAULT_NULL},
		{"_dmarc.example.com", "_dmarc.example.com", NAME_FAULT_NULL},
		{"a_b.example.com", "a_b.example.com", NAME_FAULT_NULL},
		{"xn--bcher-kva.example", "xn--bcher-kva.example", NAME_FAULT_NULL},
		{"b\xc3\xbc"
		 "cher.example",
		 "xn--bcher-kva.example", NAME_FAULT_NULL},
		{"B\xc3\x9c"
		 "CHER.Example.",
		 "xn--bcher-kva.example", NAME_FAULT_NULL},
		{"bu\xcc\x88"
		 "cher.example",
		 "xn--bcher-kva.example", NAME_FAULT_NULL},
		/* Non-transitional: the sharp s and the final sigma stay themselves. */
		{"stra\xc3\x9f"
		 "e.de",
		 "xn--strae-oqa.de", NAME_FAULT_NULL},
		{"\xce\xb2\xcf\x8c\xce\xbb\xce\xbf\xcf\x82.gr", "xn--nxasmm1c.gr", NAME_FAULT_NULL},
		{"\xe4\xbe\x8b\xe3\x81\x88\xe3\x80\x82\xe3\x83\x86\xe3\x82\xb9\xe3\x83\x88",
		 "xn--r8jz45g.xn--zckzah", NAME_FAULT_NULL},
		{"_x.b\xc3\xbc"
		 "cher.example",
		 "_x.xn--bcher-kva.example", NAME_FAULT_NULL},
		{"1.2.3", "1.2.3", NAME_FAULT_NULL},
		{NAME_253, NAME_253, NAME_FAULT_NULL},
		{NAME_253 ".", NAME_253, NAME_FAULT_NULL},
		{LABEL_63 ".com", LABEL_63 ".com", NAME_FAULT_NULL},
		{"", NULL, NAME_FAULT_EMPTY},
		{" \t", NULL, NAME_FAULT_EMPTY},
		{".", NULL, NAME_FAULT_EMPTY},
		{NAME_253 "2", NULL, NAME_FAULT_TOO_LONG},
		{"a..com", NULL, NAME_FAULT_LABEL_EMPTY},
		{".com", NULL, NAME_FAULT_LABEL_EMPTY},
		{"example.com..", NULL, NAME_FAULT_LABEL_EMPTY},
		{"..", NULL, NAME_FAULT_LABEL_EMPTY},
		{LABEL_63 "4.com", NULL, NAME_FAULT_LABEL_TOO_LONG},
		{"ex ample.com", NULL, NAME_FAULT_BAD_CHARACTER},
		{"http://example.com/", NULL, NAME_FAULT_BAD_CHARACTER},
		{"user@example.com", NULL, NAME_FAULT_BAD_CHARACTER},
		{"*.example.com", NULL, NAME_FAULT_BAD_CHARACTER},
		{"a\\.b.com", NULL, NAME_FAULT_BAD_CHARACTER},
		{"example.com\r", NULL, NAME_FAULT_BAD_CHARACTER},
		{"b\xfc"
		 "cher.example",
		 NULL, NAME_FAULT_BAD_CHARACTER},
		{"-a.com", NULL, NAME_FAULT_BAD_HYPHEN},
		{"a-.com", NULL, NAME_FAULT_BAD_HYPHEN},
		{"192.0.2.1", NULL, NAME_FAULT_ADDRESS},
		{"192.0.2.1.", NULL, NAME_FAULT_ADDRESS},
		{"2001:db8::1", NULL, NAME_FAULT_ADDRESS},
		{"\xe2\x98\x83\xef\xb8\x8f\xf3\xa0\x80\x81.com", NULL, NAME_FAULT_BAD_IDNA},
		{"\xcc\x88.com", NULL, NAME_FAULT_BAD_IDNA},
		{"localhost", NULL, NAME_FAULT_SINGLE_LABEL},
		{"com.", NULL, NAME_FAULT_SINGLE_LABEL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct span name;
		enum name_fault fault = name_from_input(&arena, span_text(cases[i].input), &name);

		if (fault != cases[i].fault || !span_equal(name, span_text(cases[i].name)))
			fail_msg("%s: fault %d, \"%.*s\"", cases[i].input, fault, (int)name.len,
				 (const char *)name.data);
	}
}

static void test_input_of_any_length_and_bytes(void **state)
{
	static uint8_t bytes[100000];
	struct span name;

	(void)state;
	assert_int_equal(name_from_input(&arena, (struct span){0}, &name), NAME_FAULT_EMPTY);
	assert_int_equal(name_from_input(&arena, span_of("a\0b.com", 7), &name),
			 NAME_FAULT_BAD_CHARACTER);
	assert_int_equal(name_from_input(&arena, span_of("\xc3\xbc\0b.com", 8), &name),
			 NAME_FAULT_BAD_CHARACTER);
	memset(bytes, 'a', sizeof(bytes));
	assert_int_equal(name_from_input(&arena, span_of(bytes, sizeof(bytes)), &name),
			 NAME_FAULT_TOO_LONG);
	/* Few letters, many bytes: four a letter is the most that a name could have been. */
	for (size_t i = 0; i < 1000; i++)
		bytes[i] = i % 2 == 0 ? 0xc3 : 0xbc;
	enum name_fault fault = name_from_input(&arena, span_of(bytes, 1000), &name);

	assert_true(fault == NAME_FAULT_LABEL_TOO_LONG || fault == NAME_FAULT_TOO_LONG);
}

static void test_hosts(void **state)
{
	static const struct {
		const char *name;
		enum name_fault fault;
	} cases[] = {
		{"mx.example.com", NAME_FAULT_NULL},
		{"localhost", NAME_FAULT_NULL},
		{"3com.com", NAME_FAULT_NULL},
		{"xn--bcher-kva.example", NAME_FAULT_NULL},
		{"a_b.example.com", NAME_FAULT_BAD_CHARACTER},
		{"b\xc3\xbc"
		 "cher.example",
		 NAME_FAULT_BAD_CHARACTER},
		{"mx.example.com.", NAME_FAULT_LABEL_EMPTY},
		{".", NAME_FAULT_LABEL_EMPTY},
		{"", NAME_FAULT_EMPTY},
		{"192.0.2.1", NAME_FAULT_ADDRESS},
		{"we\\.ird.com", NAME_FAULT_BAD_CHARACTER},
		{"-a.com", NAME_FAULT_BAD_HYPHEN},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
		if (name_check_host(span_text(cases[i].name)) != cases[i].fault)
			fail_msg("%s", cases[i].name);
}

static void test_fold(void **state)
{
	(void)state;
	assert_span(name_fold(&arena, span_text("MX.Example.COM.")), "mx.example.com");
	assert_span(name_fold(&arena, span_text("a\\.")), "a\\.");
	assert_span(name_fold(&arena, span_text("a\\\\.")), "a\\\\");
	assert_span(name_fold(&arena, span_text(".")), ".");
	assert_span(name_fold(&arena, span_text("")), "");
	assert_true(span_is_null(name_fold(&arena, (struct span){0})));
	assert_true(span_equal(name_fold(&arena, span_text("\xc3\x9c")), span_text("\xc3\x9c")));
}

static void test_within(void **state)
{
	static const struct {
		const char *a;
		const char *b;
		bool within;
	} cases[] = {
		{"mx.example.com", "example.com", true},
		{"MX.EXAMPLE.COM", "example.com", true},
		{"example.com", "Example.com", true},
		{"badexample.com", "example.com", false},
		{"example.com", "mx.example.com", false},
		{"example.com", "", false},
		{"", "", false},
		/* A label "a.example" under com, and a label "a\" under example.com. */
		{"a\\.example.com", "example.com", false},
		{"a\\\\.example.com", "example.com", true},
		{"a\\.example.com", "com", true},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
		if (name_is_within(span_text(cases[i].a), span_text(cases[i].b)) != cases[i].within)
			fail_msg("%s under %s", cases[i].a, cases[i].b);
}

static void test_labels_and_parents(void **state)
{
	static const struct {
		const char *name;
		size_t labels;
		const char *parent;
	} cases[] = {
		{"", 0, ""},
		{"com", 1, ""},
		{"example.com", 2, "com"},
		{"a.b.c.d", 4, "b.c.d"},
		{"a\\.b.c", 2, "c"},
		{"a\\\\.b.c", 3, "b.c"},
		{"a\\046b.c", 2, "c"},
		{"a\\", 1, ""},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		assert_int_equal(name_labels(span_text(cases[i].name)), cases[i].labels);
		assert_span(name_parent(span_text(cases[i].name)), cases[i].parent);
	}
}

static psl_ctx_t *small_list(void)
{
	static char rules[] = "com\nuk\nco.uk\n*.ck\n!www.ck\njp\n\xe4\xbc\x81\xe6\xa5\xad.jp\n"
			      "// ===BEGIN PRIVATE DOMAINS===\ngithub.io\n";
	FILE *file = fmemopen(rules, strlen(rules), "r");
	psl_ctx_t *psl = psl_load_fp(file);

	fclose(file);
	return psl;
}

static void test_public_suffixes(void **state)
{
	static const struct {
		const char *name;
		const char *registrable;
		const char *suffix;
	} cases[] = {
		{"example.com", "example.com", "com"},
		{"a.b.Example.COM", "Example.COM", "COM"},
		{"mx.example.co.uk", "example.co.uk", "co.uk"},
		{"co.uk", NULL, "co.uk"},
		{"com", NULL, "com"},
		{"a.b.c.ck", "b.c.ck", "c.ck"},
		{"a.www.ck", "www.ck", "ck"},
		{"me.github.io", "me.github.io", "github.io"},
		{"a.example.unlisted", "example.unlisted", "unlisted"},
		{"", NULL, NULL},
	};
	psl_ctx_t *psl = small_list();

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct span name = span_text(cases[i].name);
		struct span registrable = name_registrable(psl, name);

		assert_span(registrable, cases[i].registrable);
		assert_span(name_public_suffix(psl, name), cases[i].suffix);
		/* A part of the name itself, not a copy. */
		if (!span_is_null(registrable))
			assert_ptr_equal(registrable.data, name.data + name.len - registrable.len);
	}
	assert_true(span_is_null(name_registrable(NULL, span_text("example.com"))));
	assert_true(span_is_null(name_registrable(psl, span_of("a\0.com", 6))));
	assert_true(span_is_null(name_registrable(psl, span_text(NAME_253 "." NAME_253))));
	psl_free(psl);
}

/* --- real lists --- */

/* Domains that publish MTA-STS are names, every one; what dirty-lines.txt holds is none. */
static void check_list(const char *path, bool are_names, size_t least)
{
	struct cursor cursor = cursor_over(corpus_file(&arena, path));
	size_t count = 0;

	for (; !cursor_at_end(&cursor); count++) {
		struct span name, input = cursor_line(&cursor);
		enum name_fault fault = name_from_input(&arena, input, &name);

		if (input.len > 0 && (fault == NAME_FAULT_NULL) != are_names)
			fail_msg("%s: \"%.*s\", fault %d", path, (int)input.len,
				 (const char *)input.data, fault);
	}
	assert_true(count >= least);
}

static void test_real_lists(void **state)
{
	(void)state;
	if (corpus_folder() == NULL)
		skip();
	check_list("lists/mta-sts-enabled-2962.txt", true, 2900);
	check_list("lists/dirty-lines.txt", false, 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_input),
		cmocka_unit_test(test_input_of_any_length_and_bytes),
		cmocka_unit_test(test_hosts),
		cmocka_unit_test(test_fold),
		cmocka_unit_test(test_within),
		cmocka_unit_test(test_labels_and_parents),
		cmocka_unit_test(test_public_suffixes),
		cmocka_unit_test(test_real_lists),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
