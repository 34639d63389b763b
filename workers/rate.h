/*
 * A rate: so many a second, with a small burst so that a loop that wakes every few milliseconds can keep it. Pure: the time
 * is an argument.
 */
#ifndef STSWEEP_WORKERS_RATE_H
#define STSWEEP_WORKERS_RATE_H

#include <stdbool.h>
#include <stdint.h>

struct rate {
	double per_us;
	double burst; /* most that can be taken at once */
	double available;
	int64_t at_us;
};

/* `per_second` over 0; the burst is what comes in RATE_BURST_MS, and at least one. */
enum { RATE_BURST_MS = 20 };
void rate_init(struct rate *rate, double per_second, int64_t now_us);
/* Takes one if there is one. */
bool rate_take(struct rate *rate, int64_t now_us);
/* How long until there is one again; 0 when there is. */
int64_t rate_wait_us(struct rate *rate, int64_t now_us);

#endif
