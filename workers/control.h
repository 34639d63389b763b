/*
 * What all threads of an engine share: how far stopping has come, how many targets are in flight, and who must be woken.
 * The reader waits here for room and the main thread for the end; workers and the gatekeeper never wait here.
 */
#ifndef STSWEEP_WORKERS_CONTROL_H
#define STSWEEP_WORKERS_CONTROL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct control;
struct queue;

/* Each includes those before it. */
enum control_level {
	CONTROL_RUN,
	CONTROL_STOP, /* begin nothing new */
	CONTROL_CUT,  /* close everything at once */
	CONTROL_QUIT, /* leave the thread */
};

enum { CONTROL_QUEUES_MAX = 257 };

/* NULL without memory. */
struct control *control_new(size_t in_flight_count, unsigned workers);
void control_free(struct control *control);
/* A queue whose reader is woken when the level changes. Before any thread runs; at most CONTROL_QUEUES_MAX. */
void control_watch(struct control *control, struct queue *queue);

/* Raises the level (never lowers it) and wakes all. */
void control_raise(struct control *control, enum control_level level);
enum control_level control_level(const struct control *control);
/* Remembers that the scan cannot go on, and stops it. */
void control_fail(struct control *control);
bool control_failed(const struct control *control);

/* The reader's: room for up to `wanted` targets, at least one, waiting for it; 0 when stopping. */
size_t control_take_room(struct control *control, size_t wanted);
/* The gatekeeper's: so many targets are through. */
void control_give_room(struct control *control, size_t count);
/* The gatekeeper's: a target whose room was given back goes on; there may be more than the limit in flight for a while. */
void control_lend_room(struct control *control, size_t count);

/* The gatekeeper's: all targets and hosts are done. */
void control_complete(struct control *control);
/* A worker's, once, after a stop: nothing is open any more. */
void control_idle(struct control *control);
/* True when complete or, after a stop, all workers are idle. */
bool control_wait(struct control *control, int64_t timeout_ms);

#endif
