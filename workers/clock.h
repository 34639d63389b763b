/*
 * The one place where the engine reads a clock. Times are milliseconds since 1970 and never go back: the monotonic clock,
 * moved once, when the engine is made, onto the wall clock. So a record's times are wall-clock times and their differences
 * are durations, even when somebody sets the clock during a scan.
 */
#ifndef STSWEEP_WORKERS_CLOCK_H
#define STSWEEP_WORKERS_CLOCK_H

#include <stdint.h>
#include <time.h>

enum {
	MS_PER_S = 1000,
	US_PER_MS = 1000,
	US_PER_S = 1000000,
	NS_PER_US = 1000,
};

struct clock {
	int64_t offset_us; /* from the monotonic clock to the wall clock */
};

static inline int64_t clock_read_us(clockid_t id)
{
	struct timespec now;

	clock_gettime(id, &now);
	return (int64_t)now.tv_sec * US_PER_S + now.tv_nsec / NS_PER_US;
}

static inline struct clock clock_start(void)
{
	return (struct clock){.offset_us = clock_read_us(CLOCK_REALTIME) -
					   clock_read_us(CLOCK_MONOTONIC)};
}

static inline int64_t clock_now_us(const struct clock *clock)
{
	return clock_read_us(CLOCK_MONOTONIC) + clock->offset_us;
}

static inline int64_t clock_now_ms(const struct clock *clock)
{
	return clock_now_us(clock) / US_PER_MS;
}

#endif
