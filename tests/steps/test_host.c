/*
 * What the scenarios of tests/replay/host-* do not reach: want of memory, no family at all, events
 * after a stop.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "steps/host.h"

struct bench {
	struct limits limits;
	struct step_settings settings;
	struct arena arena;
	struct host_record record;
	struct host_step step;
	struct requests out;
};

static void start(struct bench *bench, size_t arena_bytes, bool ipv4)
{
	memset(bench, 0, sizeof(*bench));
	bench->limits = limits_defaults();
	bench->settings = (struct step_settings){
		.limits = &bench->limits, .stage_smtp = true, .allow_reserved = true, .ipv4 = ipv4};
	arena_init(&bench->arena, arena_bytes);
	record_init(&schema_host_record, &bench->record);
	bench->record.host = span_text("mx.example.com");
	host_step_start(&bench->step, &bench->settings, &bench->arena, &bench->record, 1000,
			&bench->out);
}

static void test_no_family(void **state)
{
	struct bench bench;

	(void)state;
	start(&bench, 1 << 16, false);
	assert_true(bench.step.done);
	assert_int_equal(bench.record.lookup_a, DNS_STATUS_NOT_ASKED);
	assert_int_equal(bench.record.lookup_aaaa, DNS_STATUS_NOT_ASKED);
	arena_free(&bench.arena);
}

/* An address that found no room is told by the lookup's status; the others are probed. */
static void test_no_memory(void **state)
{
	struct address addresses[8];
	struct lookup_result result = {
		.answer = {.status = DNS_STATUS_NOERROR,
			   .addresses = addresses,
			   .addresses_count = 8},
		.secure = TRISTATE_NO,
	};
	bool short_once = false;

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(addresses); i++)
		addresses[i] =
			(struct address){.family = ADDRESS_IPV4, .bytes = {192, 0, 2, (uint8_t)i}};
	for (size_t bytes = 1024; bytes < 65536; bytes += 512) {
		struct bench bench;

		start(&bench, bytes, true);
		bench.out.count = 0;
		host_step_on_lookup(&bench.step, HOST_LOOKUP_A, &result, 1100, &bench.out);
		assert_int_equal(bench.out.count, bench.record.addresses.count);
		assert_int_equal(bench.step.probes_count, bench.record.addresses.count);
		assert_int_equal(bench.record.lookup_a, bench.record.addresses.count == 8
								? DNS_STATUS_NOERROR
								: DNS_STATUS_LOCAL_LIMIT);
		short_once = short_once || bench.record.addresses.count < 8;
		arena_free(&bench.arena);
	}
	assert_true(short_once);
}

static void test_after_stop(void **state)
{
	struct lookup_result result = {.answer = {.status = DNS_STATUS_NXDOMAIN}};
	struct bench bench;

	(void)state;
	start(&bench, 1 << 16, true);
	host_step_stop(&bench.step, 1500);
	bench.out.count = 0;
	for (uint32_t tag = 0; tag < HOST_LOOKUPS + 3; tag++) {
		host_step_on_lookup(&bench.step, tag, &result, 2000, &bench.out);
		host_step_on_delay(&bench.step, tag, 2000, &bench.out);
		host_step_on_probed(&bench.step, tag, 2000, &bench.out);
	}
	assert_int_equal(bench.out.count, 0);
	assert_int_equal(bench.record.duration_ms, 500);
	assert_int_equal(bench.record.lookup_a, DNS_STATUS_NOT_ASKED);
	assert_int_equal(bench.record.tlsa.status, DNS_STATUS_LOCAL_LIMIT);
	arena_free(&bench.arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_family),
		cmocka_unit_test(test_no_memory),
		cmocka_unit_test(test_after_stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
