/* The table of limits: every row within its own bounds, every field with its unit and its place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/limits.h"
#include "base/span.h"

static void test_rows_are_sound(void **state)
{
	struct limits limits = limits_defaults();

	(void)state;
	assert_int_equal(limit_infos_count * sizeof(int64_t), sizeof(struct limits));
	for (unsigned i = 0; i < limit_infos_count; i++) {
		const struct limit_info *info = &limit_infos[i];

		if (info->initial < info->lowest || info->initial > info->highest)
			fail_msg("%s: default outside its bounds", info->name);
		assert_true(info->meaning[0] != '\0');
		assert_int_equal(info->offset, i * sizeof(int64_t));
		assert_int_equal(*limits_field(&limits, info), info->initial);
		for (unsigned j = 0; j < i; j++)
			assert_string_not_equal(info->name, limit_infos[j].name);
	}
}

static void test_fields_are_reached_by_row(void **state)
{
	struct limits limits = limits_defaults();

	(void)state;
	for (unsigned i = 0; i < limit_infos_count; i++)
		if (strcmp(limit_infos[i].name, "policy_bytes") == 0)
			*limits_field(&limits, &limit_infos[i]) = 4321;
	assert_int_equal(limits.policy_bytes, 4321);
	assert_int_equal(limits.policy_timeout_ms, limits_defaults().policy_timeout_ms);
}

/* RFC 8461 3.3: one minute and 64 kilobytes are what it suggests, and what others are compared
 * with. */
static void test_defaults_follow_the_standards(void **state)
{
	struct limits limits = limits_defaults();

	(void)state;
	assert_int_equal(limits.policy_bytes, 65536);
	assert_int_equal(limits.policy_timeout_ms, 60000);
	assert_true(limits.smtp_line_bytes >= 512);
	assert_int_equal(limits.dns_udp_bytes, 1232);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows_are_sound),
		cmocka_unit_test(test_fields_are_reached_by_row),
		cmocka_unit_test(test_defaults_follow_the_standards),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
