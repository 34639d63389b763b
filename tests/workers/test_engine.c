/*
 * The engine from end to end: targets in, records out of the sinks, with a resolver that makes
 * names up and an SMTP and an HTTPS server on loopback. Whole runs, stopped ones, failing ones.
 * Every wait is bounded.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <unistd.h>

#include "helper_resolver.h"
#include "helper_server.h"
#include "workers/clock.h"
#include "workers/engine.h"

enum { THREADS = 2, RECORDS_MAX = 4000, HOSTS_MAX = 500, WAIT_MS = 30000 };

/* --- servers ---------------------------------------------------------------------------------- */

static _Atomic int smtp_delay_us;

static void hear_out(SSL *session)
{
	char line[600];

	while (server_tls_hear(session, line, sizeof(line))) {
		if (strncmp(line, "EHLO", 4) == 0)
			server_tls_say(session, "250-mx.test\r\n250 REQUIRETLS\r\n");
		else if (strcmp(line, "QUIT") == 0)
			server_tls_say(session, "221 bye\r\n");
	}
}

static void serve_smtp(struct server *server, int connection)
{
	char line[600];
	SSL *session;

	usleep((unsigned)atomic_load(&smtp_delay_us));
	server_say(connection, "220 mx.test ESMTP\r\n");
	if (!server_hear(connection, line, sizeof(line)))
		return;
	server_say(connection, "250-mx.test\r\n250-SIZE 1000\r\n250 STARTTLS\r\n");
	if (!server_hear(connection, line, sizeof(line)) || strcmp(line, "STARTTLS") != 0)
		return;
	server_say(connection, "220 go\r\n");
	session = server_tls(server, connection);
	if (session == NULL)
		return;
	hear_out(session);
	atomic_fetch_add(&server->scripts_done, 1);
	SSL_free(session);
}

static void serve_https(struct server *server, int connection)
{
	static const char answer[] =
		"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
		"Content-Length: 58\r\n\r\n"
		"version: STSv1\r\nmode: none\r\nmax_age: 86400\r\nmx: *.p0.test\r\n";
	SSL *session = server_tls(server, connection);
	char line[600] = "-";

	if (session == NULL)
		return;
	while (line[0] != '\0' && server_tls_hear(session, line, sizeof(line)))
		;
	server_tls_say(session, answer);
	SSL_shutdown(session);
	SSL_free(session);
	atomic_fetch_add(&server->scripts_done, 1);
}

/* --- sinks ------------------------------------------------------------------------------------ */

struct kept {
	struct sink sink;
	size_t domains;
	size_t hosts;
	size_t certificates;
	size_t bodies;
	size_t with_tls;
	size_t excluded;
	int64_t indexes[RECORDS_MAX];
	char names[HOSTS_MAX][64];
	char reason[64];
	size_t refuse_after; /* domains; 0 for never */
};

static bool keep_domain(struct sink *sink, const struct domain_record *domain)
{
	struct kept *kept = (struct kept *)sink;

	if (kept->refuse_after != 0 && kept->domains == kept->refuse_after)
		return false;
	kept->indexes[kept->domains++] = domain->index;
	kept->bodies += domain->sts.policy.body.len > 0 ? 1 : 0;
	kept->excluded += domain->status == RECORD_STATUS_EXCLUDED ? 1 : 0;
	if (domain->status == RECORD_STATUS_INVALID_INPUT && domain->index == 0)
		snprintf(kept->reason, sizeof(kept->reason), "%.*s", (int)domain->reason.len,
			 (const char *)domain->reason.data);
	return true;
}

static bool keep_host(struct sink *sink, const struct host_record *host)
{
	struct kept *kept = (struct kept *)sink;

	snprintf(kept->names[kept->hosts++], sizeof(kept->names[0]), "%.*s", (int)host->host.len,
		 (const char *)host->host.data);
	if (host->addresses.count == 1 && host->addresses.items[0].outcome == OUTCOME_SUCCESS &&
	    host->addresses.items[0].tls.chain.count == 1 && host->addresses.items[0].started > 0)
		kept->with_tls++;
	return true;
}

