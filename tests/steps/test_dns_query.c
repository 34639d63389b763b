/*
 * What the scenarios of tests/replay/query-* do not reach: the message itself, and events after the
 * end.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "steps/dns_query.h"

static struct dns_query_settings settings_of(const struct limits *limits)
{
	return (struct dns_query_settings){.limits = limits, .servers_count = 1};
}

static const struct dns_question question = {.name = {(const uint8_t *)"example.com", 11},
					     .type = DNS_TYPE_MX};

static void test_message(void **state)
{
	struct limits limits = limits_defaults();
	struct dns_query_settings settings = settings_of(&limits);
	uint8_t buffer[DNS_QUERY_BYTES], again[DNS_QUERY_BYTES];
	struct dns_query query;
	struct arena arena;

	(void)state;
	arena_init(&arena, 1 << 16);
	assert_int_equal(dns_query_start(&query, &settings, &arena, question, 0, 0xbeef, 5),
			 DNS_QUERY_SEND_UDP);
	assert_int_equal(query.deadline_ms, 5 + limits.dns_timeout_ms);
	size_t len = dns_query_message(&query, buffer, sizeof(buffer));

	assert_true(len > 0);
	assert_int_equal(dns_query_message(&query, again, sizeof(again)), len);
	assert_memory_equal(buffer, again, len);
	assert_int_equal(dns_query_message(&query, buffer, len - 1), 0);
	assert_int_equal(buffer[0], 0xbe);
	assert_int_equal(buffer[1], 0xef);
	arena_free(&arena);
}

/* The longest name fits into DNS_QUERY_BYTES; one byte more is no name. */
static void test_longest_name(void **state)
{
	struct limits limits = limits_defaults();
	struct dns_query_settings settings = settings_of(&limits);
	struct dns_question longest = {.type = DNS_TYPE_A};
	char name[255] = "";
	uint8_t buffer[DNS_QUERY_BYTES];
	struct dns_query query;
	struct arena arena;

	(void)state;
	arena_init(&arena, 1 << 16);
	for (size_t i = 0; i + 1 < sizeof(name); i++)
		name[i] = i % 2 == 0 ? 'a' : '.';
	longest.name = span_of(name, 253);
	assert_int_equal(dns_query_start(&query, &settings, &arena, longest, 0, 1, 0),
			 DNS_QUERY_SEND_UDP);
	assert_int_equal(dns_query_message(&query, buffer, sizeof(buffer)), DNS_QUERY_BYTES);
	name[253] = '.';
	name[254] = 'a';
	longest.name = span_of(name, 255);
	assert_int_equal(dns_query_start(&query, &settings, &arena, longest, 0, 1, 0),
			 DNS_QUERY_DONE);
	assert_int_equal(query.result.answer.status, DNS_STATUS_NXDOMAIN);
	arena_free(&arena);
}

static void test_after_the_end(void **state)
{
	struct limits limits = limits_defaults();
	struct dns_query_settings settings = settings_of(&limits);
	struct dns_query query;
	struct arena arena;

	(void)state;
	limits.dns_retries = 0;
	arena_init(&arena, 1 << 16);
	dns_query_start(&query, &settings, &arena, question, 0, 1, 0);
	assert_int_equal(dns_query_on_timeout(&query, 2, 10), DNS_QUERY_DONE);
	assert_int_equal(query.result.time_ms, 10);
	assert_int_equal(dns_query_on_timeout(&query, 3, 99), DNS_QUERY_DONE);
	assert_int_equal(dns_query_on_error(&query, true, 3, 99), DNS_QUERY_DONE);
	assert_int_equal(dns_query_on_message(&query, span_text("x"), 3, 99), DNS_QUERY_DONE);
	assert_int_equal(query.result.answer.status, DNS_STATUS_TIMEOUT);
	assert_int_equal(query.result.time_ms, 10);
	arena_free(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_message),
		cmocka_unit_test(test_longest_name),
		cmocka_unit_test(test_after_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
