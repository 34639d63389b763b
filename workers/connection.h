/*
 * One TCP connection that carries a protocol machine (steps/transport.h): connects, feeds the machine, sends what it says,
 * brings TLS up where it asks for it, keeps the deadlines and the byte cap, and reports how it ended. Owned by whoever
 * opened it until the report; runs on the event loop of one thread.
 */
#ifndef STSWEEP_WORKERS_CONNECTION_H
#define STSWEEP_WORKERS_CONNECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/limits.h"
#include "base/span.h"
#include "facts/address.h"
#include "steps/transport.h"
#include "workers/tls_client.h"

struct connection;
struct connector;
struct event_base;
struct metrics;

/* What all connections of a thread share. */
struct connector_settings {
	struct event_base *base;
	const struct limits *limits;
	const struct address *local_addresses; /* used in turn; none: the kernel's choice */
	size_t local_addresses_count;
	struct metrics *metrics;
	unsigned block;
};

/* NULL without memory. `settings` are copied. */
struct connector *connector_new(const struct connector_settings *settings);
/* Its connections have ended; those that linger are closed. */
void connector_free(struct connector *connector);

/* The events of a machine; `context` is the machine. */
struct machine {
	struct transport (*on_connected)(void *context);
	struct transport (*on_bytes)(void *context, struct span bytes);
	struct transport (*on_tls)(void *context, const struct tls_facts *tls);
};

/* How it ended. When `by_machine`, the machine asked for it and `end` means nothing. */
struct connection_end {
	bool by_machine;
	bool connected; /* TCP came up */
	enum transport_end end;
	struct span detail; /* valid during the report */
};

struct connection_plan {
	struct address address;
	uint16_t port;
	struct span sni; /* stays valid until the report */
	enum tls_use use;
	int64_t life_ms; /* at most; from the beginning of connecting */
	const struct machine *machine;
	void *machine_context;
	void *context; /* of the functions below */
	/* False: the evidence cannot be kept; the connection ends as TRANSPORT_END_LOCAL. */
	tls_certificate_function certificate;
	/* Once, never from within connection_open; the connection is no longer the caller's when it returns. */
	void (*ended)(void *context, const struct connection_end *end);
	/*
	 * Once, at `ended` or later, when the other side has closed too, or has not within CONNECTION_LINGER_MS: only
	 * then is the connection over for the limits. Told with things that outlive whoever opened it.
	 */
	const void *closed_context;
	void *closed_token;
	void (*closed)(const void *closed_context, void *closed_token);
};

enum { CONNECTION_LINGER_MS = 1000 };

/* Begins to connect. NULL without memory: there will be no report. */
struct connection *connection_open(struct connector *connector, const struct connection_plan *plan);
/* Closes at once, without `ended`, but with `closed`. */
void connection_abort(struct connection *connection);

#endif
