/*
 * The stub resolver against name servers on loopback: answers, truncation, retries elsewhere,
 * forged answers, rates, ports, cancelling. Every wait is bounded.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <event2/event.h>

#include "helper_dns_server.h"
#include "workers/engine.h"
#include "workers/metrics.h"
#include "workers/stub_resolver.h"

enum { LOOKUPS_MAX = 4000, SERVERS_MAX = 3, WAIT_MS = 10000 };

struct ask {
	struct resolution resolution;
	struct arena arena;
	char name[64];
	struct lookup_result result;
	unsigned done;
};

struct bench {
	struct limits limits;
	struct dns_server servers[SERVERS_MAX];
	size_t servers_count;
	struct name_server name_servers[SERVERS_MAX];
	struct resolver_settings settings;
	struct event_base *base;
	struct resolver *resolver;
	struct ask *asks;
	size_t asks_count;
	size_t done;
};

static struct bench bench;

static void set_up(size_t servers)
{
	memset(&bench, 0, sizeof(bench));
	bench.limits = limits_defaults();
	bench.limits.dns_timeout_ms = 200;
	bench.limits.dns_rate_per_second = 1000000;
	bench.limits.dns_rate_per_server = 1000000;
	bench.servers_count = servers;
	for (size_t i = 0; i < servers; i++) {
		dns_server_start(&bench.servers[i]);
		bench.name_servers[i] = (struct name_server){
			.address = address_from_text(span_text("127.0.0.1")),
			.port = bench.servers[i].port,
		};
	}
	bench.settings = (struct resolver_settings){
		.limits = &bench.limits,
		.name_servers = bench.name_servers,
		.name_servers_count = servers,
		.udp_sockets_count = 64,
		.tcp_count = 128,
		.share = 1,
		.clock = clock_start(),
		.metrics = metrics_new(1),
	};
	bench.asks = calloc(LOOKUPS_MAX, sizeof(struct ask));
}

static void make_resolver(void)
{
	bench.base = event_base_new();
	bench.resolver = stub_resolver_new(bench.base, &bench.settings);
	assert_non_null(bench.resolver);
}

static void tear_down(void)
{
	bench.resolver->free(bench.resolver);
	event_base_free(bench.base);
	for (size_t i = 0; i < bench.servers_count; i++)
		dns_server_stop(&bench.servers[i]);
	for (size_t i = 0; i < bench.asks_count; i++)
		arena_free(&bench.asks[i].arena);
	metrics_free(bench.settings.metrics);
	free(bench.asks);
}

static void on_done(struct resolution *resolution, const struct lookup_result *result)
{
	struct ask *ask = resolution->context;

	ask->result = *result;
	ask->done++;
	bench.done++;
}

static struct ask *ask_for(const char *name)
{
	struct ask *ask = &bench.asks[bench.asks_count++];

	snprintf(ask->name, sizeof(ask->name), "%s", name);
	arena_init(&ask->arena, 65536);
	ask->resolution = (struct resolution){
		.question = {.name = span_text(ask->name), .type = DNS_TYPE_A},
		.arena = &ask->arena,
		.done = on_done,
		.context = ask,
	};
	bench.resolver->lookup(bench.resolver, &ask->resolution);
	return ask;
}

static void run(size_t wanted)
{
	struct timeval tick = {.tv_usec = 10000};
	int64_t until_ms = clock_now_ms(&bench.settings.clock) + WAIT_MS;

	bench.resolver->flush(bench.resolver);
	while (bench.done < wanted) {
		assert_true(clock_now_ms(&bench.settings.clock) < until_ms);
		event_base_loopexit(bench.base, &tick);
		event_base_loop(bench.base, EVLOOP_ONCE);
		bench.resolver->flush(bench.resolver);
	}
}

static void assert_address(const struct ask *ask)
{
	struct address expected = address_from_text(span_text("192.0.2.1"));

	assert_int_equal(ask->done, 1);
	assert_int_equal(ask->result.answer.status, DNS_STATUS_NOERROR);
	assert_int_equal(ask->result.answer.addresses_count, 1);
	assert_true(address_equal(ask->result.answer.addresses[0], expected));
	assert_true(span_equal(ask->result.server, span_text("127.0.0.1")));
}

static void test_answers(void **state)
{
	struct ask *ok, *truncated, *slow, *nowhere;

	(void)state;
	set_up(1);
	make_resolver();
	ok = ask_for("ok.test");
	truncated = ask_for("tc.test");
	slow = ask_for("slowtcp.test");
	nowhere = ask_for("a..b");
	run(4);
	assert_address(ok);
	assert_false(ok->result.tcp);
	assert_int_equal(ok->result.tries, 1);
	assert_address(truncated);
	assert_true(truncated->result.tcp);
	assert_int_equal(truncated->result.tries, 2);
	assert_address(slow);
	assert_int_equal(nowhere->result.answer.status, DNS_STATUS_NXDOMAIN);
	assert_int_equal(bench.servers[0].tcp_queries, 2);
	assert_int_equal(metrics_value(bench.settings.metrics, 0, METRIC(queries_tcp)), 2);
	assert_int_equal(metrics_value(bench.settings.metrics, 0, METRIC(lookups_begun)), 4);
	tear_down();
}

static void test_forged_answers_are_dropped(void **state)
{
	(void)state;
	set_up(1);
	make_resolver();
	for (unsigned i = 0; i < 50; i++)
		ask_for("forged.test");
	run(50);
	for (unsigned i = 0; i < 50; i++)
		assert_address(&bench.asks[i]);
	tear_down();
}

/*
 * One socket for three servers: it goes from one to the next, and who waits for it is not failed.
 */
