/*
 * The engine: all threads that gather. It is given targets, carries their steps out (lookups, policy fetches, probes of
 * MX hosts by leave of the gatekeeper) and hands each finished record to a sink. One reader thread pushes targets, one main
 * thread starts, watches and stops it. It knows no file and no format.
 *
 * Every pushed target gives one call of sink->domain, every distinct MX host one of sink->host, unless the engine was
 * stopped before its evidence was whole: that is not recorded, so that a resumed scan looks at it again.
 */
#ifndef STSWEEP_WORKERS_ENGINE_H
#define STSWEEP_WORKERS_ENGINE_H

#include <libpsl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/limits.h"
#include "base/span.h"
#include "facts/address.h"
#include "facts/name.h"
#include "record/provider.h"
#include "record/sink.h"
#include "steps/request.h"
#include "workers/metrics.h"

struct engine;
struct event_base;
struct resolver;
struct resolver_settings;

struct name_server {
	struct address address;
	uint16_t port;
	bool trusted; /* its AD bit is believed (RFC 6840 5.8): loopback, or --trust-ad */
	bool validating; /* it was seen to set AD; only then does a missing AD mean anything (steps/dns_query.h) */
};

/* Pacing of one provider: `spacing_us` between the beginnings of two connections, `connections_count` open at a time. */
struct pace {
	int64_t spacing_us;
	int64_t connections_count;
};

/* Everything is borrowed and outlives the engine. */
struct engine_settings {
	const struct limits *limits;
	const struct step_settings *steps;
	unsigned threads; /* workers, at least 1 */
	const struct name_server *name_servers;
	size_t name_servers_count;
	const psl_ctx_t *psl;
	const struct provider_table *providers; /* may be NULL */
	const struct address *
		local_addresses; /* sources of connections and queries, used in turn; none: the kernel's */
	size_t local_addresses_count;
	uint16_t smtp_port;
	uint16_t https_port;
	void *context; /* of the functions below; each may be NULL and is called by the engine's threads */
	/* Has this host been probed already (a resumed scan)? Called by one thread, once for a host. */
	bool (*host_known)(void *context, struct span host);
	/* Must this address not be contacted (block list)? Reserved ones need no saying. Called by several threads. */
	bool (*address_excluded)(void *context, struct address address);
	/* A provider's own pace in place of `pace`; called by one thread. */
	void (*provider_pace)(void *context, struct span provider, struct pace *pace);
	/* Another resolver than the stub of workers/stub_resolver.h; called by each worker. NULL result: cannot start. */
	struct resolver *(*resolver_new)(void *context, struct event_base *base,
					 const struct resolver_settings *settings);
};

/* One line of the list. Spans are copied by engine_push. */
struct target {
	int64_t index;
	int64_t rank;            /* NUMBER_NULL if the list has none */
	struct span name;        /* lower-case A-labels; no value for an invalid one */
	struct span input;       /* as the list gave it */
	struct span metadata;    /* no value if not passed through */
	enum name_fault invalid; /* NAME_FAULT_NULL for a good one, else the record's reason */
	enum record_status
		status; /* RECORD_STATUS_NULL; EXCLUDED: recorded without a packet (block list) */
	struct span reason; /* for EXCLUDED */
};

/* `sinks` has one for each thread. `metrics` has threads + 1 blocks. NULL without memory, descriptors or a usable setting. */
struct engine *engine_new(const struct engine_settings *settings, struct sink *const *sinks,
			  struct metrics *metrics);
/* False when the threads cannot be made. Signals are blocked in them: they belong to the main thread. */
bool engine_start(struct engine *engine);

/*
 * Called by the one reader thread. Blocks while limits->domains_in_flight targets are in flight. Gives the number of targets
 * taken: less than `count` only when the engine is stopping.
 */
size_t engine_push(struct engine *engine, const struct target *targets, size_t count);
/* No more targets and hosts will come; the engine is done when what it has is done. */
void engine_finish_input(struct engine *engine);
/* Asks for a host of a domain recorded in an earlier run. Before engine_finish_input; never blocks. */
void engine_want_host(struct engine *engine, struct span host);

/*
 * Any thread, not a signal handler. Gracefully: nothing new is begun, open connections and lookups come to their end within
 * limits->target_timeout_ms; records that become whole are still recorded. Immediately: everything is closed at once.
 */
void engine_stop(struct engine *engine, bool immediately);
/* True when everything is done, or, after engine_stop, when nothing is open any more. Waits up to `timeout_ms`. */
bool engine_wait(struct engine *engine, int64_t timeout_ms);
/* A sink refused a record, or memory ran out: the engine has stopped itself. */
bool engine_failed(const struct engine *engine);
/* Stops immediately what still runs and joins the threads. */
void engine_free(struct engine *engine);

/* Hosts that wait for their turn, per provider, longest first. */
struct backlog {
	char provider[NAME_MAX_BYTES + 1];
	uint64_t waiting;
	uint64_t in_work;
};

/* Any thread but the engine's own. Gives how many were written, at most `max`. */
size_t engine_backlog(struct engine *engine, struct backlog *items, size_t max);

#endif