static bool keep_certificate(struct sink *sink, struct span sha256, struct span der)
{
	struct kept *kept = (struct kept *)sink;

	kept->certificates += sha256.len == 32 && der.len > 100 ? 1 : 0;
	return true;
}

/* --- the bench -------------------------------------------------------------------------------- */

static struct limits limits;
static struct step_settings steps;
static struct engine_settings settings;
static struct fake_world world;
static struct kept *kept[THREADS];
static struct metrics *metrics;
static struct engine *engine;
static struct server *smtp;
static struct server *https;

static int set_up(void **state)
{
	(void)state;
	limits = limits_defaults();
	limits.provider_rate_per_minute = 6000000;
	limits.address_rate_per_minute = 6000000;
	limits.address_connections_count = 8;
	limits.retry_delay_ms = 50;
	limits.network_timeout_ms = 8000;
	limits.target_timeout_ms = 9000;
	smtp_delay_us = 0;
	smtp = calloc(1, sizeof(*smtp));
	https = calloc(1, sizeof(*https));
	server_make_tls(smtp, "mx0.p0.test");
	server_make_tls(https, "mta-sts.d0.test");
	smtp->script = serve_smtp;
	https->script = serve_https;
	server_start(smtp);
	server_start(https);
	steps = (struct step_settings){
		.limits = &limits,
		.vantage = span_text("test"),
		.stage_policy = true,
		.stage_smtp = true,
		.allow_reserved = true,
		.ipv4 = true,
		.ipv6 = true,
		.ehlo_domain = span_text("scanner.test"),
		.user_agent = span_text("test"),
	};
	world = (struct fake_world){.hosts = 40, .providers = 7};
	settings = (struct engine_settings){
		.limits = &limits,
		.steps = &steps,
		.threads = THREADS,
		.psl = psl_builtin(),
		.smtp_port = smtp->port,
		.https_port = https->port,
		.context = &world,
		.resolver_new = fake_resolver_new,
	};
	metrics = metrics_new(THREADS + 1);
	for (size_t i = 0; i < THREADS; i++) {
		kept[i] = calloc(1, sizeof(struct kept));
		kept[i]->sink = (struct sink){
			.domain = keep_domain,
			.host = keep_host,
			.certificate = keep_certificate,
		};
	}
	return 0;
}

static void begin(void)
{
	struct sink *sinks[THREADS];

	for (size_t i = 0; i < THREADS; i++)
		sinks[i] = &kept[i]->sink;
	engine = engine_new(&settings, sinks, metrics);
	assert_non_null(engine);
	assert_true(engine_start(engine));
}

static int tear_down(void **state)
{
	(void)state;
	engine_free(engine);
	engine = NULL;
	server_stop(smtp);
	server_stop(https);
	server_free_tls(smtp);
	server_free_tls(https);
	metrics_free(metrics);
	for (size_t i = 0; i < THREADS; i++)
		free(kept[i]);
	free(smtp);
	free(https);
	return 0;
}

static struct kept total(void)
{
	struct kept sum = {0};

	for (size_t i = 0; i < THREADS; i++) {
		sum.domains += kept[i]->domains;
		sum.hosts += kept[i]->hosts;
		sum.certificates += kept[i]->certificates;
		sum.bodies += kept[i]->bodies;
		sum.with_tls += kept[i]->with_tls;
		sum.excluded += kept[i]->excluded;
	}
	return sum;
}

static size_t push(int64_t number, const char *prefix)
{
	char name[64];
	struct target target = {.index = number, .rank = NUMBER_NULL};

	snprintf(name, sizeof(name), "%s%d.test", prefix, (int)number);
	target.name = target.input = span_text(name);
	return engine_push(engine, &target, 1);
}

