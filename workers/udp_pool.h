/*
 * The UDP sockets of a stub resolver: several for each name server, each connected to it from a random port, so that the
 * kernel drops what comes from elsewhere and the port adds to what a forger must guess (RFC 5452 9.2). Sockets are
 * replaced, with their ports, after some use. Called by stub_resolver.c only.
 */
#ifndef STSWEEP_WORKERS_UDP_POOL_H
#define STSWEEP_WORKERS_UDP_POOL_H

#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "base/span.h"
#include "facts/address.h"

struct event_base;
struct name_server;
struct random_pool;
struct udp_pool;
struct udp_socket;

enum { UDP_BATCH_COUNT = 32 }; /* messages in one system call (LIMITS.md) */

struct udp_pool_settings {
	struct event_base *base;
	const struct name_server *servers;
	size_t servers_count;
	const struct address *local_addresses;
	size_t local_addresses_count;
	size_t sockets_count; /* open at a time, over all servers */
	struct random_pool *random;
	void *context; /* of the functions below, called from the event loop only */
	void (*on_message)(void *context, struct udp_socket *socket, struct span message);
	/* The kernel reports an error (ICMP) for something that was sent from this socket. */
	void (*on_error)(void *context, struct udp_socket *socket, int error);
};

struct udp_pool *udp_pool_new(const struct udp_pool_settings *settings);
void udp_pool_free(struct udp_pool *pool);
/* A socket of this server's, at random; NULL and errno, EBUSY when all that may be open await other servers' answers. */
struct udp_socket *udp_pool_pick(struct udp_pool *pool, unsigned server);
/* Sends up to `count` messages; gives how many went, and errno when that is less. */
size_t udp_socket_send(struct udp_socket *socket, const struct iovec *messages, size_t count);
/* How many answers are awaited on it: one with none may be replaced. Kept by the caller. */
void udp_socket_await(struct udp_socket *socket, int difference);
uint32_t udp_socket_number(const struct udp_socket *socket);

#endif
