/*
 * A visit to a remote server on behalf of a job: by leave of the gatekeeper, over one connection after the other, until a
 * protocol machine has what it wanted. What is the same for a probe of an MX host and the fetch of a policy is here; what
 * differs is in prober.c and fetcher.c. A visit lives in its job's arena and is driven by one worker.
 */
#ifndef STSWEEP_WORKERS_VISIT_H
#define STSWEEP_WORKERS_VISIT_H

#include <stdbool.h>
#include <stdint.h>

#include "facts/address.h"
#include "steps/request.h"
#include "workers/clock.h"
#include "workers/connection.h"

struct engine_settings;
struct leave;
struct metrics;
struct visit;

/* What a worker does for its visits. None of these calls the visit back. */
struct visit_desk {
	const struct engine_settings *engine;
	struct connector *connector;
	struct clock clock;
	struct metrics *metrics;
	unsigned block;
	void *context; /* of the worker */
	void (*want_leave)(void *context, struct visit *visit);
	void (*begun)(void *context, struct leave *leave, int64_t at_us);
	void (*release)(void *context, struct leave *leave);
	bool (*certificate)(void *context, struct span sha256, struct span der);
	/* The request is answered. */
	void (*done)(void *context, struct visit *visit);
};

/* What a kind of visit does. */
struct visit_kind {
	/* Fills the machine, its use of TLS, SNI, port and life into `plan`. False: the arena is full. */
	bool (*prepare)(struct visit *visit, struct connection_plan *plan, int64_t now_ms);
	/* A connection ended, or was not to be made. True: visit->address holds another to go to. */
	bool (*ended)(struct visit *visit, const struct connection_end *end, int64_t now_ms);
	/* The visit is given up: frees what is not in the arena. */
	void (*dropped)(struct visit *visit);
};

struct visit {
	const struct visit_kind *kind;
	const struct visit_desk *desk;
	void *owner;          /* whoever asked, for the desk's functions */
	struct arena *arena;  /* of the job */
	struct span provider; /* no value: not limited by provider */
	struct address address;
	struct leave *leave; /* while there is a connection */
	struct connection *connection;
};

struct visit_order {
	const struct visit_desk *desk;
	void *owner;
	struct arena *arena;
	struct span provider;
	const struct request *request; /* copied */
};

/* Asks for leave to go to visit->address; `kind`, `desk` and the rest are filled. */
void visit_start(struct visit *visit);
/* Leave has come; the visit asked for it. */
void visit_on_leave(struct visit *visit, struct leave *leave);
/* Gives it up, whatever its state; there is no `done`. To be called once at the end in any case. */
void visit_drop(struct visit *visit);
bool visit_is_connected(const struct visit *visit);

#endif