static void push_many(int64_t count)
{
	for (int64_t i = 0; i < count; i++)
		assert_int_equal(push(i, "d"), 1);
}

static void assert_distinct(void)
{
	static uint8_t seen[RECORDS_MAX];

	memset(seen, 0, sizeof(seen));
	for (size_t i = 0; i < THREADS; i++) {
		for (size_t n = 0; n < kept[i]->domains; n++)
			assert_int_equal(seen[kept[i]->indexes[n]]++, 0);
	}
	for (size_t i = 0; i < THREADS; i++) {
		for (size_t n = 0; n < kept[i]->hosts; n++) {
			for (size_t j = 0; j < THREADS; j++) {
				for (size_t m = 0; m < kept[j]->hosts; m++)
					assert_true((i == j && n == m) ||
						    strcmp(kept[i]->names[n], kept[j]->names[m]) !=
							    0);
			}
		}
	}
}

/* --- whole runs ------------------------------------------------------------------------------- */

static void test_everything_once(void **state)
{
	enum { DOMAINS = 2000 };
	struct metrics_totals totals;
	struct kept sum;

	(void)state;
	limits.domains_in_flight = 50;
	begin();
	push_many(DOMAINS);
	engine_finish_input(engine);
	assert_true(engine_wait(engine, WAIT_MS));
	sum = total();
	assert_int_equal(sum.domains, DOMAINS);
	assert_int_equal(sum.hosts, 40);
	assert_int_equal(sum.with_tls, 40);
	assert_int_equal(sum.bodies, DOMAINS / 10);
	assert_int_equal(sum.certificates, 40 + DOMAINS / 10);
	assert_distinct();
	assert_false(engine_failed(engine));
	assert_int_equal(smtp->accepted, 40);
	assert_true(smtp->open_most <= 8 && https->open_most <= 8);
	metrics_read(metrics, &totals);
	assert_int_equal(totals.targets_taken, DOMAINS);
	assert_int_equal(totals.targets_done, DOMAINS);
	assert_int_equal(totals.targets_mx, DOMAINS);
	assert_int_equal(totals.targets_policy, DOMAINS / 10);
	assert_int_equal(totals.fetches[0][0], DOMAINS / 10);
	assert_int_equal(totals.probes[STAGE_NULL][OUTCOME_SUCCESS], 40);
	assert_int_equal(totals.hosts_wanted, 40);
	assert_int_equal(totals.hosts_done, 40);
	assert_int_equal(totals.hosts_tls, 40);
	engine_free(engine); /* closes what lingers */
	engine = NULL;
	metrics_read(metrics, &totals);
	assert_int_equal(totals.connections_opened, totals.connections_closed);
	assert_int_equal(totals.connections_opened, 40 + DOMAINS / 10);
}

static void test_no_targets(void **state)
{
	(void)state;
	begin();
	assert_false(engine_wait(engine, 50));
	engine_finish_input(engine);
	assert_true(engine_wait(engine, WAIT_MS));
}

static void test_targets_that_are_not_scanned(void **state)
{
	struct target targets[] = {
		{.index = 0,
		 .rank = 5,
		 .input = span_text("a..b"),
		 .invalid = NAME_FAULT_LABEL_EMPTY},
		{.index = 1,
		 .rank = NUMBER_NULL,
		 .name = span_text("d1.test"),
		 .input = span_text("d1.test"),
		 .status = RECORD_STATUS_EXCLUDED,
		 .reason = span_text("on the list")},
		{.index = 2, .rank = NUMBER_NULL, .input = span_text("")},
	};

	(void)state;
	targets[2].invalid = NAME_FAULT_EMPTY;
	begin();
	assert_int_equal(engine_push(engine, targets, 3), 3);
	engine_finish_input(engine);
	assert_true(engine_wait(engine, WAIT_MS));
	assert_int_equal(total().domains, 3);
	assert_int_equal(total().excluded, 1);
	assert_int_equal(total().hosts, 0);
	assert_true(strcmp(kept[0]->reason, "empty-label") == 0 ||
		    strcmp(kept[1]->reason, "empty-label") == 0);
	assert_int_equal(smtp->accepted, 0);
}

