/*
 * A name server for tests: a thread with a UDP and a TCP socket on one port of a loopback address.
 * How it answers is in the first label of the name: ok, tc, silent, forged, refused, servfail, odd
 * (two messages), close (TCP closed at once after truncation), slowtcp (TCP in pieces). Counts what
 * it sees.
 */
#ifndef STSWEEP_TESTS_HELPER_DNS_SERVER_H
#define STSWEEP_TESTS_HELPER_DNS_SERVER_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

enum { DNS_SERVER_PORTS = 65536 };

struct dns_server {
	uint16_t port;
	int udp;
	int tcp;
	int stop[2]; /* a pipe */
	pthread_t thread;
	_Atomic int refuses; /* says REFUSED to everything */
	_Atomic unsigned udp_queries;
	_Atomic unsigned tcp_queries;
	_Atomic unsigned source_ports; /* different ones */
	uint8_t ports[DNS_SERVER_PORTS / 8];
	_Atomic int64_t first_us; /* monotonic, of the first and the last query */
	_Atomic int64_t last_us;
};

/* Answers with A 192.0.2.1. */
void dns_server_start(struct dns_server *server);
void dns_server_stop(struct dns_server *server);

#endif
