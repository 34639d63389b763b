/*
 * What can look names up: an interface, so that the stub (stub_resolver.h) and a resolver of our own can stand behind the
 * same worker. One per worker, on its event loop.
 */
#ifndef STSWEEP_WORKERS_RESOLVER_H
#define STSWEEP_WORKERS_RESOLVER_H

#include <stddef.h>

#include "base/arena.h"
#include "base/limits.h"
#include "steps/request.h"
#include "workers/clock.h"

struct event_base;
struct metrics;
struct name_server;

/* Made by who asks; it and its arena stay where they are until `done` or cancelled. */
struct resolution {
	struct dns_question question;
	struct arena *arena; /* answers are parsed into it */
	/* Once; never from within `lookup` or `cancel` of the resolver. `result` is valid during the call. */
	void (*done)(struct resolution *lookup, const struct lookup_result *result);
	void *context;       /* of whoever asks */
	void *resolvers_own; /* set by `lookup`, NULL again when it is over */
};

struct resolver {
	void (*lookup)(struct resolver *resolver, struct resolution *lookup);
	/* There will be no call of `done`. */
	void (*cancel)(struct resolver *resolver, struct resolution *lookup);
	/* Called once after every pass of the event loop: what was asked for may be sent in batches. */
	void (*flush)(struct resolver *resolver);
	/* Cancels what is open. */
	void (*free)(struct resolver *resolver);
};

/* Outlives the resolver. */
struct resolver_settings {
	const struct limits *limits;
	const struct name_server *name_servers;
	size_t name_servers_count;
	const struct address *local_addresses;
	size_t local_addresses_count;
	size_t udp_sockets_count; /* descriptors that may be open: descriptors.h */
	size_t tcp_count;
	unsigned share; /* of rates and of what may be in flight: one in so many */
	struct clock clock;
	struct metrics *metrics;
	unsigned block;
};

#endif