static void test_stages_left_out(void **state)
{
	(void)state;
	steps.stage_smtp = false;
	steps.stage_policy = false;
	begin();
	push_many(100);
	engine_finish_input(engine);
	assert_true(engine_wait(engine, WAIT_MS));
	assert_int_equal(total().domains, 100);
	assert_int_equal(total().hosts, 0);
	assert_int_equal(smtp->accepted + https->accepted, 0);
}

static bool is_even(void *context, struct span host)
{
	(void)context;
	return (host.data[span_find(host, '.') - 1] - '0') % 2 == 0;
}

static void test_a_resumed_scan(void **state)
{
	(void)state;
	settings.host_known = is_even;
	begin();
	engine_want_host(engine, span_text("mx0.p0.test"));
	engine_want_host(engine, span_text("mx1.p1.test"));
	engine_want_host(engine, span_text("mx77.p0.test"));
	push_many(10); /* mx0 to mx9 */
	engine_finish_input(engine);
	assert_true(engine_wait(engine, WAIT_MS));
	assert_int_equal(total().domains, 10);
	assert_int_equal(total().hosts, 5 + 1);
	assert_distinct();
}

/* A policy is fetched from the next address where no connection came; a host probed at each. */
static void test_another_address(void **state)
{
	struct metrics_totals totals;

	(void)state;
	world.dead_first = true;
	begin();
	push_many(50);
	engine_finish_input(engine);
	assert_true(engine_wait(engine, WAIT_MS));
	assert_int_equal(total().domains, 50);
	assert_int_equal(total().bodies, 5);
	assert_int_equal(total().hosts, 40);
	metrics_read(metrics, &totals);
	assert_int_equal(totals.fetches[0][0], 5);
	assert_int_equal(totals.probes[STAGE_NULL][OUTCOME_SUCCESS], 40);
	assert_int_equal(totals.probes[STAGE_TCP][OUTCOME_REFUSED], 40);
}

/*
 * However little memory a job has, it comes to an end, and is recorded if there is room for a
 * record at all.
 */
static void test_small_arenas(void **state)
{
	static const int64_t sizes[] = {4096, 6000, 8192, 10000, 12288, 16384, 20000, 32768};

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		size_t before = total().domains;

		limits.domain_arena_bytes = sizes[i];
		limits.host_arena_bytes = sizes[i];
		begin();
		for (int64_t n = 0; n < 20 && push((int64_t)i * 20 + n, "d") == 1; n++)
			;
		engine_finish_input(engine);
		assert_true(engine_wait(engine, WAIT_MS));
		assert_true(engine_failed(engine) || total().domains == before + 20);
		assert_true(sizes[i] < 16384 || !engine_failed(engine));
		engine_free(engine);
	}
	begin();
}

static bool exclude_all(void *context, struct address address)
{
	(void)context;
	(void)address;
	return true;
}

static void test_excluded_addresses_get_no_packet(void **state)
{
	(void)state;
	settings.address_excluded = exclude_all;
	begin();
	push_many(20);
	engine_finish_input(engine);
	assert_true(engine_wait(engine, WAIT_MS));
	assert_int_equal(total().domains, 20);
	assert_int_equal(total().hosts, 20);
	assert_int_equal(total().with_tls + total().bodies, 0);
	assert_int_equal(smtp->accepted + https->accepted, 0);
}

/* The servers see the spacing: no two connections of one provider nearer than it. */
static void test_spacing(void **state)
{
	(void)state;
	world = (struct fake_world){.hosts = 10, .providers = 1};
	limits.provider_rate_per_minute = 1200; /* 50 ms */
	steps.stage_policy = false;
	begin();
	push_many(10);
	engine_finish_input(engine);
	assert_true(engine_wait(engine, WAIT_MS));
	assert_int_equal(smtp->accepted, 10);
	/* Accepted by another thread, so a little early or late; over all, nothing is gained. */
	assert_true(smtp->accepted_us[9] - smtp->accepted_us[0] >= 9 * 50000 - 10000);
}

