/*
 * One query over TCP (RFC 7766): connects, sends the message behind its length, reads messages behind theirs. Deadlines are
 * the caller's. Called by stub_resolver.c only.
 */
#ifndef STSWEEP_WORKERS_DNS_TCP_H
#define STSWEEP_WORKERS_DNS_TCP_H

#include <stdbool.h>
#include <stddef.h>

#include "base/span.h"
#include "facts/address.h"

struct dns_tcp;
struct event_base;
struct name_server;

struct dns_tcp_plan {
	struct event_base *base;
	const struct name_server *server;
	struct address local;
	struct span message; /* copied */
	size_t most_bytes;   /* of a message that comes */
	void *context;
	/* The connection may be closed from within either. */
	void (*on_message)(void *context, struct span message);
	void (*on_error)(void *context, int error);
};

/* NULL and errno: no socket, no memory, or refused at once. */
struct dns_tcp *dns_tcp_open(const struct dns_tcp_plan *plan);
void dns_tcp_close(struct dns_tcp *tcp);

#endif
