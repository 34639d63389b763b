/*
 * Connections without TLS against servers on loopback: how each of them ends, deadlines, caps and
 * lingering.
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
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "helper_server.h"
#include "helper_talker.h"
#include "workers/clock.h"

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
	talker_serve(script_dialogue);
	talker_talk(TLS_USE_SMTP, &talker);
	assert_true(talker.end.by_machine);
	assert_true(talker.end.connected);
	assert_string_equal(talker.heard, "hello\nbye\n");
	server_stop(talker_server);
	assert_int_equal(talker_server->scripts_done, 1);
	assert_int_equal(metrics_value(talker_metrics, 0, METRIC(bytes_received)), 10);
	assert_int_equal(metrics_value(talker_metrics, 0, METRIC(bytes_sent)), 13);
}

static void test_refused(void **state)
{
	struct talker talker = {0};

	(void)state;
	talker_serve(script_dialogue);
	server_stop(talker_server);
	talker_talk(TLS_USE_SMTP, &talker);
	talker_assert_end(&talker, TRANSPORT_END_REFUSED);
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
	talker_serve(script_close);
	talker_talk(TLS_USE_SMTP, &talker);
	server_stop(talker_server);
	talker_assert_end(&talker, TRANSPORT_END_CLOSED);
	assert_true(talker.end.connected);
	assert_string_equal(talker.heard, "hello\n");
}

static void test_reset(void **state)
{
	struct talker talker = {0};

	(void)state;
	talker_serve(server_reset);
	talker_talk(TLS_USE_SMTP, &talker);
	server_stop(talker_server);
	talker_assert_end(&talker, TRANSPORT_END_RESET);
	/* Accepted first: that must not depend on how soon the reset is seen. */
	assert_true(talker.end.connected);
}

static void test_silence(void **state)
{
	struct talker talker = {0};
	int64_t before_us = clock_read_us(CLOCK_MONOTONIC);

	(void)state;
	talker_limits.network_timeout_ms = 150;
	talker_serve(server_stay_silent);
	talker_talk(TLS_USE_SMTP, &talker);
	int64_t took_ms = (clock_read_us(CLOCK_MONOTONIC) - before_us) / US_PER_MS;

	server_stop(talker_server);
	talker_assert_end(&talker, TRANSPORT_END_TIMEOUT);
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
	talker_limits.network_timeout_ms = 200;
	talker_limits.target_timeout_ms = 600;
	talker_serve(script_drip);
	talker_talk(TLS_USE_SMTP, &talker);
	server_stop(talker_server);
	talker_assert_end(&talker, TRANSPORT_END_TIMEOUT);
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
	talker_limits.tls_read_bytes = 100000;
	talker_serve(script_flood);
	talker_talk(TLS_USE_SMTP, &talker);
	server_stop(talker_server);
	talker_assert_end(&talker, TRANSPORT_END_TOO_LARGE);
	assert_true(metrics_value(talker_metrics, 0, METRIC(bytes_received)) < 100000 + 65536);
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
	talker_limits.connect_timeout_ms = 200;
	talker_limits.network_timeout_ms = 1000;
	assert_int_equal(bind(listener, (const struct sockaddr *)&name, sizeof(name)), 0);
	assert_int_equal(listen(listener, 0), 0);
	getsockname(listener, (struct sockaddr *)&name, &len);
	for (size_t i = 0; i < 4; i++)
		talker_open(ntohs(name.sin_port), TLS_USE_SMTP, &talkers[i]);
	for (size_t i = 0; i < 4; i++) {
		talker_wait(&talkers[i]);
		talker_assert_end(&talkers[i], TRANSPORT_END_TIMEOUT);
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
	talker_serve(script_slow_reader);
	talker_talk(TLS_USE_SMTP, &talker);
	free(bytes);
	server_stop(talker_server);
	assert_true(talker.end.by_machine);
	assert_int_equal(talker_server->scripts_done, 1);
}

static void test_abort(void **state)
{
	struct talker talker = {0}, other = {.says = span_text("good day\n")};
	struct connection *connection;

	(void)state;
	talker_serve(script_dialogue);
	connection = talker_open(talker_server->port, TLS_USE_SMTP, &talker);
	talker_talk(TLS_USE_SMTP, &other);
	connection_abort(connection);
	event_base_loop(talker_base, EVLOOP_NONBLOCK);
	server_stop(talker_server);
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
	talker_serve(script_stay);
	talker_open(talker_server->port, TLS_USE_SMTP, &talker);
	event_base_loopexit(talker_base, &tick);
	event_base_dispatch(talker_base);
	assert_true(talker.ended);
	assert_int_equal(talker.closed, 0);
	talker_wait(&talker);
	server_stop(talker_server);
	int64_t took_ms = (clock_read_us(CLOCK_MONOTONIC) - before_us) / US_PER_MS;

	assert_true(took_ms >= 290 && took_ms < CONNECTION_LINGER_MS);
}

static void script_stay_long(struct server *of, int connection)
{
	server_say(connection, "bye\n");
	while (!atomic_load(&of->stopping))
		usleep(10000);
}

/*
 * A server that never closes is not waited for for ever, and a connector that goes closes what
 * lingers.
 */
static void test_lingering_ends(void **state)
{
	struct timeval tick = {.tv_usec = 50000};
	struct talker first = {0}, second = {0};

	(void)state;
	talker_serve(script_stay_long);
	talker_talk(TLS_USE_SMTP, &first);
	assert_true(first.end.by_machine);
	talker_open(talker_server->port, TLS_USE_SMTP, &second);
	event_base_loopexit(talker_base, &tick);
	event_base_dispatch(talker_base);
	assert_true(second.ended);
	assert_int_equal(second.closed, 0);
	talker_free_connector();
	assert_int_equal(second.closed, 1);
	server_stop(talker_server);
}

static void script_drip_on(struct server *of, int connection)
{
	char line[100];

	server_say(connection, "bye\n");
	server_hear(connection, line, sizeof(line));
	for (int i = 0; i < 200 && !atomic_load(&of->stopping); i++) {
		if (send(connection, "x", 1, MSG_NOSIGNAL) != 1)
			return;
		usleep(20000);
	}
}

/* A server that goes on after the end holds the connection no longer than one that is silent. */
static void test_lingering_ends_for_one_that_drips(void **state)
{
	struct talker talker = {0};
	int64_t before_us = clock_read_us(CLOCK_MONOTONIC);

	(void)state;
	talker_serve(script_drip_on);
	talker_talk(TLS_USE_SMTP, &talker);
	int64_t took_ms = (clock_read_us(CLOCK_MONOTONIC) - before_us) / US_PER_MS;

	server_stop(talker_server);
	assert_true(talker.end.by_machine);
	assert_true(took_ms >= CONNECTION_LINGER_MS - 10 && took_ms < 3 * CONNECTION_LINGER_MS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TALKER_TEST(test_dialogue),
		TALKER_TEST(test_refused),
		TALKER_TEST(test_closed),
		TALKER_TEST(test_reset),
		TALKER_TEST(test_silence),
		TALKER_TEST(test_a_long_life),
		TALKER_TEST(test_a_flood),
		TALKER_TEST(test_connect_timeout),
		TALKER_TEST(test_much_to_say),
		TALKER_TEST(test_abort),
		TALKER_TEST(test_lingering),
		TALKER_TEST(test_lingering_ends),
		TALKER_TEST(test_lingering_ends_for_one_that_drips),
	};

	signal(SIGPIPE, SIG_IGN); /* the engine blocks it in its threads */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
