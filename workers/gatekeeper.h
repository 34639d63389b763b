/*
 * The gatekeeper: the one thread that owns the table of MX hosts and every limit on connections. Workers tell it of hosts,
 * ask it for leave before each connection and report when that began and ended; it hands out hosts and leave in the order
 * that the limits allow. So every host is probed once and every limit is exact, without a lock on the way of a packet.
 *
 * Why nothing can lock up: the gatekeeper waits for nobody, it only sleeps until the next message or the next time a limit
 * frees; posting a message never waits (queue.h); workers never wait for an answer, their jobs do; leases take their keys
 * in one order (limiter.h), and who holds one is either waiting for a time, or has an open connection, whose whole life is
 * limited. The one thread that does wait is the reader, for room, which comes from targets getting through, which needs
 * nothing of the reader.
 *
 * What its inbox can hold is bounded: by the targets in flight (room is given back only when a target's messages have been
 * read) and by the hosts in work, times what one of them may ask at once.
 */
#ifndef STSWEEP_WORKERS_GATEKEEPER_H
#define STSWEEP_WORKERS_GATEKEEPER_H

#include <stdbool.h>
#include <stddef.h>

#include "workers/clock.h"

struct backlog;
struct control;
struct engine_settings;
struct gatekeeper;
struct metrics;
struct queue;

struct gatekeeper_settings {
	const struct engine_settings *engine;
	struct control *control;
	struct metrics *metrics;
	unsigned block; /* of the metrics */
	struct clock clock;
	int64_t connections_count;    /* open at a time, all together: descriptors.h */
	struct queue *const *workers; /* inboxes, engine->threads of them */
};

/* NULL without memory or descriptor. `settings` are copied. */
struct gatekeeper *gatekeeper_new(const struct gatekeeper_settings *settings);
/* After its thread has been joined. */
void gatekeeper_free(struct gatekeeper *gatekeeper);
struct queue *gatekeeper_inbox(struct gatekeeper *gatekeeper);
/* The thread's body; returns when the control's level is CONTROL_QUIT. */
void gatekeeper_run(struct gatekeeper *gatekeeper);
/* Any other thread: the longest lines. Waits for the gatekeeper's next pass, for a second at most. */
size_t gatekeeper_backlog(struct gatekeeper *gatekeeper, struct backlog *items, size_t max);

#endif
