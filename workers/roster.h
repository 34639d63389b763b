/*
 * The hosts that wait to be probed, and whose turn it is. Pure bookkeeping of the gatekeeper: names in, the next host to
 * start out. A host whose provider has enough in work waits in its provider's line; other hosts pass it. What waits takes a
 * few bytes more than its name, however long the lines are.
 */
#ifndef STSWEEP_WORKERS_ROSTER_H
#define STSWEEP_WORKERS_ROSTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"

struct backlog;
struct roster;
struct roster_provider;

struct roster_settings {
	size_t in_work_count;  /* hosts started and not done, over all providers */
	const uint8_t *secret; /* 16 bytes, of the digests of providers' names */
	void *context;
	/* Who runs the host; valid until the next call. */
	struct span (*provider_of)(void *context, struct span host);
	/* How many of its hosts may be in work, at least 1. */
	size_t (*provider_in_work_count)(void *context, struct span provider);
};

/* `provider` stays valid until roster_done is told of the host, `host` until the next call. */
struct roster_turn {
	struct span host;
	struct span provider_name;
	struct roster_provider *provider;
};

/* NULL without memory. `settings` are copied. */
struct roster *roster_new(const struct roster_settings *settings);
void roster_free(struct roster *roster);
/* A host to be probed, not seen before. Aborts without memory: a lost host would be a hole in the data. */
void roster_add(struct roster *roster, struct span host);
/* The next host to start, if any may be started. Old lines and new arrivals take turns. */
bool roster_next(struct roster *roster, struct roster_turn *turn);
/* A host of this provider is no longer in work. */
void roster_done(struct roster *roster, struct roster_provider *provider);
/* Forgets all that wait (the scan is being stopped). */
void roster_drop_waiting(struct roster *roster);
/* The providers with the longest lines first; gives how many were written. */
size_t roster_report(const struct roster *roster, struct backlog *items, size_t max);
size_t roster_waiting(const struct roster *roster);
size_t roster_in_work(const struct roster *roster);

#endif
