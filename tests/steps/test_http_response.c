/* What both versions of HTTP share: lengths as text, kept fields, the caps, the first failure. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "steps/http_response.h"

static void test_read_length(void **state)
{
	static const struct {
		const char *text;
		int64_t length;
	} rows[] = {
		{"0", 0},
		{"65536", 65536},
		{"007", 7},
		{"9223372036854775807", INT64_MAX},
		{"9223372036854775808", -1},
		{"", -1},
		{"-1", -1},
		{"+1", -1},
		{" 1", -1},
		{"1 ", -1},
		{"0x10", -1},
		{"1.0", -1},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++)
		assert_true(http_read_length(span_text(rows[i].text)) == rows[i].length);
}

struct bench {
	struct limits limits;
	struct arena arena;
	struct sts_policy policy;
	struct http_response response;
};

static void start(struct bench *bench)
{
	bench->limits = limits_defaults();
	arena_init(&bench->arena, 1 << 20);
	record_init(&schema_sts_policy, &bench->policy);
	bench->response = http_response_start(&bench->arena, &bench->limits, &bench->policy);
}

static void test_status(void **state)
{
	static const struct {
		int64_t status;
		enum http_progress progress;
		enum policy_error error;
	} rows[] = {
		{200, HTTP_READING, POLICY_ERROR_NULL},
		{201, HTTP_FAILED, POLICY_ERROR_STATUS},
		{301, HTTP_FAILED, POLICY_ERROR_REDIRECT},
		{304, HTTP_FAILED, POLICY_ERROR_REDIRECT},
		{404, HTTP_FAILED, POLICY_ERROR_STATUS},
		{500, HTTP_FAILED, POLICY_ERROR_STATUS},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		struct bench bench;

		start(&bench);
		bench.policy.http_status = rows[i].status;
		http_response_header(&bench.response, span_text("LOCATION"), span_text("/x"));
		http_response_head_done(&bench.response);
		assert_int_equal(bench.response.progress, rows[i].progress);
		assert_int_equal(bench.response.error, rows[i].error);
		assert_int_equal(!span_is_null(bench.policy.location),
				 rows[i].error == POLICY_ERROR_REDIRECT);
		arena_free(&bench.arena);
	}
}

static void test_body_cap(void **state)
{
	static const uint8_t many[65536];
	struct bench bench;

	(void)state;
	start(&bench);
	bench.policy.http_status = 200;
	http_response_head_done(&bench.response);
	http_response_body(&bench.response, span_of(many, sizeof(many)));
	assert_int_equal(bench.response.progress, HTTP_READING);
	http_response_body(&bench.response, span_of(many, 1));
	assert_int_equal(bench.response.error, POLICY_ERROR_TOO_LARGE);
	/* The first failure stands, and a body that came too late is none. */
	http_response_fail(&bench.response, POLICY_ERROR_RESET, (struct span){0});
	http_response_cut(&bench.response);
	http_response_whole(&bench.response);
	assert_int_equal(bench.response.error, POLICY_ERROR_TOO_LARGE);
	assert_true(span_is_null(bench.policy.body));
	arena_free(&bench.arena);
}

static void test_header_caps(void **state)
{
	struct bench bench;

	(void)state;
	start(&bench);
	bench.limits.http_headers_count = 2;
	for (int i = 0; i < 2; i++)
		http_response_header(&bench.response, span_text("a"), span_text("b"));
	assert_int_equal(bench.response.progress, HTTP_READING);
	http_response_header(&bench.response, span_text("a"), span_text("b"));
	assert_int_equal(bench.response.error, POLICY_ERROR_TOO_LARGE);
	assert_true(span_equal(bench.response.detail, span_text("headers")));
	arena_free(&bench.arena);
}

static void test_no_memory(void **state)
{
	static const uint8_t many[65536];
	struct bench bench;

	(void)state;
	start(&bench);
	arena_free(&bench.arena);
	arena_init(&bench.arena, 4096);
	bench.policy.http_status = 200;
	http_response_head_done(&bench.response);
	http_response_body(&bench.response, span_of(many, sizeof(many)));
	assert_int_equal(bench.response.error, POLICY_ERROR_LOCAL_LIMIT);
	arena_free(&bench.arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read_length), cmocka_unit_test(test_status),
		cmocka_unit_test(test_body_cap),    cmocka_unit_test(test_header_caps),
		cmocka_unit_test(test_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
