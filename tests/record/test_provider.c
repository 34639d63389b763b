/* The provider table: the longest suffix at a label's edge, whatever the case. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "record/provider.h"

enum { MANY = 5000 };

static struct provider row(const char *suffix, const char *name)
{
	return (struct provider){
		.suffix = span_text(suffix),
		.name = span_text(name),
		.class = PROVIDER_CLASS_MAILBOX,
		.shared_addresses = true,
	};
}

static void test_find(void **state)
{
	static const struct {
		const char *name;
		const char *provider; /* NULL: none */
	} cases[] = {
		{"example", "top"},
		{"mx.example", "top"},
		{"mail.example", "mail"},
		{"a.b.mail.example", "mail"},
		{"A.B.MAIL.Example", "mail"},
		{"xmail.example", "top"},
		{"mail.example.org", NULL},
		{"org", NULL},
		{"", NULL},
		{".", NULL},
		{"mx.upper.test", "upper"},
		{"..example", "top"},
	};
	struct provider_table *table = provider_table_new();
	struct provider rows[] = {row("example", "top"), row("mail.example", "mail"),
				  row("UPPER.test", "upper")};

	(void)state;
	assert_non_null(table);
	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++)
		assert_true(provider_table_add(table, &rows[i]));
	assert_int_equal(provider_table_count(table), ARRAY_LENGTH(rows));
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		const struct provider *found = provider_table_find(table, span_text(cases[i].name));

		if (cases[i].provider == NULL) {
			assert_null(found);
			continue;
		}
		assert_non_null(found);
		assert_true(span_equal(found->name, span_text(cases[i].provider)));
		assert_int_equal(found->class, PROVIDER_CLASS_MAILBOX);
		assert_true(found->shared_addresses);
	}
	provider_table_free(table);
}

/* The rows are copied, and one that is there already is refused. */
static void test_add(void **state)
{
	struct provider_table *table = provider_table_new();
	char suffix[] = "example", name[] = "one";
	struct provider first = row(suffix, name), again = row("EXAMPLE", "two");
	struct provider empty = row("", "none");

	(void)state;
	assert_true(provider_table_add(table, &first));
	assert_false(provider_table_add(table, &again));
	assert_false(provider_table_add(table, &empty));
	suffix[0] = 'X';
	name[0] = 'X';
	assert_true(span_equal(provider_table_find(table, span_text("mx.example"))->name,
			       span_text("one")));
	assert_int_equal(provider_table_count(table), 1);
	provider_table_free(table);
}

static void test_many(void **state)
{
	struct provider_table *table = provider_table_new();
	char suffix[32];

	(void)state;
	for (int i = 0; i < MANY; i++) {
		snprintf(suffix, sizeof(suffix), "p%d.example", i);
		struct provider provider = row(suffix, suffix);

		assert_true(provider_table_add(table, &provider));
	}
	for (int i = 0; i < MANY; i++) {
		snprintf(suffix, sizeof(suffix), "mx.p%d.example", i);
		assert_true(span_equal(provider_table_find(table, span_text(suffix))->name,
				       span_text(suffix + 3)));
	}
	provider_table_free(table);
}

static void test_none(void **state)
{
	uint8_t longest[300];

	(void)state;
	memset(longest, 'a', sizeof(longest));
	assert_null(provider_table_find(NULL, span_text("example")));
	struct provider_table *table = provider_table_new();

	assert_null(provider_table_find(table, span_text("example")));
	assert_null(provider_table_find(table, span_of(longest, sizeof(longest))));
	assert_int_equal(provider_table_count(table), 0);
	provider_table_free(table);
	provider_table_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_add),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
