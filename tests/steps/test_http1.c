/*
 * A response cut in two at any place is read as the whole one is; and where it ends early, it is
 * never whole.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "steps/http1.h"

static const char *const responses[] = {
	"HTTP/1.1 200 OK\r\nContent-Length: 14\r\n\r\nversion: STSv1",
	"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9;a=b\r\nversion: "
	"\r\n5\r\nSTSv1\r\n0\r\nX: "
	"y\r\n\r\n",
	"HTTP/1.1 103 Early\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nServer: a\r\n "
	"b\r\nContent-Length: "
	"14\r\n\r\nversion: STSv1",
};

struct bench {
	struct limits limits;
	struct arena arena;
	struct sts_policy policy;
	struct http_response response;
	struct http1 http;
};

static void start(struct bench *bench)
{
	bench->limits = limits_defaults();
	arena_init(&bench->arena, 1 << 20);
	record_init(&schema_sts_policy, &bench->policy);
	bench->response = http_response_start(&bench->arena, &bench->limits, &bench->policy);
	bench->http = http1_start(&bench->response);
}

static void test_cut_in_two(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(responses); i++) {
		struct span whole = span_text(responses[i]);

		for (size_t at = 0; at <= whole.len; at++) {
			struct bench bench;

			start(&bench);
			http1_on_bytes(&bench.http, span_first(whole, at));
			http1_on_bytes(&bench.http, span_skip(whole, at));
			assert_int_equal(bench.response.progress, HTTP_WHOLE);
			assert_true(span_equal(bench.policy.body, span_text("version: STSv1")));
			arena_free(&bench.arena);
		}
	}
}

static void test_cut_off(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(responses); i++) {
		struct span whole = span_text(responses[i]);

		for (size_t len = 0; len < whole.len; len++) {
			struct bench bench;

			start(&bench);
			http1_on_bytes(&bench.http, span_first(whole, len));
			http1_on_closed(&bench.http, len % 2 == 0);
			assert_int_equal(bench.response.progress, HTTP_FAILED);
			assert_int_equal(bench.response.error, bench.response.head_done
								       ? POLICY_ERROR_TRUNCATED
								       : POLICY_ERROR_CLOSED);
			arena_free(&bench.arena);
		}
	}
}

static void test_request(void **state)
{
	struct arena arena;

	(void)state;
	arena_init(&arena, 1 << 12);
	assert_true(span_equal(
		http1_request(&arena, span_text("h.example"), span_text("/p"), span_text("a/1")),
		span_text("GET /p HTTP/1.1\r\nHost: h.example\r\nUser-Agent: a/1\r\n"
			  "Accept: text/plain\r\nConnection: close\r\n\r\n")));
	arena_free(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cut_in_two),
		cmocka_unit_test(test_cut_off),
		cmocka_unit_test(test_request),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
