/*
 * See helper_talker.h.
 */
#include "helper_talker.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <event2/event.h>
#include <openssl/sha.h>

#include "workers/clock.h"

enum { WAIT_MS = 10000 };

static void keep(char *out, size_t size, struct span text)
{
	size_t len = text.len < size - 1 ? text.len : size - 1;

	memcpy(out, text.data != NULL ? text.data : (const uint8_t *)"", len);
	out[len] = '\0';
}

static struct transport on_connected(void *context)
{
	struct talker *talker = context;

	if (talker->tls_first)
		return (struct transport){.action = TRANSPORT_START_TLS};
	if (talker->tls_on_line)
		return (struct transport){.action = TRANSPORT_READ};
	return (struct transport){.action = TRANSPORT_READ, .send = talker->says};
}

static struct transport on_bytes(void *context, struct span bytes)
{
	struct talker *talker = context;
	struct transport answer = {.action = TRANSPORT_READ};

	for (size_t i = 0; i < bytes.len && talker->heard_len < TALKER_HEARD_MAX - 1; i++)
		talker->heard[talker->heard_len++] = (char)bytes.data[i];
	if (talker->heard_len == 0 || talker->heard[talker->heard_len - 1] != '\n')
		return answer;
	if (talker->tls_on_line && !talker->tls_up)
		answer.action = TRANSPORT_START_TLS;
	else if (strstr(talker->heard, "bye") != NULL)
		answer = (struct transport){.action = TRANSPORT_CLOSE, .send = span_text("end\n")};
	return answer;
}

static struct transport on_tls(void *context, const struct tls_facts *tls)
{
	struct talker *talker = context;

	talker->tls_up = true;
	keep(talker->version, sizeof(talker->version), tls->version);
	keep(talker->cipher, sizeof(talker->cipher), tls->cipher);
	keep(talker->group, sizeof(talker->group), tls->group);
	keep(talker->alpn, sizeof(talker->alpn), tls->alpn);
	talker->chain_count = tls->chain.count;
	memcpy(talker->leaf, tls->chain.items[0].data, TALKER_HASH_BYTES);
	if (talker->close_at_tls)
		return (struct transport){.action = TRANSPORT_CLOSE};
	return (struct transport){.action = TRANSPORT_READ, .send = talker->says};
}

static const struct machine machine = {
	.on_connected = on_connected,
	.on_bytes = on_bytes,
	.on_tls = on_tls,
};

static bool on_certificate(void *context, struct span sha256, struct span der)
{
	struct talker *talker = context;
	uint8_t hash[TALKER_HASH_BYTES];

	SHA256(der.data, der.len, hash);
	assert_memory_equal(sha256.data, hash, TALKER_HASH_BYTES);
	talker->certificates++;
	return true;
}

static void on_ended(void *context, const struct connection_end *end)
{
	struct talker *talker = context;

	assert_false(talker->ended);
	talker->ended = true;
	talker->end = *end;
	keep(talker->detail, sizeof(talker->detail), end->detail);
}

static void on_closed(const void *context, void *token)
{
	struct talker *talker = token;

	assert_ptr_equal(context, &machine);
	talker->closed++;
}

/* --- the bench -------------------------------------------------------------------------------- */

struct limits talker_limits;
struct event_base *talker_base;
struct metrics *talker_metrics;
struct server *talker_server;
static struct connector *connector;

int talker_set_up(void **state)
{
	(void)state;
	talker_limits = limits_defaults();
	talker_limits.connect_timeout_ms = 3000;
	talker_limits.network_timeout_ms = 3000;
	talker_limits.target_timeout_ms = 5000;
	talker_base = event_base_new();
	talker_metrics = metrics_new(1);
	talker_server = calloc(1, sizeof(*talker_server));
	return 0;
}

void talker_free_connector(void)
{
	connector_free(connector);
	connector = NULL;
}

int talker_tear_down(void **state)
{
	(void)state;
	talker_free_connector();
	event_base_free(talker_base);
	assert_int_equal(metrics_value(talker_metrics, 0, METRIC(connections_opened)),
			 metrics_value(talker_metrics, 0, METRIC(connections_closed)));
	metrics_free(talker_metrics);
	free(talker_server);
	return 0;
}

void talker_serve(server_script script)
{
	talker_server->script = script;
	server_start(talker_server);
}

void talker_stop_tls(void)
{
	server_stop(talker_server);
	server_free_tls(talker_server);
}

struct connection *talker_open(uint16_t port, enum tls_use use, struct talker *talker)
{
	struct connection_plan plan = {
		.address = address_from_text(span_text("127.0.0.1")),
		.port = port,
		.sni = span_text("mx.example.test"),
		.use = use,
		.life_ms = talker_limits.target_timeout_ms,
		.machine = &machine,
		.machine_context = talker,
		.context = talker,
		.certificate = on_certificate,
		.ended = on_ended,
		.closed_context = &machine,
		.closed_token = talker,
		.closed = on_closed,
	};

	if (connector == NULL)
		connector = connector_new(&(struct connector_settings){
			.base = talker_base,
			.limits = &talker_limits,
			.metrics = talker_metrics,
		});
	return connection_open(connector, &plan);
}

void talker_wait(const struct talker *talker)
{
	struct timeval tick = {.tv_usec = 20000};
	int64_t until_us = clock_read_us(CLOCK_MONOTONIC) + WAIT_MS * US_PER_MS;

	while (talker->closed == 0) {
		assert_true(clock_read_us(CLOCK_MONOTONIC) < until_us);
		event_base_loopexit(talker_base, &tick);
		event_base_loop(talker_base, EVLOOP_ONCE);
	}
}

void talker_talk(enum tls_use use, struct talker *talker)
{
	assert_non_null(talker_open(talker_server->port, use, talker));
	assert_int_equal(talker->ended + talker->closed, 0);
	talker_wait(talker);
}

void talker_assert_end(const struct talker *talker, enum transport_end end)
{
	assert_false(talker->end.by_machine);
	assert_int_equal(talker->end.end, end);
}
