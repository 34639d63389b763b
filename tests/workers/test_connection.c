/*
 * Connections against servers on loopback: how each of them ends, what TLS tells, deadlines and caps. The machine under
 * test is a small one of our own: it waits for a line, may ask for TLS, says a line, and closes on "bye".
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <event2/event.h>
#include <openssl/sha.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "helper_server.h"
#include "workers/clock.h"
#include "workers/connection.h"
#include "workers/metrics.h"

enum { WAIT_MS = 10000, HEARD_MAX = 4096, HASH_BYTES = 32 };

/* --- the client's side ------------------------------------------------------------------------ */

struct talker {
	bool tls_first;   /* asks for TLS when connected */
	bool tls_on_line; /* asks for TLS after the first line */
	bool close_at_tls;
	struct span says; /* when connected or when TLS is up */
	char heard[HEARD_MAX];
	size_t heard_len;
	bool tls_up;
	char version[16];
	char cipher[64];
	char group[32];
	char alpn[16];
	uint8_t leaf[HASH_BYTES];
	size_t chain_count;
	unsigned certificates;
	bool ended;
	unsigned closed;
	struct connection_end end;
	char detail[128];
};

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

	for (size_t i = 0; i < bytes.len && talker->heard_len < HEARD_MAX - 1; i++)
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
	memcpy(talker->leaf, tls->chain.items[0].data, HASH_BYTES);
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
	uint8_t hash[HASH_BYTES];

	SHA256(der.data, der.len, hash);
	assert_memory_equal(sha256.data, hash, HASH_BYTES);
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

static struct limits limits;
static struct event_base *base;
static struct metrics *metrics;
static struct connector *connector;
static struct server *server;

static int set_up(void **state)
{
	struct event_config *config = event_config_new();

	(void)state;
	limits = limits_defaults();
	limits.connect_timeout_ms = 3000;
	limits.network_timeout_ms = 3000;
	limits.target_timeout_ms = 5000;
	event_config_set_flag(config, EVENT_BASE_FLAG_EPOLL_USE_CHANGELIST);
	base = event_base_new_with_config(config);
	event_config_free(config);
	metrics = metrics_new(1);
	server = calloc(1, sizeof(*server));
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	connector_free(connector);
	connector = NULL;
	event_base_free(base);
	assert_int_equal(metrics_value(metrics, 0, METRIC(connections_opened)),
			 metrics_value(metrics, 0, METRIC(connections_closed)));
	metrics_free(metrics);
	free(server);
	return 0;
}

static void serve(server_script script)
{
	server->script = script;
	server_start(server);
}

static void stop_tls(void)
{
	server_stop(server);
	server_free_tls(server);
}

static struct connection *open_to(uint16_t port, enum tls_use use, struct talker *talker)
{
	struct connection_plan plan = {
		.address = address_from_text(span_text("127.0.0.1")),
		.port = port,
		.sni = span_text("mx.example.test"),
		.use = use,
		.life_ms = limits.target_timeout_ms,
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
			.base = base,
			.limits = &limits,
			.metrics = metrics,
		});
	return connection_open(connector, &plan);
}

static void run_until_closed(const struct talker *talker)
{
	struct timeval tick = {.tv_usec = 20000};
	int64_t until_us = clock_read_us(CLOCK_MONOTONIC) + WAIT_MS * US_PER_MS;

	while (talker->closed == 0) {
		assert_true(clock_read_us(CLOCK_MONOTONIC) < until_us);
		event_base_loopexit(base, &tick);
		event_base_loop(base, EVLOOP_ONCE);
	}
}

static void talk(enum tls_use use, struct talker *talker)
{
	assert_non_null(open_to(server->port, use, talker));
	assert_int_equal(talker->ended + talker->closed, 0);
	run_until_closed(talker);
}

static void assert_end(const struct talker *talker, enum transport_end end)
{
	assert_false(talker->end.by_machine);
	assert_int_equal(talker->end.end, end);
}

/* --- without TLS ------------------------------------------------------------------------------ */

