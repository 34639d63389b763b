/* Records by their schema: nulls, lists that grow, and what happens over the arena's cap. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "record/record.h"

enum { ARENA_CAP_BYTES = 1 << 20, SMALL_CAP_BYTES = 4096, MANY = 1000 };

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

static void test_new_is_null(void **state)
{
	struct host_record *host = record_new(&arena, &schema_host_record);

	(void)state;
	assert_non_null(host);
	assert_true(record_is_null(&schema_host_record, host));
	assert_int_equal(host->duration_ms, NUMBER_NULL);
	assert_int_equal(host->started, NUMBER_NULL);
	assert_int_equal(host->result, HOST_RESULT_NULL);
	assert_int_equal(host->addresses_differ, FLAG_NULL);
	assert_true(span_is_null(host->host));
	assert_int_equal(host->addresses.count, 0);
}

/* Every kind counts, at any depth; 0, "" and false are values. */
static void test_is_null(void **state)
{
	struct domain_record *domain;
	static int word = CATEGORY_RECORD;
	static struct span text;

	(void)state;
	domain = record_new(&arena, &schema_domain_record);
	domain->duration_ms = 0;
	assert_false(record_is_null(&schema_domain_record, domain));
	domain = record_new(&arena, &schema_domain_record);
	domain->input = span_of("", 0);
	assert_false(record_is_null(&schema_domain_record, domain));
	domain = record_new(&arena, &schema_domain_record);
	domain->entities.same_provider = FLAG_FALSE;
	assert_false(record_is_null(&schema_domain_record, domain));
	assert_false(record_is_null(&schema_entities, &domain->entities));
	assert_true(record_is_null(&schema_verdict, &domain->verdict));
	domain = record_new(&arena, &schema_domain_record);
	domain->verdict.categories = (struct word_list){.items = &word, .count = 1};
	assert_false(record_is_null(&schema_domain_record, domain));
	domain = record_new(&arena, &schema_domain_record);
	domain->sts.policy.tls.chain = (struct span_list){.items = &text, .count = 1};
	assert_false(record_is_null(&schema_domain_record, domain));
	assert_false(field_is_null(schema_field(&schema_domain_record, span_text("sts")), domain));
	assert_true(field_is_null(schema_field(&schema_domain_record, span_text("mx")), domain));
}

static void test_append(void **state)
{
	struct mx_host_list list = {0};

	(void)state;
	for (int64_t i = 0; i < MANY; i++) {
		struct mx_host *host = record_append(&arena, &schema_mx_host, &list);

		assert_non_null(host);
		assert_true(record_is_null(&schema_mx_host, host));
		host->preference = i;
	}
	assert_int_equal(list.count, MANY);
	for (int64_t i = 0; i < MANY; i++)
		assert_int_equal(list.items[i].preference, i);
}

static void test_append_over_cap(void **state)
{
	struct host_address_list list = {0};
	struct arena small;

	(void)state;
	arena_init(&small, SMALL_CAP_BYTES);
	while (record_append(&small, &schema_host_address, &list) != NULL)
		assert_true(list.count < MANY);
	assert_true(small.exhausted);
	for (size_t i = 0; i < list.count; i++)
		assert_true(record_is_null(&schema_host_address, &list.items[i]));
	arena_free(&small);
}

static void test_add_word(void **state)
{
	static const int words[] = {FINDING_STS_RECORD_MULTIPLE, 7, 9, 7,
				    FINDING_STS_RECORD_MULTIPLE};
	struct word_list list = {0};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(words); i++)
		assert_true(record_add_word(&arena, &list, words[i]));
	assert_int_equal(list.count, 3);
	assert_memory_equal(list.items, words, 3 * sizeof(words[0]));
}

static void test_field_by_name(void **state)
{
	(void)state;
	assert_string_equal(schema_field(&schema_sts_policy, span_text("max_age"))->name,
			    "max_age");
	assert_null(schema_field(&schema_sts_policy, span_text("max")));
	assert_null(schema_field(&schema_sts_policy, span_text("max_age ")));
	assert_null(schema_field(&schema_sts_policy, (struct span){0}));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_new_is_null, setup, teardown),
		cmocka_unit_test_setup_teardown(test_is_null, setup, teardown),
		cmocka_unit_test_setup_teardown(test_append, setup, teardown),
		cmocka_unit_test(test_append_over_cap),
		cmocka_unit_test_setup_teardown(test_add_word, setup, teardown),
		cmocka_unit_test(test_field_by_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
