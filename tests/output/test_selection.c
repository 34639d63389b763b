/* --include-fields: which paths there are, and what each takes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "output/selection.h"
#include "record/record.h"

enum { ARENA_CAP_BYTES = 1 << 20 };

static struct arena arena;

static int setup(void **state)
{
	(void)state;
	arena_init(&arena, ARENA_CAP_BYTES);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_free(&arena);
	return 0;
}

/* Is the field at this path written? */
static bool takes(const struct selection *selection, const struct schema *schema, const char *path)
{
	struct span rest = span_text(path);

	for (;;) {
		size_t dot = span_find(rest, '.');
		const struct field *field = schema_field(schema, span_first(rest, dot));

		assert_non_null(field);
		size_t n = (size_t)(field - schema->fields);

		if (!selection_has(selection, schema, n, VIEW_FINAL))
			return false;
		if (dot == rest.len)
			return true;
		rest = span_skip(rest, dot + 1);
		selection = selection_inner(selection, n);
		schema = field->schema;
	}
}

static void test_takes(void **state)
{
	static const struct {
		const char *paths[3];
		const char *taken[4];
		const char *left[4];
	} cases[] = {
		{{"domain"}, {"domain"}, {"index", "sts", "hosts"}},
		{{"domain,index", "rank"}, {"domain", "index", "rank"}, {"sts"}},
		{{" domain , sts ,"}, {"domain", "sts.policy.tls.chain"}, {"tlsrpt"}},
		{{"sts.policy.mode"}, {"sts.policy.mode"}, {"sts.policy.body", "sts.record"}},
		{{"sts.policy"}, {"sts.policy.mode", "sts.policy.tls.group"}, {"sts.record"}},
		{{"sts.policy", "sts.policy.mode"}, {"sts.policy.body"}, {"sts.record"}},
		{{"sts.policy.mode", "sts.policy"}, {"sts.policy.body"}, {"sts.record"}},
		{{"sts.policy.mode,sts.record.id"},
		 {"sts.policy.mode", "sts.record.id"},
		 {"sts.record.txt"}},
		{{"hosts.result"}, {"hosts.result"}, {"hosts.host", "mx"}},
	};
	struct span unknown;

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		size_t count = 0;

		while (count < 3 && cases[i].paths[count] != NULL)
			count++;
		const struct selection *selection = selection_new(&arena, &schema_domain_record,
								  cases[i].paths, count, &unknown);

		assert_non_null(selection);
		for (size_t n = 0; n < 4 && cases[i].taken[n] != NULL; n++)
			assert_true(takes(selection, &schema_domain_record, cases[i].taken[n]));
		for (size_t n = 0; n < 4 && cases[i].left[n] != NULL; n++)
			assert_false(takes(selection, &schema_domain_record, cases[i].left[n]));
	}
}

static void test_unknown(void **state)
{
	static const struct {
		const char *paths;
		const char *unknown;
	} cases[] = {
		{"nonsense", "nonsense"},
		{"domain,sts.nonsense", "sts.nonsense"},
		{"domain.x", "domain.x"},
		{"sts.", "sts."},
		{".sts", ".sts"},
		{"sts..record", "sts..record"},
		{"lookups", "lookups"},                   /* evidence only */
		{"sts.policy.fetch", "sts.policy.fetch"}, /* likewise */
		{"Domain", "Domain"},
	};
	struct span unknown;

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		assert_null(
			selection_new(&arena, &schema_domain_record, &cases[i].paths, 1, &unknown));
		assert_true(span_equal(unknown, span_text(cases[i].unknown)));
	}
}

/* Without a selection the view alone decides. */
static void test_views(void **state)
{
	const struct schema *schema = &schema_domain_record;

	(void)state;
	for (size_t n = 0; n < schema->count; n++) {
		assert_int_equal(selection_has(NULL, schema, n, VIEW_FINAL),
				 schema->fields[n].where != FIELD_EVIDENCE);
		assert_int_equal(selection_has(NULL, schema, n, VIEW_EVIDENCE),
				 schema->fields[n].where != FIELD_FINAL);
		assert_null(selection_inner(NULL, n));
	}
}

static void test_over_cap(void **state)
{
	static const char *const paths[] = {"sts.policy.mode"};
	struct arena small;
	struct span unknown;

	(void)state;
	arena_init(&small, 64);
	assert_null(selection_new(&small, &schema_domain_record, paths, 1, &unknown));
	assert_true(span_is_null(unknown));
	arena_free(&small);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_takes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_unknown, setup, teardown),
		cmocka_unit_test(test_views),
		cmocka_unit_test(test_over_cap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
