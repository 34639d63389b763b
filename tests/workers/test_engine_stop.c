/*
 * The engine stopped at any moment: threads, limits, the resolver, the way of stopping and its time
 * are drawn by lot, over and over. What must hold whatever was drawn: nothing is recorded twice, a
 * graceful stop ends in time, and every connection that was opened is closed. Run under the
 * sanitizers, this is the test of lifetimes. The lot's seed is printed; STSWEEP_TEST_SEED gives one
 * and STSWEEP_TEST_ROUNDS a number of rounds.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <pthread.h>
#include <unistd.h>

#include "helper_dns_server.h"
#include "helper_resolver.h"
#include "helper_server.h"
#include "workers/clock.h"
#include "workers/engine.h"

enum {
	THREADS_MAX = 3,
	TARGETS = 400,
	HOSTS = 60,
	ROUNDS = 25,
	WAIT_MS = 20000,
	STOP_AFTER_US = 80000,
};

struct kept {
	struct sink sink;
	uint8_t domains[TARGETS];
	uint8_t hosts[HOSTS];
};

static struct server smtp;
static struct server https;
static struct dns_server dns;
static struct name_server name_server;
static struct fake_world world = {.hosts = HOSTS, .providers = 7};
static unsigned seed;

static unsigned lot(unsigned below)
{
	return (unsigned)rand_r(&seed) % below;
}

/* --- servers that do not all behave --- */

static void serve_smtp(struct server *server, int connection)
{
	static _Atomic unsigned turn;
	char line[600];
	SSL *session;

	switch (atomic_fetch_add(&turn, 1) % 4) {
	case 0: /* closed at once */
		return;
	case 1: /* silent until the other side goes */
		server_hear(connection, line, sizeof(line));
		return;
	case 2:
		usleep(20000);
		break;
	}
	server_say(connection, "220 mx.test ESMTP\r\n");
	if (!server_hear(connection, line, sizeof(line)))
		return;
	server_say(connection, "250-mx.test\r\n250 STARTTLS\r\n");
	if (!server_hear(connection, line, sizeof(line)) || strcmp(line, "STARTTLS") != 0)
		return;
	server_say(connection, "220 go\r\n");
	session = server_tls(server, connection);
	if (session == NULL)
		return;
	while (server_tls_hear(session, line, sizeof(line)))
		server_tls_say(session, "250 mx.test\r\n");
	SSL_free(session);
}

