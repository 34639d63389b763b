/*
 * A worker: one thread, one event loop, and all jobs and connections on it, without a lock. Takes targets from the reader
 * and hosts from the gatekeeper, drives their steps and hands what is finished to its sink.
 */
#ifndef STSWEEP_WORKERS_WORKER_H
#define STSWEEP_WORKERS_WORKER_H

#include "record/sink.h"
#include "workers/clock.h"

struct control;
struct engine_settings;
struct metrics;
struct queue;
struct worker;

struct worker_settings {
	const struct engine_settings *engine;
	unsigned number; /* from 0; also its block of the metrics */
	struct queue *inbox;
	struct queue *gatekeeper;
	struct control *control;
	struct sink *sink;
	struct metrics *metrics;
	struct clock clock;
	size_t udp_sockets_count; /* descriptors of its resolver: descriptors.h */
	size_t dns_tcp_count;
};

/* NULL without memory, descriptors, or a resolver. `settings` are copied. */
struct worker *worker_new(const struct worker_settings *settings);
/* The thread's body; returns when the control's level is CONTROL_QUIT. */
void worker_run(struct worker *worker);
/* After its thread has been joined, or when it was never made. */
void worker_free(struct worker *worker);

#endif
