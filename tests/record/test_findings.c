/* The table of findings: codes told apart, and every row fit to be read by a person. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "record/findings.h"
#include "record/vocabulary.h"

static const struct finding_info *row(unsigned finding)
{
	print_message("%s\n", finding_infos[finding].code);
	return &finding_infos[finding];
}

static size_t count_of(const char *text, char wanted)
{
	size_t count = 0;

	for (; *text != '\0'; text++)
		count += *text == wanted;
	return count;
}

static void test_codes(void **state)
{
	(void)state;
	assert_null(finding_infos[0].code);
	for (unsigned i = 1; i < finding_infos_count; i++) {
		size_t dots = count_of(row(i)->code, '.');

		/* part.stage.error, or part.error where there is but one stage */
		assert_true(dots == 1 || dots == 2);
		for (const char *at = finding_infos[i].code; *at != '\0'; at++)
			assert_true((*at >= 'a' && *at <= 'z') || (*at >= '0' && *at <= '9') ||
				    *at == '.' || *at == '-');
		/* The first row of this code is this one: no code stands twice. */
		assert_int_equal(
			vocabulary_value(&vocabulary_finding, span_text(finding_infos[i].code)), i);
	}
}

static void test_texts(void **state)
{
	(void)state;
	for (unsigned i = 1; i < finding_infos_count; i++) {
		const struct finding_info *info = row(i);

		assert_in_range(info->severity, SEVERITY_ERROR, SEVERITY_NOTICE);
		assert_true(span_ends_with_nocase(span_text(info->sentence), span_text(".")));
		assert_true(span_ends_with_nocase(span_text(info->advice), span_text(".")));
		assert_true(span_starts_with(span_text(info->section), span_text("RFC ")));
		assert_string_equal(vocabulary_text(&vocabulary_finding, (int)i), info->code);
		assert_string_equal(vocabulary_finding.words[i].meaning, info->sentence);
	}
	assert_int_equal(finding_infos_count, vocabulary_finding.count);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_codes),
		cmocka_unit_test(test_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
