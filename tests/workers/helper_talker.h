/*
 * A small machine for tests of connections, and the bench it talks on: it waits for a line, may ask
 * for TLS, says something, and closes on "bye" with "end". Everything it is told is kept. One bench
 * at a time; every wait is bounded.
 */
#ifndef STSWEEP_TESTS_HELPER_TALKER_H
#define STSWEEP_TESTS_HELPER_TALKER_H

#include <stdbool.h>

#include "helper_server.h"
#include "workers/connection.h"
#include "workers/metrics.h"

enum { TALKER_HEARD_MAX = 4096, TALKER_HASH_BYTES = 32 };

struct talker {
	bool tls_first;   /* asks for TLS when connected */
	bool tls_on_line; /* asks for TLS after the first line */
	bool close_at_tls;
	struct span says; /* when connected or when TLS is up */
	char heard[TALKER_HEARD_MAX];
	size_t heard_len;
	bool tls_up;
	char version[16];
	char cipher[64];
	char group[32];
	char alpn[16];
	uint8_t leaf[TALKER_HASH_BYTES];
	size_t chain_count;
	unsigned certificates;
	bool ended;
	unsigned closed;
	struct connection_end end;
	char detail[128];
};

extern struct limits talker_limits; /* may be changed before the first connection */
extern struct event_base *talker_base;
extern struct metrics *talker_metrics;
extern struct server *talker_server;

int talker_set_up(void **state);
int talker_tear_down(void **state);
#define TALKER_TEST(function) \
	cmocka_unit_test_setup_teardown(function, talker_set_up, talker_tear_down)

/* Starts the server with this script. */
void talker_serve(server_script script);
/* Stops a server that was made to speak TLS. */
void talker_stop_tls(void);
struct connection *talker_open(uint16_t port, enum tls_use use, struct talker *talker);
/* Runs the loop until the talker's connection is closed. */
void talker_wait(const struct talker *talker);
/* Opens to the server and waits. */
void talker_talk(enum tls_use use, struct talker *talker);
void talker_free_connector(void);
/* It ended without the machine's wish, and so. */
void talker_assert_end(const struct talker *talker, enum transport_end end);

#endif