static void script_dialogue(struct server *of, int connection)
{
	char line[100];

	server_say(connection, "hel");
	usleep(20000);
	server_say(connection, "lo\n");
	if (!server_hear(connection, line, sizeof(line)) || strcmp(line, "good day") != 0)
		return;
	server_say(connection, "bye\n");
	if (server_hear(connection, line, sizeof(line)) && strcmp(line, "end") == 0 &&
	    !server_hear(connection, line, sizeof(line)))
		atomic_fetch_add(&of->scripts_done, 1);
}

static void test_dialogue(void **state)
{
	struct talker talker = {.says = span_text("good day\n")};

	(void)state;
	serve(script_dialogue);
	talk(TLS_USE_SMTP, &talker);
	assert_true(talker.end.by_machine);
	assert_true(talker.end.connected);
	assert_string_equal(talker.heard, "hello\nbye\n");
	server_stop(server);
	assert_int_equal(server->scripts_done, 1);
	assert_int_equal(metrics_value(metrics, 0, METRIC(bytes_received)), 10);
	assert_int_equal(metrics_value(metrics, 0, METRIC(bytes_sent)), 13);
}

static void test_refused(void **state)
{
	struct talker talker = {0};

	(void)state;
	serve(script_dialogue);
	server_stop(server);
	talk(TLS_USE_SMTP, &talker);
	assert_end(&talker, TRANSPORT_END_REFUSED);
	assert_false(talker.end.connected);
}

static void script_close(struct server *of, int connection)
{
	(void)of;
	server_say(connection, "hello\n");
}

static void test_closed(void **state)
{
	struct talker talker = {0};

	(void)state;
	serve(script_close);
	talk(TLS_USE_SMTP, &talker);
	server_stop(server);
	assert_end(&talker, TRANSPORT_END_CLOSED);
	assert_true(talker.end.connected);
	assert_string_equal(talker.heard, "hello\n");
}

static void script_reset(struct server *of, int connection)
{
	struct linger none = {.l_onoff = 1, .l_linger = 0};

	(void)of;
	setsockopt(connection, SOL_SOCKET, SO_LINGER, &none, sizeof(none));
}

static void test_reset(void **state)
{
	struct talker talker = {0};

	(void)state;
	serve(script_reset);
	talk(TLS_USE_SMTP, &talker);
	server_stop(server);
	assert_end(&talker, TRANSPORT_END_RESET);
}

static void script_silent(struct server *of, int connection)
{
	char bytes[4096];

	(void)of;
	while (recv(connection, bytes, sizeof(bytes), 0) > 0)
		;
}

static void test_silence(void **state)
{
	struct talker talker = {0};
	int64_t before_us = clock_read_us(CLOCK_MONOTONIC);

	(void)state;
	limits.network_timeout_ms = 150;
	serve(script_silent);
	talk(TLS_USE_SMTP, &talker);
	int64_t took_ms = (clock_read_us(CLOCK_MONOTONIC) - before_us) / US_PER_MS;

	server_stop(server);
	assert_end(&talker, TRANSPORT_END_TIMEOUT);
	assert_true(talker.end.connected);
	assert_true(took_ms >= 145 && took_ms < 2500);
}

static void script_drip(struct server *of, int connection)
{
	(void)of;
	for (int i = 0; i < 100 && send(connection, "x", 1, MSG_NOSIGNAL) == 1; i++)
		usleep(20000);
}

/* Bytes that trickle in keep off the silence's deadline, not that of the whole life. */
static void test_a_long_life(void **state)
{
	struct talker talker = {0};

	(void)state;
	limits.network_timeout_ms = 200;
	limits.target_timeout_ms = 600;
	serve(script_drip);
	talk(TLS_USE_SMTP, &talker);
	server_stop(server);
	assert_end(&talker, TRANSPORT_END_TIMEOUT);
	assert_true(talker.heard_len > 12);
}

static void script_flood(struct server *of, int connection)
{
	char bytes[4096];

	(void)of;
	memset(bytes, 'x', sizeof(bytes));
	for (int i = 0; i < 1000 && send(connection, bytes, sizeof(bytes), MSG_NOSIGNAL) > 0; i++)
		;
}

