/*
 * The system calls that connections and the resolver share: non-blocking sockets on addresses as values, what an errno
 * means, and libevent's common time-outs. Holds nothing.
 */
#ifndef STSWEEP_WORKERS_SOCKET_H
#define STSWEEP_WORKERS_SOCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "facts/address.h"
#include "steps/transport.h"

struct event_base;

/* `type` is SOCK_STREAM or SOCK_DGRAM. -1 and errno. */
int socket_open(uint8_t family, int type);
/* No address: leaves the choice to the kernel. The port is the kernel's, and random. False and errno. */
bool socket_bind(int descriptor, struct address address);
/* True when connected or on the way; false and errno. */
bool socket_connect(int descriptor, struct address address, uint16_t port);
/* Fills in what the kernel calls this address and port; gives its length. */
socklen_t socket_name(struct sockaddr_storage *name, struct address address, uint16_t port);
/* One of `count` local addresses, of this family, the `turn`-th in a round; ADDRESS_NONE where there is none. */
struct address socket_local(const struct address *addresses, size_t count, uint8_t family,
			    size_t turn);
/* What went wrong with a connection. */
enum transport_end socket_end(int error);

/* A time-out that many events share, which libevent then keeps in a list (LIMITS.md). NULL without memory. */
const struct timeval *timer_common(struct event_base *base, int64_t timeout_ms);

#endif
