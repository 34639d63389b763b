/*
 * What the scenarios of tests/replay/https-*, http1-* and http2-* do not reach: want of memory, a
 * second try, the end.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "steps/https.h"

struct bench {
	struct limits limits;
	struct step_settings settings;
	struct arena arena;
	struct sts_policy policy;
	struct https_step *step;
};

static void start(struct bench *bench, size_t arena_bytes)
{
	bench->limits = limits_defaults();
	bench->settings =
		(struct step_settings){.limits = &bench->limits, .user_agent = span_text("a/1")};
	arena_init(&bench->arena, arena_bytes);
	record_init(&schema_sts_policy, &bench->policy);
	bench->step = https_step_new(&bench->arena, &bench->settings, span_text("h.example"),
				     &bench->policy);
}

static void test_no_memory(void **state)
{
	static const char *const protocols[] = {"h2", "http/1.1"};

	(void)state;
	for (size_t bytes = 16; bytes < 8192; bytes += 48) {
		struct tls_facts tls = {.version = span_text("TLSv1.3"),
					.alpn = span_text(protocols[bytes / 48 % 2])};
		struct bench bench;

		start(&bench, bytes);
		if (bench.step != NULL) {
			https_step_on_connected(bench.step);
			struct transport move = https_step_on_tls(bench.step, &tls);

			assert_int_equal(move.action == TRANSPORT_CLOSE,
					 bench.policy.fetch.error == POLICY_ERROR_LOCAL_LIMIT);
			https_step_close(bench.step);
		}
		arena_free(&bench.arena);
	}
}

/* One refusal among addresses that did not answer is no refusal. */
static void test_several_addresses(void **state)
{
	(void)state;
	assert_int_equal(https_end_of_both(TRANSPORT_END_REFUSED, TRANSPORT_END_REFUSED),
			 TRANSPORT_END_REFUSED);
	assert_int_equal(https_end_of_both(TRANSPORT_END_TIMEOUT, TRANSPORT_END_REFUSED),
			 TRANSPORT_END_TIMEOUT);
	assert_int_equal(https_end_of_both(TRANSPORT_END_REFUSED, TRANSPORT_END_UNREACHABLE),
			 TRANSPORT_END_UNREACHABLE);
	assert_int_equal(https_end_of_both(TRANSPORT_END_EXCLUDED, TRANSPORT_END_REFUSED),
			 TRANSPORT_END_EXCLUDED);
}

/*
 * What a first try left is gone when the second one begins; what the driver and the domain step
 * wrote is not.
 */
static void test_second_try(void **state)
{
	struct tls_facts tls = {.version = span_text("TLSv1.3")};
	struct bench bench;

	(void)state;
	start(&bench, 1 << 20);
	bench.policy.host = span_text("h.example");
	bench.policy.tries = 1;
	https_step_on_connected(bench.step);
	https_step_on_tls(bench.step, &tls);
	https_step_on_bytes(bench.step, span_text("HTTP/1.1 503 No\r\nServer: x\r\n\r\n"));
	assert_int_equal(bench.policy.fetch.error, POLICY_ERROR_STATUS);
	https_step_close(bench.step);
	bench.step = https_step_new(&bench.arena, &bench.settings, span_text("h.example"),
				    &bench.policy);
	assert_int_equal(bench.policy.fetch.stage, STAGE_NULL);
	assert_int_equal(bench.policy.http_status, NUMBER_NULL);
	assert_true(span_is_null(bench.policy.server));
	assert_true(span_is_null(bench.policy.tls.version));
	assert_int_equal(bench.policy.protocol, HTTP_PROTOCOL_NULL);
	assert_int_equal(bench.policy.tries, 1);
	assert_false(span_is_null(bench.policy.host));
	https_step_close(bench.step);
	arena_free(&bench.arena);
}

static void test_events_out_of_turn(void **state)
{
	struct tls_facts tls = {.version = span_text("TLSv1.3")};
	struct bench bench;

	(void)state;
	start(&bench, 1 << 20);
	assert_int_equal(https_step_on_bytes(bench.step, span_text("x")).send.len, 0);
	assert_int_equal(https_step_on_tls(bench.step, &tls).action, TRANSPORT_READ);
	assert_true(span_is_null(bench.policy.tls.version));
	https_step_on_end(bench.step, TRANSPORT_END_REFUSED, (struct span){0});
	assert_int_equal(https_step_on_connected(bench.step).action, TRANSPORT_CLOSE);
	https_step_on_end(bench.step, TRANSPORT_END_TIMEOUT, (struct span){0});
	assert_int_equal(bench.policy.fetch.error, POLICY_ERROR_REFUSED);
	https_step_close(bench.step);
	arena_free(&bench.arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_memory),
		cmocka_unit_test(test_several_addresses),
		cmocka_unit_test(test_second_try),
		cmocka_unit_test(test_events_out_of_turn),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