static void test_a_flood(void **state)
{
	struct talker talker = {0};

	(void)state;
	limits.tls_read_bytes = 100000;
	serve(script_flood);
	talk(TLS_USE_SMTP, &talker);
	server_stop(server);
	assert_end(&talker, TRANSPORT_END_TOO_LARGE);
	assert_true(metrics_value(metrics, 0, METRIC(bytes_received)) < 100000 + 65536);
}

/* A backlog that is full: the connection neither comes nor is refused. */
static void test_connect_timeout(void **state)
{
	struct sockaddr_in name = {.sin_family = AF_INET,
				   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct talker talkers[4] = {0};
	socklen_t len = sizeof(name);
	int listener = socket(AF_INET, SOCK_STREAM, 0);

	(void)state;
	limits.connect_timeout_ms = 200;
	limits.network_timeout_ms = 1000;
	assert_int_equal(bind(listener, (const struct sockaddr *)&name, sizeof(name)), 0);
	assert_int_equal(listen(listener, 0), 0);
	getsockname(listener, (struct sockaddr *)&name, &len);
	for (size_t i = 0; i < 4; i++)
		open_to(ntohs(name.sin_port), TLS_USE_SMTP, &talkers[i]);
	for (size_t i = 0; i < 4; i++) {
		run_until_closed(&talkers[i]);
		assert_end(&talkers[i], TRANSPORT_END_TIMEOUT);
	}
	assert_true(talkers[0].end.connected);
	assert_false(talkers[3].end.connected);
	close(listener);
}

static void script_slow_reader(struct server *of, int connection)
{
	static char bytes[65536];
	size_t total = 0;
	ssize_t got;

	while (total < 3000001 && (got = recv(connection, bytes, sizeof(bytes), 0)) > 0) {
		total += (size_t)got;
		if (total < 1000000)
			usleep(1000);
	}
	server_say(connection, "bye\n");
	if (total == 3000001)
		atomic_fetch_add(&of->scripts_done, 1);
}

static void test_much_to_say(void **state)
{
	size_t len = 3000001;
	uint8_t *bytes = malloc(len);
	struct talker talker = {.says = span_of(bytes, len)};

	(void)state;
	memset(bytes, 'y', len);
	serve(script_slow_reader);
	talk(TLS_USE_SMTP, &talker);
	free(bytes);
	server_stop(server);
	assert_true(talker.end.by_machine);
	assert_int_equal(server->scripts_done, 1);
}

static void test_abort(void **state)
{
	struct talker talker = {0}, other = {.says = span_text("good day\n")};
	struct connection *connection;

	(void)state;
	serve(script_dialogue);
	connection = open_to(server->port, TLS_USE_SMTP, &talker);
	talk(TLS_USE_SMTP, &other);
	connection_abort(connection);
	event_base_loop(base, EVLOOP_NONBLOCK);
	server_stop(server);
	assert_false(talker.ended);
	assert_int_equal(talker.closed, 1);
}

static void script_stay(struct server *of, int connection)
{
	char bytes[100];

	(void)of;
	server_say(connection, "bye\n");
	while (recv(connection, bytes, sizeof(bytes), 0) > 0)
		;
	server_say(connection, "still here\n");
	usleep(300000);
}

/* The report comes at once, the end when the server has closed as well. */
static void test_lingering(void **state)
{
	struct timeval tick = {.tv_usec = 100000};
	struct talker talker = {0};
	int64_t before_us = clock_read_us(CLOCK_MONOTONIC);

	(void)state;
	serve(script_stay);
	open_to(server->port, TLS_USE_SMTP, &talker);
	event_base_loopexit(base, &tick);
	event_base_dispatch(base);
	assert_true(talker.ended);
	assert_int_equal(talker.closed, 0);
	run_until_closed(&talker);
	server_stop(server);
	int64_t took_ms = (clock_read_us(CLOCK_MONOTONIC) - before_us) / US_PER_MS;

	assert_true(took_ms >= 290 && took_ms < CONNECTION_LINGER_MS);
}

static void script_stay_long(struct server *of, int connection)
{
	server_say(connection, "bye\n");
	while (!atomic_load(&of->stopping))
		usleep(10000);
}

/* A server that never closes is not waited for for ever, and a connector that goes closes what lingers. */
static void test_lingering_ends(void **state)
{
	struct timeval tick = {.tv_usec = 50000};
	struct talker first = {0}, second = {0};

	(void)state;
	serve(script_stay_long);
	talk(TLS_USE_SMTP, &first);
	assert_true(first.end.by_machine);
	open_to(server->port, TLS_USE_SMTP, &second);
	event_base_loopexit(base, &tick);
	event_base_dispatch(base);
	assert_true(second.ended);
	assert_int_equal(second.closed, 0);
	connector_free(connector);
	connector = NULL;
	assert_int_equal(second.closed, 1);
	server_stop(server);
}

/* --- TLS -------------------------------------------------------------------------------------- */

static void script_starttls(struct server *of, int connection)
{
	char line[100];
	SSL *session;

	server_say(connection, "go ahead\n");
	session = server_tls(of, connection);
	if (session == NULL)
		return;
	if (server_tls_hear(session, line, sizeof(line)) && strcmp(line, "good day") == 0) {
		server_tls_say(session, "good ");
		server_tls_say(session, "bye\n");
		if (server_tls_hear(session, line, sizeof(line)) && strcmp(line, "end") == 0 &&
		    SSL_read(session, line, 1) <= 0 &&
		    (SSL_get_shutdown(session) & SSL_RECEIVED_SHUTDOWN) != 0)
			atomic_fetch_add(&of->scripts_done, 1);
	}
	SSL_free(session);
}

static void test_starttls(void **state)
{
	struct talker talker = {.tls_on_line = true, .says = span_text("good day\n")};

	(void)state;
	server_make_tls(server, "mx.example.test");
	serve(script_starttls);
	talk(TLS_USE_SMTP, &talker);
	stop_tls();
	assert_true(talker.end.by_machine);
	assert_string_equal(talker.version, "TLSv1.3");
	assert_true(strncmp(talker.cipher, "TLS_", 4) == 0);
	assert_string_equal(talker.group, "x25519");
	assert_string_equal(talker.alpn, "");
	assert_int_equal(talker.chain_count, 1);
	assert_int_equal(talker.certificates, 1);
	assert_memory_equal(talker.leaf, server->leaf_sha256, HASH_BYTES);
	assert_int_equal(server->scripts_done, 1);
}

static void script_tls(struct server *of, int connection)
{
	SSL *session = server_tls(of, connection);

	if (session == NULL)
		return;
	server_tls_say(session, "bye\n");
	SSL_shutdown(session);
	SSL_free(session);
}

static void tls_with(int version, const char *ciphers, enum tls_use use, struct talker *talker)
{
	server_make_tls(server, "mx.example.test");
	SSL_CTX_set_min_proto_version(server->tls, version);
	SSL_CTX_set_max_proto_version(server->tls, version);
	if (ciphers != NULL)
		assert_int_equal(SSL_CTX_set_cipher_list(server->tls, ciphers), 1);
	serve(script_tls);
	talker->tls_first = true;
	talk(use, talker);
	stop_tls();
}

static void test_old_versions(void **state)
{
	struct talker talker = {0};

	(void)state;
	tls_with(TLS1_VERSION, "ALL:@SECLEVEL=0", TLS_USE_SMTP, &talker);
	assert_true(talker.end.by_machine);
	assert_string_equal(talker.version, "TLSv1");
	assert_string_not_equal(talker.group, "");
}

static void test_finite_field_group(void **state)
{
	struct talker talker = {0};

	(void)state;
	server_make_tls(server, "mx.example.test");
	SSL_CTX_set_max_proto_version(server->tls, TLS1_2_VERSION);
	SSL_CTX_set_dh_auto(server->tls, 1);
	assert_int_equal(SSL_CTX_set_cipher_list(server->tls, "ECDHE-ECDSA-AES128-GCM-SHA256"), 1);
	serve(script_tls);
	talker.tls_first = true;
	talk(TLS_USE_SMTP, &talker);
	stop_tls();
	assert_string_equal(talker.version, "TLSv1.2");
	assert_string_equal(talker.cipher, "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256");
	assert_string_equal(talker.group, "x25519");
}

static void test_no_version_in_common(void **state)
{
	struct talker talker = {0};

	(void)state;
	tls_with(TLS1_1_VERSION, "ALL:@SECLEVEL=0", TLS_USE_HTTPS, &talker);
	assert_end(&talker, TRANSPORT_END_TLS_VERSION);
}

static int select_alpn(SSL *session, const unsigned char **out, unsigned char *out_len,
		       const unsigned char *in, unsigned in_len, void *context)
{
	const char *wanted = context;

	(void)session;
	if (SSL_select_next_proto((unsigned char **)(uintptr_t)out, out_len,
				  (const unsigned char *)wanted, (unsigned)strlen(wanted), in,
				  in_len) != OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_NOACK;
	return SSL_TLSEXT_ERR_OK;
}

static void test_alpn(void **state)
{
	static char wanted[] = "\x02h2";
	struct talker talker = {.tls_first = true};

	(void)state;
	server_make_tls(server, "mta-sts.example.test");
	SSL_CTX_set_alpn_select_cb(server->tls, select_alpn, wanted);
	serve(script_tls);
	talk(TLS_USE_HTTPS, &talker);
	stop_tls();
	assert_string_equal(talker.alpn, "h2");
	assert_true(talker.end.by_machine);
}

static int refuse_name(SSL *session, int *alert, void *context)
{
	(void)context;
	assert_string_equal(SSL_get_servername(session, TLSEXT_NAMETYPE_host_name),
			    "mx.example.test");
	*alert = SSL_AD_UNRECOGNIZED_NAME;
	return SSL_TLSEXT_ERR_ALERT_FATAL;
}

static void test_alert(void **state)
{
	struct talker talker = {.tls_first = true};

	(void)state;
	server_make_tls(server, "mx.example.test");
	SSL_CTX_set_tlsext_servername_callback(server->tls, refuse_name);
	serve(script_tls);
	talk(TLS_USE_SMTP, &talker);
	stop_tls();
	assert_end(&talker, TRANSPORT_END_TLS_ALERT);
	assert_string_equal(talker.detail, "112");
}

/* In TLS 1.3 the client is done before the server has seen its certificate: the alert comes later. */
static void test_client_certificate_wanted(void **state)
{
	struct talker talker = {.tls_first = true};

	(void)state;
	server_make_tls(server, "mx.example.test");
	SSL_CTX_set_verify(server->tls, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	serve(script_tls);
	talk(TLS_USE_SMTP, &talker);
	stop_tls();
	assert_end(&talker, TRANSPORT_END_TLS_ALERT);
	assert_string_equal(talker.detail, "116");
	assert_int_equal(talker.certificates, 1);
}

static void script_garbage(struct server *of, int connection)
{
	char bytes[512];

	(void)of;
	recv(connection, bytes, sizeof(bytes), 0);
	server_say(connection, "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
	recv(connection, bytes, sizeof(bytes), 0);
}

static void test_garbage_for_a_handshake(void **state)
{
	struct talker talker = {.tls_first = true};

	(void)state;
	serve(script_garbage);
	talk(TLS_USE_HTTPS, &talker);
	server_stop(server);
	assert_end(&talker, TRANSPORT_END_TLS_ERROR);
	assert_string_not_equal(talker.detail, "");
}

static void script_close_in_handshake(struct server *of, int connection)
{
	char bytes[4096];

	(void)of;
	recv(connection, bytes, sizeof(bytes), 0);
}

static void test_closed_in_handshake(void **state)
{
	struct talker talker = {.tls_first = true};

	(void)state;
	serve(script_close_in_handshake);
	talk(TLS_USE_SMTP, &talker);
	server_stop(server);
	assert_end(&talker, TRANSPORT_END_CLOSED);
}

static void script_reset_in_handshake(struct server *of, int connection)
{
	script_close_in_handshake(of, connection);
	script_reset(of, connection);
}

static void test_reset_in_handshake(void **state)
{
	struct talker talker = {.tls_first = true};

	(void)state;
	serve(script_reset_in_handshake);
	talk(TLS_USE_SMTP, &talker);
	server_stop(server);
	assert_end(&talker, TRANSPORT_END_RESET);
}

static void test_silent_handshake(void **state)
{
	struct talker talker = {.tls_first = true};

	(void)state;
	limits.network_timeout_ms = 150;
	serve(script_silent);
	talk(TLS_USE_SMTP, &talker);
	server_stop(server);
	assert_end(&talker, TRANSPORT_END_TIMEOUT);
}

/* TLS 1.2: ServerHello without extensions, then a Certificate message whose list is empty. */
static void script_no_certificate(struct server *of, int connection)
{
	static const uint8_t certificate[] = {22, 3, 3, 0, 7, 11, 0, 0, 3, 0, 0, 0};
	uint8_t hello[5 + 4 + 38] = {22, 3, 3, 0, 42, 2, 0, 0, 38, 3, 3};
	char bytes[4096];

	(void)of;
	memset(hello + 11, 7, 32);
	hello[11 + 32 + 1] = 0xc0;
	hello[11 + 32 + 2] = 0x2b;
	recv(connection, bytes, sizeof(bytes), 0);
	send(connection, hello, sizeof(hello), MSG_NOSIGNAL);
	send(connection, certificate, sizeof(certificate), MSG_NOSIGNAL);
	recv(connection, bytes, sizeof(bytes), 0);
}

static void test_no_certificate(void **state)
{
	struct talker talker = {.tls_first = true};

	(void)state;
	serve(script_no_certificate);
	talk(TLS_USE_SMTP, &talker);
	server_stop(server);
	assert_end(&talker, TRANSPORT_END_NO_CERTIFICATE);
}

static void script_tls_flood(struct server *of, int connection)
{
	SSL *session = server_tls(of, connection);
	char bytes[4096];

	if (session == NULL)
		return;
	memset(bytes, 'x', sizeof(bytes));
	for (int i = 0; i < 1000 && SSL_write(session, bytes, sizeof(bytes)) > 0; i++)
		;
	SSL_free(session);
}

static void test_a_flood_in_tls(void **state)
{
	struct talker talker = {.tls_first = true};

	(void)state;
	limits.tls_read_bytes = 50000;
	server_make_tls(server, "mx.example.test");
	serve(script_tls_flood);
	talk(TLS_USE_HTTPS, &talker);
	stop_tls();
	assert_end(&talker, TRANSPORT_END_TOO_LARGE);
}

static void test_chain_cap(void **state)
{
	struct talker talker = {.tls_first = true};

	(void)state;
	limits.certificate_bytes = 100;
	server_make_tls(server, "mx.example.test");
	serve(script_tls);
	talk(TLS_USE_SMTP, &talker);
	stop_tls();
	assert_end(&talker, TRANSPORT_END_TOO_LARGE);
	assert_int_equal(talker.certificates, 0);
}

static void test_close_as_soon_as_tls_is_up(void **state)
{
	struct talker talker = {.tls_first = true, .close_at_tls = true};

	(void)state;
	server_make_tls(server, "mx.example.test");
	serve(script_tls);
	talk(TLS_USE_SMTP, &talker);
	stop_tls();
	assert_true(talker.end.by_machine);
	assert_true(talker.tls_up);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_dialogue),
		TEST(test_refused),
		TEST(test_closed),
		TEST(test_reset),
		TEST(test_silence),
		TEST(test_a_long_life),
		TEST(test_a_flood),
		TEST(test_connect_timeout),
		TEST(test_much_to_say),
		TEST(test_abort),
		TEST(test_lingering),
		TEST(test_lingering_ends),
		TEST(test_starttls),
		TEST(test_old_versions),
		TEST(test_finite_field_group),
		TEST(test_no_version_in_common),
		TEST(test_alpn),
		TEST(test_alert),
		TEST(test_client_certificate_wanted),
		TEST(test_garbage_for_a_handshake),
		TEST(test_closed_in_handshake),
		TEST(test_reset_in_handshake),
		TEST(test_silent_handshake),
		TEST(test_no_certificate),
		TEST(test_a_flood_in_tls),
		TEST(test_chain_cap),
		TEST(test_close_as_soon_as_tls_is_up),
	};

	signal(SIGPIPE, SIG_IGN); /* the engine blocks it in its threads */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