static void test_few_descriptors(void **state)
{
	(void)state;
	set_up(3);
	bench.settings.udp_sockets_count = 1;
	bench.settings.tcp_count = 1;
	make_resolver();
	for (unsigned i = 0; i < 60; i++)
		ask_for(i % 10 == 0 ? "tc.test" : "ok.test");
	run(60);
	for (unsigned i = 0; i < 60; i++) {
		assert_address(&bench.asks[i]);
		assert_int_equal(bench.asks[i].result.tries, i % 10 == 0 ? 2 : 1);
	}
	for (unsigned i = 0; i < 3; i++)
		assert_true(bench.servers[i].udp_queries > 0);
	tear_down();
}

static void test_silence(void **state)
{
	struct ask *ask;

	(void)state;
	set_up(3);
	bench.limits.dns_timeout_ms = 60;
	bench.limits.dns_retries = 2;
	make_resolver();
	ask = ask_for("silent.test");
	run(1);
	assert_int_equal(ask->result.answer.status, DNS_STATUS_TIMEOUT);
	assert_int_equal(ask->result.tries, 3);
	assert_true(ask->result.time_ms >= 180 && ask->result.time_ms < 5000);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(bench.servers[i].udp_queries, 1);
	tear_down();
}

static void test_another_server_is_asked(void **state)
{
	(void)state;
	set_up(3);
	atomic_store(&bench.servers[0].refuses, 1);
	atomic_store(&bench.servers[2].refuses, 1);
	make_resolver();
	for (unsigned i = 0; i < 60; i++)
		ask_for("ok.test");
	run(60);
	for (unsigned i = 0; i < 60; i++)
		assert_address(&bench.asks[i]);
	for (unsigned i = 0; i < 3; i++)
		assert_true(bench.servers[i].udp_queries > 0);
	tear_down();
}

/* Nobody listens there: the kernel says so, and nothing waits for a time-out. */
static void test_a_dead_server(void **state)
{
	struct ask *alone;

	(void)state;
	set_up(2);
	dns_server_stop(&bench.servers[1]);
	bench.servers_count = 1;
	bench.limits.dns_timeout_ms = 30000;
	make_resolver();
	for (unsigned i = 0; i < 100; i++)
		ask_for("ok.test");
	run(100);
	for (unsigned i = 0; i < 100; i++)
		assert_address(&bench.asks[i]);
	bench.resolver->free(bench.resolver);
	bench.settings.name_servers = &bench.name_servers[1];
	bench.settings.name_servers_count = 1;
	bench.resolver = stub_resolver_new(bench.base, &bench.settings);
	alone = ask_for("ok.test");
	run(101);
	assert_int_equal(alone->result.answer.status, DNS_STATUS_NETWORK_ERROR);
	tear_down();
}

static void test_tcp_that_closes(void **state)
{
	struct ask *ask;

	(void)state;
	set_up(1);
	bench.limits.dns_retries = 1;
	make_resolver();
	ask = ask_for("close.test");
	run(1);
	assert_int_equal(ask->result.answer.status, DNS_STATUS_NETWORK_ERROR);
	assert_int_equal(bench.servers[0].tcp_queries, 2);
	tear_down();
}

