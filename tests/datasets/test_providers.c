/*
 * The provider table: the built-in one is sound, and every fault of another is told with its line.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <openssl/evp.h>

#include "datasets/providers.h"
#include "tests/datasets/helper_files.h"

#define HEADER "suffix,name,class,shared,source\n"

static void test_builtin(void **state)
{
	static const struct {
		const char *host, *name;
		enum provider_class class;
		bool shared;
	} cases[] = {
		{"example-com.mail.protection.outlook.com", "microsoft", PROVIDER_CLASS_MAILBOX,
		 true},
		{"aspmx.l.google.com", "google", PROVIDER_CLASS_MAILBOX, false},
		{"d1a.ess.barracudanetworks.com", "barracuda", PROVIDER_CLASS_GATEWAY, true},
		{"mta.easydmarc.com", "easydmarc", PROVIDER_CLASS_POLICY_HOSTING, false},
		{"ns1.domaincontrol.com", "godaddy", PROVIDER_CLASS_DNS, false},
	};
	struct dataset_error error = {0};
	uint8_t sha256[SOURCE_SHA256_BYTES], expected[SOURCE_SHA256_BYTES];
	struct provider_table *table = providers_read(NULL, sha256, &error);
	struct span text = providers_builtin();

	(void)state;
	if (table == NULL)
		fail_msg("%s", error.text);
	assert_true(provider_table_count(table) >= 100);
	assert_int_equal(EVP_Digest(text.data, text.len, expected, NULL, EVP_sha256(), NULL), 1);
	assert_memory_equal(sha256, expected, sizeof(sha256));
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		const struct provider *found = provider_table_find(table, span_text(cases[i].host));

		assert_non_null(found);
		assert_true(span_equal(found->name, span_text(cases[i].name)));
		assert_int_equal(found->class, cases[i].class);
		assert_int_equal(found->shared_addresses, cases[i].shared);
	}
	assert_null(provider_table_find(table, span_text("mx.example.org")));
	provider_table_free(table);
}

static void test_a_file_of_ones_own(void **state)
{
	struct dataset_error error = {0};
	char *path = files_write_text(*state, "p.csv",
				      "\xef\xbb\xbf" HEADER
				      "mx.example.org,example,gateway,yes,\"a, b\"\r\n\n"
				      "example.org,other.example,dns,no,here");
	struct provider_table *table = providers_read(path, NULL, &error);

	if (table == NULL)
		fail_msg("%s", error.text);
	assert_int_equal(provider_table_count(table), 2);
	const struct provider *found = provider_table_find(table, span_text("a.mx.example.org"));

	assert_non_null(found);
	assert_true(span_equal(found->name, span_text("example")));
	assert_int_equal(found->class, PROVIDER_CLASS_GATEWAY);
	assert_true(found->shared_addresses);
	provider_table_free(table);
	free(path);
}

static void test_faults(void **state)
{
	static const struct {
		const char *text, *says;
	} cases[] = {
		{"", "p.csv: empty"},
		{"\n\n", "p.csv: empty"},
		{"a.example,b,dns,no,x\n", "p.csv:1: the header is not"},
		{HEADER "a.example,b,dns,no\n", "p.csv:2: not five columns"},
		{HEADER "\nexample,b,dns,no,x\n", "p.csv:3: the suffix"},
		{HEADER ".a.example,b,dns,no,x\n", "p.csv:2: the suffix"},
		{HEADER "a.example,B b,dns,no,x\n", "p.csv:2: the name"},
		{HEADER "a.example,,dns,no,x\n", "p.csv:2: the name"},
		{HEADER "a.example,b,DNS server,no,x\n", "p.csv:2: unknown class"},
		{HEADER "a.example,b,dns,maybe,x\n", "p.csv:2: shared"},
		{HEADER "a.example,b,dns,no,\n", "p.csv:2: no source"},
		{HEADER "a.example,b,dns,no,x\nA.example,c,dns,no,x\n", "p.csv:3: this suffix"},
	};
	struct dataset_error error = {0};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		char *path = files_write_text(*state, "p.csv", cases[i].text);

		assert_null(providers_read(path, NULL, &error));
		if (strstr(error.text, cases[i].says) == NULL)
			fail_msg("%zu: says \"%s\"", i, error.text);
		free(path);
	}
	assert_null(providers_read("/nonexistent/p.csv", NULL, &error));
	assert_string_equal(error.text, "/nonexistent/p.csv: No such file or directory");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_builtin),
		cmocka_unit_test_setup_teardown(test_a_file_of_ones_own, files_setup,
						files_teardown),
		cmocka_unit_test_setup_teardown(test_faults, files_setup, files_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