/* --- stopped runs ----------------------------------------------------------------------------- */

static int64_t stop_and_wait(bool immediately)
{
	int64_t before_us = clock_read_us(CLOCK_MONOTONIC);

	engine_stop(engine, immediately);
	assert_true(engine_wait(engine, WAIT_MS));
	return (clock_read_us(CLOCK_MONOTONIC) - before_us) / US_PER_MS;
}

static void wait_for_connections(unsigned count)
{
	for (int i = 0; i < WAIT_MS && smtp->accepted < count; i++)
		usleep(1000);
	assert_true(smtp->accepted >= count);
}

/* What is open comes to its end and is recorded; what waits is not; and nothing is begun. */
static void test_graceful_stop(void **state)
{
	unsigned accepted;

	(void)state;
	limits.address_connections_count = 4;
	smtp_delay_us = 300000;
	steps.stage_policy = false;
	begin();
	push_many(100);
	wait_for_connections(4);
	accepted = smtp->accepted;
	assert_true(stop_and_wait(false) < 5000);
	assert_true(total().domains > 0 && total().domains <= 100);
	assert_true(total().hosts >= 4 && total().hosts < 40);
	assert_int_equal(total().hosts, total().with_tls);
	assert_true(smtp->accepted <= accepted + 1);
	assert_int_equal(push(1, "d"), 0);
	assert_false(engine_failed(engine));
	assert_distinct();
}

static void test_immediate_stop(void **state)
{
	(void)state;
	smtp_delay_us = 2000000;
	steps.stage_policy = false;
	begin();
	push_many(100);
	wait_for_connections(1);
	assert_true(stop_and_wait(true) < 1000);
	assert_int_equal(total().hosts, 0);
}

/* Jobs that wait for an answer that never comes are given up when patience ends. */
static void test_stop_with_lookups_open(void **state)
{
	struct metrics_totals totals;

	(void)state;
	limits.target_timeout_ms = 200;
	begin();
	for (int64_t i = 0; i < 20; i++)
		push(i, "slow");
	push(20, "d");
	while (metrics_value(metrics, 0, METRIC(targets_done)) +
		       metrics_value(metrics, 1, METRIC(targets_done)) ==
	       0)
		usleep(1000);
	int64_t took_ms = stop_and_wait(false);

	assert_true(took_ms >= 150 && took_ms < 3000);
	assert_int_equal(total().domains, 1);
	metrics_read(metrics, &totals);
	assert_int_equal(totals.targets_dropped, 20);
}

static void test_freed_while_running(void **state)
{
	(void)state;
	smtp_delay_us = 100000;
	begin();
	push_many(200);
}

static void test_a_sink_that_refuses(void **state)
{
	size_t pushed = 0;

	(void)state;
	kept[0]->refuse_after = 5;
	kept[1]->refuse_after = 5;
	limits.domains_in_flight = 20;
	begin();
	while (pushed < 1000 && push((int64_t)pushed, "d") == 1)
		pushed++;
	assert_true(pushed < 1000);
	assert_true(engine_wait(engine, WAIT_MS));
	assert_true(engine_failed(engine));
	assert_true(total().domains <= 10);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_everything_once),
		TEST(test_no_targets),
		TEST(test_targets_that_are_not_scanned),
		TEST(test_stages_left_out),
		TEST(test_a_resumed_scan),
		TEST(test_excluded_addresses_get_no_packet),
		TEST(test_another_address),
		TEST(test_small_arenas),
		TEST(test_spacing),
		TEST(test_graceful_stop),
		TEST(test_immediate_stop),
		TEST(test_stop_with_lookups_open),
		TEST(test_freed_while_running),
		TEST(test_a_sink_that_refuses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
