/* The vocabularies: every word can be said and read back, none is said twice, findings are there
 * too. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "record/findings.h"
#include "record/vocabulary.h"

#define ADDRESS(name, P, TABLE) &vocabulary_##name,

static const struct vocabulary *const vocabularies[] = {VOCABULARIES(ADDRESS) & vocabulary_finding};

static bool is_word_byte(char byte)
{
	return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
	       (byte >= '0' && byte <= '9') || strchr("-./", byte) != NULL;
}

static void test_words(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(vocabularies); i++) {
		const struct vocabulary *vocabulary = vocabularies[i];

		assert_true(vocabulary->count > 1);
		assert_null(vocabulary_text(vocabulary, 0));
		for (unsigned value = 1; value < vocabulary->count; value++) {
			const char *text = vocabulary_text(vocabulary, (int)value);

			assert_non_null(text);
			assert_int_equal(vocabulary_value(vocabulary, span_text(text)), value);
			assert_true(strlen(vocabulary->words[value].meaning) > 0);
			for (const char *byte = text; *byte != '\0'; byte++)
				assert_true(is_word_byte(*byte));
		}
	}
}

static void test_values(void **state)
{
	static const struct {
		const struct vocabulary *vocabulary;
		const char *text;
		int value;
	} cases[] = {
		{&vocabulary_dns_status, "NXDOMAIN", DNS_STATUS_NXDOMAIN},
		{&vocabulary_dns_status, "nxdomain", 0},
		{&vocabulary_mx_kind, "null", MX_KIND_NULL_MX},
		{&vocabulary_mx_kind, "", 0},
		{&vocabulary_mx_kind, "explicit ", 0},
		{&vocabulary_policy_error, "name-mismatch", POLICY_ERROR_NAME_MISMATCH},
		{&vocabulary_http_protocol, "http/1.1", HTTP_PROTOCOL_HTTP_1_1},
		{&vocabulary_finding, "sts.record.multiple", FINDING_STS_RECORD_MULTIPLE},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
		assert_int_equal(vocabulary_value(cases[i].vocabulary, span_text(cases[i].text)),
				 cases[i].value);
	assert_int_equal(vocabulary_value(&vocabulary_stage, (struct span){0}), 0);
}

static void test_findings(void **state)
{
	(void)state;
	assert_int_equal(finding_infos_count, vocabulary_finding.count);
	for (unsigned i = 1; i < finding_infos_count; i++)
		assert_string_equal(finding_infos[i].code,
				    vocabulary_text(&vocabulary_finding, (int)i));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_findings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
