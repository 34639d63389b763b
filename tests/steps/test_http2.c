/*
 * The HTTP/2 session's life outside the arena, and how a closed connection is told (frames:
 * tests/replay/http2-*).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "steps/http2.h"

struct bench {
	struct limits limits;
	struct arena arena;
	struct sts_policy policy;
	struct http_response response;
	struct bytes send;
	struct http2 http;
};

static bool start(struct bench *bench, size_t send_bytes)
{
	bench->limits = limits_defaults();
	arena_init(&bench->arena, 1 << 20);
	record_init(&schema_sts_policy, &bench->policy);
	bench->response = http_response_start(&bench->arena, &bench->limits, &bench->policy);
	bench->send = bytes_over(&bench->arena, send_bytes);
	return http2_start(&bench->http, &bench->response, &bench->send, span_text("h.example"),
			   span_text("/p"), span_text("a/1"));
}

static void test_start(void **state)
{
	struct bench bench;

	(void)state;
	assert_true(start(&bench, 4096));
	assert_true(span_starts_with(bytes_span(&bench.send), span_text("PRI * HTTP/2.0\r\n")));
	assert_int_equal(bench.policy.protocol, HTTP_PROTOCOL_H2);
	http2_close(&bench.http);
	http2_close(&bench.http); /* and once more does no harm */
	arena_free(&bench.arena);
}

static void test_no_room(void **state)
{
	struct bench bench;

	(void)state;
	assert_false(start(&bench, 16));
	http2_close(&bench.http);
	arena_free(&bench.arena);
}

static void test_closed(void **state)
{
	struct bench bench;

	(void)state;
	assert_true(start(&bench, 4096));
	http2_on_closed(&bench.http);
	assert_int_equal(bench.response.error, POLICY_ERROR_CLOSED);
	http2_close(&bench.http);
	arena_free(&bench.arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_start),
		cmocka_unit_test(test_no_room),
		cmocka_unit_test(test_closed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
