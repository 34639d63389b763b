/*
 * What the scenarios of tests/replay/domain-* and policy-* do not reach: want of memory, and events
 * after a stop.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "steps/domain.h"

struct bench {
	struct limits limits;
	struct step_settings settings;
	struct arena arena;
	struct domain_record record;
	struct domain_step step;
	struct requests out;
};

static void start(struct bench *bench, size_t arena_bytes)
{
	memset(bench, 0, sizeof(*bench));
	bench->limits = limits_defaults();
	bench->settings = (struct step_settings){.limits = &bench->limits,
						 .stage_policy = true,
						 .stage_smtp = true,
						 .ipv4 = true,
						 .ipv6 = true};
	arena_init(&bench->arena, arena_bytes);
	record_init(&schema_domain_record, &bench->record);
	bench->record.domain = span_text("example.com");
	domain_step_start(&bench->step, &bench->settings, &bench->arena, &bench->record, 1000,
			  &bench->out);
}

static void test_no_memory_to_start(void **state)
{
	struct bench bench;

	(void)state;
	start(&bench, 16);
	assert_true(bench.step.done);
	assert_int_equal(bench.out.count, 0);
	assert_int_equal(bench.record.status, RECORD_STATUS_PARTIAL);
	assert_true(span_equal(bench.record.reason, span_text("local-limit")));
	assert_int_equal(bench.record.sts.record.lookup, DNS_STATUS_NOT_ASKED);
	arena_free(&bench.arena);
}

/* Whatever does not fit into the arena, the record says that something is missing. */
static void test_no_memory_later(void **state)
{
	(void)state;
	for (size_t bytes = 64; bytes < 16384; bytes += 64) {
		struct lookup_result result = {.answer = {.status = DNS_STATUS_NODATA}};
		struct bench bench;

		start(&bench, bytes);
		for (uint32_t tag = 0; !bench.step.done; tag++) {
			bench.out.count = 0;
			domain_step_on_lookup(&bench.step, tag, &result, 2000, &bench.out);
			assert_true(tag < DOMAIN_LOOKUPS);
		}
		assert_int_equal(bench.record.status, bench.arena.exhausted
							      ? RECORD_STATUS_PARTIAL
							      : RECORD_STATUS_COMPLETE);
		arena_free(&bench.arena);
	}
}

static void test_after_stop(void **state)
{
	struct lookup_result result = {.answer = {.status = DNS_STATUS_NXDOMAIN}};
	struct bench bench;

	(void)state;
	start(&bench, 1 << 16);
	domain_step_stop(&bench.step, 1500);
	bench.out.count = 0;
	for (uint32_t tag = 0; tag <= DOMAIN_LOOKUPS; tag++) {
		domain_step_on_lookup(&bench.step, tag, &result, 2000, &bench.out);
		domain_step_on_delay(&bench.step, tag, 2000, &bench.out);
		domain_step_on_fetched(&bench.step, tag, 2000, &bench.out);
	}
	domain_step_stop(&bench.step, 3000);
	assert_int_equal(bench.out.count, 0);
	assert_int_equal(bench.step.open, 0);
	assert_int_equal(bench.record.duration_ms, 500);
	assert_int_equal(bench.record.mx.status, DNS_STATUS_NOT_ASKED);
	arena_free(&bench.arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_memory_to_start),
		cmocka_unit_test(test_no_memory_later),
		cmocka_unit_test(test_after_stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