static void serve_https(struct server *server, int connection)
{
	SSL *session = server_tls(server, connection);
	char line[600] = "-";

	if (session == NULL)
		return;
	while (line[0] != '\0' && server_tls_hear(session, line, sizeof(line)))
		;
	server_tls_say(session, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
	SSL_free(session);
}

/* --- sinks --- */

static bool keep_domain(struct sink *sink, const struct domain_record *domain)
{
	((struct kept *)sink)->domains[domain->index]++;
	return true;
}

static bool keep_host(struct sink *sink, const struct host_record *host)
{
	unsigned number;

	if (sscanf((const char *)host->host.data, "mx%u.", &number) == 1 && number < HOSTS)
		((struct kept *)sink)->hosts[number]++;
	return true;
}

static bool keep_certificate(struct sink *sink, struct span sha256, struct span der)
{
	(void)sink;
	return sha256.len == SERVER_HASH_BYTES && der.len > 0;
}

/* --- a round --- */

struct round {
	struct limits limits;
	struct step_settings steps;
	struct engine_settings settings;
	struct engine *engine;
	struct metrics *metrics;
	struct kept kept[THREADS_MAX];
	unsigned targets;
	bool input_ends;
};

/* The one reader; it ends by itself when the engine is stopped. */
static void *read_list(void *context)
{
	static const char *const prefixes[] = {"d",       "d",   "d",        "slow",
					       "silent.", "tc.", "servfail."};
	struct round *round = context;

	for (unsigned i = 0; i < round->targets; i++) {
		char name[64];
		struct target target = {.index = i, .rank = NUMBER_NULL};

		snprintf(name, sizeof(name), "%s%u.test", prefixes[i % ARRAY_LENGTH(prefixes)], i);
		target.name = target.input = span_text(name);
		if (engine_push(round->engine, &target, 1) == 0)
			return NULL;
	}
	if (round->input_ends)
		engine_finish_input(round->engine);
	return NULL;
}

/* What the name server of the tests answers is not of this machine. */
static bool is_elsewhere(void *context, struct address address)
{
	(void)context;
	return !address_equal(address, address_from_text(span_text("127.0.0.1")));
}

static void draw(struct round *round)
{
	round->limits = limits_defaults();
	round->limits.domains_in_flight = 1 + lot(200);
	round->limits.host_jobs_count = 1 + lot(50);
	round->limits.provider_rate_per_minute = lot(2) == 0 ? 6000000 : 6000;
	round->limits.address_rate_per_minute = 6000000;
	round->limits.address_connections_count = 1 + lot(20);
	round->limits.retry_delay_ms = lot(30);
	round->limits.dns_timeout_ms = 10 + lot(50);
	round->limits.dns_rate_per_second = lot(2) == 0 ? 10000 : 1000;
	round->limits.connect_timeout_ms = 500;
	round->limits.network_timeout_ms = 20 + lot(500);
	round->limits.target_timeout_ms = 600 + lot(600);
	round->targets = 1 + lot(TARGETS);
	round->input_ends = lot(3) == 0;
	round->steps = (struct step_settings){
		.limits = &round->limits,
		.stage_policy = true,
		.stage_smtp = true,
		.always_fetch = lot(4) == 0,
		.allow_reserved = true,
		.ipv4 = true,
		.ipv6 = lot(2) == 0,
		.ehlo_domain = span_text("scanner.test"),
		.user_agent = span_text("test"),
	};
	round->settings = (struct engine_settings){
		.limits = &round->limits,
		.steps = &round->steps,
		.threads = 1 + lot(THREADS_MAX),
		.name_servers = &name_server,
		.name_servers_count = 1,
		.psl = psl_builtin(),
		.smtp_port = smtp.port,
		.https_port = https.port,
		.context = &world,
		.address_excluded = is_elsewhere,
		.resolver_new = lot(3) == 0 ? NULL : fake_resolver_new,
	};
}

static void assert_nothing_twice(const struct round *round)
{
	for (unsigned n = 0; n < TARGETS; n++)
		assert_true(round->kept[0].domains[n] + round->kept[1].domains[n] +
				    round->kept[2].domains[n] <=
			    1);
	for (unsigned n = 0; n < HOSTS; n++)
		assert_true(round->kept[0].hosts[n] + round->kept[1].hosts[n] +
				    round->kept[2].hosts[n] <=
			    1);
}

static void stop_somehow(struct round *round)
{
	usleep(lot(STOP_AFTER_US));
	switch (lot(4)) {
	case 0:
		engine_stop(round->engine, false);
		assert_true(engine_wait(round->engine, WAIT_MS));
		break;
	case 1:
		engine_stop(round->engine, true);
		assert_true(engine_wait(round->engine, WAIT_MS));
		break;
	case 2:
		engine_stop(round->engine, false);
		usleep(lot(STOP_AFTER_US));
		engine_stop(round->engine, true);
		break;
	case 3: /* whole, or left while it runs */
		(void)engine_wait(round->engine, 100);
		engine_stop(round->engine, lot(2) == 0);
		break;
	}
}

static void play(void)
{
	struct round *round = calloc(1, sizeof(*round));
	struct sink *sinks[THREADS_MAX];
	struct metrics_totals totals;
	struct backlog backlog[4];
	pthread_t reader;

	draw(round);
	for (unsigned i = 0; i < THREADS_MAX; i++) {
		round->kept[i].sink = (struct sink){
			.domain = keep_domain,
			.host = keep_host,
			.certificate = keep_certificate,
		};
		sinks[i] = &round->kept[i].sink;
	}
	round->metrics = metrics_new(round->settings.threads + 1);
	round->engine = engine_new(&round->settings, sinks, round->metrics);
	assert_non_null(round->engine);
	assert_true(engine_start(round->engine));
	assert_int_equal(pthread_create(&reader, NULL, read_list, round), 0);
	if (lot(2) == 0)
		(void)engine_backlog(round->engine, backlog, ARRAY_LENGTH(backlog));
	stop_somehow(round);
	pthread_join(reader, NULL);
	assert_false(engine_failed(round->engine));
	engine_free(round->engine);
	assert_nothing_twice(round);
	metrics_read(round->metrics, &totals);
	assert_int_equal(totals.connections_opened, totals.connections_closed);
	assert_true(totals.targets_done + totals.targets_dropped <= totals.targets_taken);
	metrics_free(round->metrics);
	free(round);
}

/* --- the test --- */

static int set_up(void **state)
{
	(void)state;
	server_make_tls(&smtp, "mx0.p0.test");
	server_make_tls(&https, "mta-sts.d0.test");
	smtp.script = serve_smtp;
	https.script = serve_https;
	server_start(&smtp);
	server_start(&https);
	dns_server_start(&dns);
	name_server = (struct name_server){
		.address = address_from_text(span_text("127.0.0.1")),
		.port = dns.port,
		.trusted = true,
		.validating = true,
	};
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	server_stop(&smtp);
	server_stop(&https);
	server_free_tls(&smtp);
	server_free_tls(&https);
	dns_server_stop(&dns);
	return 0;
}

static void test_stopped_at_any_moment(void **state)
{
	const char *given = getenv("STSWEEP_TEST_SEED"), *rounds = getenv("STSWEEP_TEST_ROUNDS");
	unsigned count = rounds != NULL ? (unsigned)strtoul(rounds, NULL, 10) : ROUNDS;

	(void)state;
	seed = given != NULL ? (unsigned)strtoul(given, NULL, 10)
			     : (unsigned)clock_read_us(CLOCK_REALTIME);
	for (unsigned i = 0; i < count; i++) {
		print_message("round %u, seed %u\n", i, seed);
		play();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_stopped_at_any_moment, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
