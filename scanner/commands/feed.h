/*
 * The reader thread of a scan: takes targets from the list, leaves out what a resumed scan has
 * done, shuffles within a window, and pushes them to the engine, which blocks it while enough is in
 * flight.
 */
#ifndef STSWEEP_COMMANDS_FEED_H
#define STSWEEP_COMMANDS_FEED_H

#include "commands/resume.h"
#include "datasets/list.h"

struct feed_settings {
	struct engine *engine;
	struct list *list;     /* the thread's until feed_join */
	struct resume *resume; /* NULL: a fresh scan */
	int64_t shuffle_window;
	int64_t seed;
	bool want_hosts; /* with resume: ask for hosts that the evidence names and lacks */
};

struct feed;

/* Starts the thread. NULL without memory. It ends with engine_finish_input in any case. */
struct feed *feed_start(const struct feed_settings *settings);
/* Waits for the thread, which ends when the list does or the engine is stopping. */
void feed_join(struct feed *feed);
/*
 * After feed_join: false when the list could not be read to its end or is another one; told on
 * standard error.
 */
bool feed_succeeded(const struct feed *feed);
/* After feed_join. Targets read, done earlier among them. */
uint64_t feed_targets(const struct feed *feed);
void feed_free(struct feed *feed);

#endif
