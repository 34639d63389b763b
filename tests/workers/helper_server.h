/*
 * A TCP server on loopback for tests: a thread that accepts and a thread for each connection, which
 * runs a script. Helps scripts to speak TLS with a certificate made in memory. Uses nothing of the
 * scanner's.
 */
#ifndef STSWEEP_TESTS_HELPER_SERVER_H
#define STSWEEP_TESTS_HELPER_SERVER_H

#include <openssl/ssl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum { SERVER_CONNECTIONS_MAX = 4096, SERVER_HASH_BYTES = 32 };

struct server;

typedef void (*server_script)(struct server *server, int connection);

struct server {
	server_script script;
	void *context; /* of the script */
	SSL_CTX *tls;  /* of server_tls */
	uint8_t leaf_sha256[SERVER_HASH_BYTES];
	uint16_t port;
	int listener;
	pthread_t thread;
	pthread_t threads[SERVER_CONNECTIONS_MAX];
	unsigned threads_count;
	_Atomic bool stopping;
	_Atomic int open;
	_Atomic int open_most;
	_Atomic unsigned accepted;
	_Atomic unsigned scripts_done;               /* counted by scripts that came to their end */
	int64_t accepted_us[SERVER_CONNECTIONS_MAX]; /* monotonic; read after server_stop */
};

/* Port 0 on 127.0.0.1. `server` is zeroed but for script, context and tls. */
void server_start(struct server *server);
/* Waits for the scripts, which all end by themselves. */
void server_stop(struct server *server);

/*
 * A context with a self-signed P-256 or RSA certificate for `name`; fills leaf_sha256. Never fails.
 */
void server_make_tls(struct server *server, const char *name);
void server_make_tls_rsa(struct server *server, const char *name);
void server_free_tls(struct server *server);
/* The server's side of a handshake; NULL if it fails. */
SSL *server_tls(struct server *server, int connection);

/* Scripts: reads until the other side closes; answers with a reset. */
void server_stay_silent(struct server *server, int connection);
void server_reset(struct server *server, int connection);

void server_say(int connection, const char *text);
/* Reads a line, without its end; false at the end of the connection. */
bool server_hear(int connection, char *line, size_t size);
void server_tls_say(SSL *session, const char *text);
bool server_tls_hear(SSL *session, char *line, size_t size);

#endif