static void test_an_answer_over_the_cap(void **state)
{
	struct ask *ask;

	(void)state;
	set_up(1);
	bench.limits.dns_retries = 0;
	bench.limits.dns_message_bytes = 20;
	make_resolver();
	ask = ask_for("tc.test");
	run(1);
	assert_int_equal(ask->result.answer.status, DNS_STATUS_NETWORK_ERROR);
	tear_down();
}

/* Thousands at once, few in flight: all come back, from many ports. */
static void test_many(void **state)
{
	(void)state;
	set_up(2);
	bench.limits.dns_in_flight = 50;
	bench.limits.dns_timeout_ms = 2000;
	make_resolver();
	for (unsigned i = 0; i < LOOKUPS_MAX; i++)
		ask_for(i % 10 == 0 ? "tc.test" : "ok.test");
	run(LOOKUPS_MAX);
	for (unsigned i = 0; i < LOOKUPS_MAX; i++)
		assert_address(&bench.asks[i]);
	for (unsigned i = 0; i < 2; i++)
		assert_true(bench.servers[i].source_ports >= 20);
	tear_down();
}

static void test_rates(void **state)
{
	enum { PER_SECOND = 200, COUNT = 100 };

	(void)state;
	set_up(1);
	bench.limits.dns_rate_per_second = PER_SECOND;
	make_resolver();
	for (unsigned i = 0; i < COUNT; i++)
		ask_for("ok.test");
	run(COUNT);
	double seconds = (double)(bench.servers[0].last_us - bench.servers[0].first_us) / 1e6;

	/* The burst goes at once; the rest must take its time. */
	assert_true(seconds >= (COUNT - 1 - PER_SECOND * 0.02) / PER_SECOND * 0.98);
	assert_true(seconds < 3);
	tear_down();
}

static void test_rate_of_one_server(void **state)
{
	(void)state;
	set_up(2);
	bench.limits.dns_rate_per_server = 100;
	make_resolver();
	for (unsigned i = 0; i < 80; i++)
		ask_for("ok.test");
	run(80);
	for (unsigned i = 0; i < 2; i++) {
		double seconds =
			(double)(bench.servers[i].last_us - bench.servers[i].first_us) / 1e6;

		assert_true(seconds >= (bench.servers[i].udp_queries - 1 - 2.0) / 100 * 0.98);
	}
	tear_down();
}

/* A cancelled lookup is never heard of again, wherever it stood. */
static void test_cancel(void **state)
{
	struct ask *waiting, *in_flight, *last;

	(void)state;
	set_up(1);
	bench.limits.dns_in_flight = 1;
	make_resolver();
	in_flight = ask_for("ok.test");
	bench.resolver->flush(bench.resolver);
	waiting = ask_for("ok.test");
	bench.resolver->flush(bench.resolver);
	bench.resolver->cancel(bench.resolver, &in_flight->resolution);
	bench.resolver->cancel(bench.resolver, &waiting->resolution);
	bench.resolver->cancel(bench.resolver, &waiting->resolution);
	last = ask_for("ok.test");
	run(1);
	assert_address(last);
	assert_int_equal(in_flight->done + waiting->done, 0);
	ask_for("silent.test");
	ask_for("silent.test");
	bench.resolver->flush(bench.resolver);
	tear_down(); /* with one in flight and one waiting */
}

/* The least arena: an answer that does not fit is a local limit, not a crash. */
static void test_full_arena(void **state)
{
	struct ask *ask;

	(void)state;
	set_up(1);
	make_resolver();
	ask = ask_for("ok.test");
	ask->arena.cap_bytes = 16;
	run(1);
	assert_int_equal(ask->result.answer.status, DNS_STATUS_LOCAL_LIMIT);
	tear_down();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_forged_answers_are_dropped),
		cmocka_unit_test(test_few_descriptors),
		cmocka_unit_test(test_silence),
		cmocka_unit_test(test_another_server_is_asked),
		cmocka_unit_test(test_a_dead_server),
		cmocka_unit_test(test_tcp_that_closes),
		cmocka_unit_test(test_an_answer_over_the_cap),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_rates),
		cmocka_unit_test(test_rate_of_one_server),
		cmocka_unit_test(test_cancel),
		cmocka_unit_test(test_full_arena),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
