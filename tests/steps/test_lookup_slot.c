/* A lookup with its second try: which outcomes are worth one, and what speaks for two families. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "steps/lookup_slot.h"

static void test_unknown(void **state)
{
	static const bool unknown[DNS_STATUS_NOT_ASKED + 1] = {
		[DNS_STATUS_SERVFAIL] = true,    [DNS_STATUS_REFUSED] = true,
		[DNS_STATUS_TIMEOUT] = true,     [DNS_STATUS_NETWORK_ERROR] = true,
		[DNS_STATUS_LOCAL_LIMIT] = true,
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_LENGTH(unknown); i++)
		assert_int_equal(dns_status_is_unknown(i), unknown[i]);
}

static void test_both(void **state)
{
	static const struct {
		enum dns_status a, b, both;
	} rows[] = {
		{DNS_STATUS_NODATA, DNS_STATUS_NODATA, DNS_STATUS_NODATA},
		{DNS_STATUS_NXDOMAIN, DNS_STATUS_NODATA, DNS_STATUS_NXDOMAIN},
		{DNS_STATUS_NODATA, DNS_STATUS_SERVFAIL, DNS_STATUS_SERVFAIL},
		{DNS_STATUS_NODATA, DNS_STATUS_TIMEOUT, DNS_STATUS_TIMEOUT},
		{DNS_STATUS_BOGUS, DNS_STATUS_TIMEOUT, DNS_STATUS_TIMEOUT},
		{DNS_STATUS_BOGUS, DNS_STATUS_NODATA, DNS_STATUS_BOGUS},
		{DNS_STATUS_FORMERR, DNS_STATUS_NODATA, DNS_STATUS_FORMERR},
		{DNS_STATUS_LIMIT, DNS_STATUS_NXDOMAIN, DNS_STATUS_LIMIT},
		{DNS_STATUS_NOT_ASKED, DNS_STATUS_NODATA, DNS_STATUS_NOT_ASKED},
		{DNS_STATUS_NOT_ASKED, DNS_STATUS_NXDOMAIN, DNS_STATUS_NXDOMAIN},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		assert_int_equal(dns_status_of_both(rows[i].a, rows[i].b), rows[i].both);
		assert_int_equal(dns_status_of_both(rows[i].b, rows[i].a), rows[i].both);
	}
}

struct bench {
	struct limits limits;
	struct step_settings settings;
	struct arena arena;
	struct lookup_list lookups;
	unsigned open;
	struct requests out;
	struct lookup_context context;
};

static void bench_up(struct bench *bench)
{
	memset(bench, 0, sizeof(*bench));
	bench->limits = limits_defaults();
	bench->settings.limits = &bench->limits;
	arena_init(&bench->arena, 1 << 16);
	bench->context = (struct lookup_context){
		.settings = &bench->settings,
		.arena = &bench->arena,
		.lookups = &bench->lookups,
		.open = &bench->open,
		.out = &bench->out,
	};
}

static void test_states(void **state)
{
	struct lookup_result failed = {.answer = {.status = DNS_STATUS_TIMEOUT}, .tries = 4};
	struct lookup_slot slot = {0};
	struct bench bench;

	(void)state;
	bench_up(&bench);
	lookup_slot_ask(&slot, &bench.context, 7, span_text("example.com"), DNS_TYPE_MX);
	assert_int_equal(bench.out.items[0].tag, 7);
	assert_int_equal(bench.open, 1);
	lookup_slot_on_delay(&slot, &bench.context); /* nothing was delayed */
	assert_int_equal(bench.out.count, 1);
	lookup_slot_on_result(&slot, &bench.context, &failed);
	assert_int_equal(slot.state, LOOKUP_SLOT_PAUSED);
	assert_int_equal(bench.out.items[1].kind, REQUEST_DELAY);
	assert_int_equal(bench.out.items[1].delay_ms, bench.limits.retry_delay_ms);
	lookup_slot_on_result(&slot, &bench.context, &failed); /* late, and nobody's */
	assert_int_equal(bench.lookups.count, 1);
	lookup_slot_on_delay(&slot, &bench.context);
	assert_int_equal(bench.out.items[2].question.type, DNS_TYPE_MX);
	lookup_slot_on_result(&slot, &bench.context, &failed);
	assert_true(lookup_slot_is_settled(&slot));
	assert_int_equal(bench.out.count, 3);
	assert_int_equal(bench.lookups.count, 2);
	assert_int_equal(bench.lookups.items[1].tries, 4);
	assert_int_equal(bench.lookups.items[1].ttl_s, NUMBER_NULL);
	arena_free(&bench.arena);
}

static void test_left_out(void **state)
{
	struct lookup_slot slot = {0};

	(void)state;
	lookup_slot_leave_out(&slot);
	assert_true(lookup_slot_is_settled(&slot));
	assert_int_equal(lookup_slot_status(&slot), DNS_STATUS_NOT_ASKED);
	assert_int_equal(slot.result.secure, TRISTATE_UNKNOWN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_both),
		cmocka_unit_test(test_states),
		cmocka_unit_test(test_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
