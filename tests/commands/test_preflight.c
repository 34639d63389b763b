/*
 * Which name servers answer and validate, learnt from small servers on loopback; when lost probes
 * are our own fault.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include "commands/preflight.h"

enum { FLAGS_AT = 2, FLAG_QR = 0x80, FLAG_AD = 0x20, MESSAGE_BYTES = 4096 };

/* A name server of one answer: the query sent back with QR, and AD when it validates. */
struct server {
	int descriptor;
	uint16_t port;
	bool silent;
	bool validating;
	bool answers_another_question;
	pthread_t thread;
};

static void *serve(void *context)
{
	struct server *server = context;
	uint8_t message[MESSAGE_BYTES];
	struct sockaddr_storage peer;
	socklen_t peer_len = sizeof(peer);
	ssize_t got = recvfrom(server->descriptor, message, sizeof(message), 0,
			       (struct sockaddr *)&peer, &peer_len);

	/* The query itself carries AD (RFC 6840 5.7). */
	if (got > FLAGS_AT + 1 && !server->silent) {
		message[FLAGS_AT] |= FLAG_QR;
		message[FLAGS_AT + 1] = (uint8_t)((message[FLAGS_AT + 1] & ~FLAG_AD) |
						  (server->validating ? FLAG_AD : 0));
		if (server->answers_another_question)
			message[13] ^= 1;
		(void)!sendto(server->descriptor, message, (size_t)got, 0, (struct sockaddr *)&peer,
			      peer_len);
	}
	return NULL;
}

static void start(struct server *server)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(at);
	struct timeval most = {.tv_sec = 5};

	server->descriptor = socket(AF_INET, SOCK_DGRAM, 0);
	assert_true(server->descriptor >= 0);
	assert_int_equal(bind(server->descriptor, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(getsockname(server->descriptor, (struct sockaddr *)&at, &len), 0);
	setsockopt(server->descriptor, SOL_SOCKET, SO_RCVTIMEO, &most, sizeof(most));
	server->port = ntohs(at.sin_port);
	assert_int_equal(pthread_create(&server->thread, NULL, serve, server), 0);
}

static struct network *network_of(const struct server *servers, size_t count)
{
	struct network *network = calloc(1, sizeof(*network));

	assert_non_null(network);
	network->limits = limits_defaults();
	network->limits.dns_timeout_ms = 200;
	for (size_t i = 0; i < count; i++) {
		network->name_servers[i].address = address_from_text(span_text("127.0.0.1"));
		network->name_servers[i].port = servers[i].port;
	}
	network->engine.name_servers = network->name_servers;
	network->engine.name_servers_count = count;
	return network;
}

static void test_name_servers(void **state)
{
	struct server servers[] = {
		{.validating = true},
		{.validating = false},
		{.silent = true},
		{.validating = true, .answers_another_question = true},
	};
	struct network *network;

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(servers); i++)
		start(&servers[i]);
	network = network_of(servers, ARRAY_LENGTH(servers));
	assert_true(preflight_name_servers(network));
	assert_true(network->name_servers[0].validating);
	assert_false(network->name_servers[1].validating);
	assert_false(network->name_servers[2].validating);
	assert_false(network->name_servers[3].validating);
	for (size_t i = 0; i < ARRAY_LENGTH(servers); i++) {
		pthread_join(servers[i].thread, NULL);
		close(servers[i].descriptor);
	}
	free(network);
}

static void test_no_name_server_at_all(void **state)
{
	struct server closed = {0};
	struct network *network;

	(void)state;
	/* A port that was just free: nobody listens, the kernel says so. */
	start(&closed);
	shutdown(closed.descriptor, SHUT_RDWR);
	pthread_join(closed.thread, NULL);
	close(closed.descriptor);
	network = network_of(&closed, 1);
	assert_false(preflight_name_servers(network));
	free(network);
}

static void test_lost_probes(void **state)
{
	struct metrics_totals *totals = calloc(1, sizeof(*totals));

	(void)state;
	assert_non_null(totals);
	assert_false(preflight_all_lost(totals, true));
	totals->probes[STAGE_TCP][OUTCOME_TIMEOUT] = 9;
	assert_false(preflight_all_lost(totals, true));
	totals->probes[STAGE_TCP][OUTCOME_REFUSED] = 1;
	assert_true(preflight_all_lost(totals, true));
	assert_false(preflight_all_lost(totals, false));
	totals->probes[STAGE_TCP][OUTCOME_UNREACHABLE] = 190;
	assert_true(preflight_all_lost(totals, false));
	/* One that got anywhere shows that the way is open. */
	totals->probes[STAGE_BANNER][OUTCOME_TIMEOUT] = 1;
	assert_false(preflight_all_lost(totals, false));
	free(totals);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_name_servers),
		cmocka_unit_test(test_no_name_server_at_all),
		cmocka_unit_test(test_lost_probes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
