/*
 * See rate.h: a token bucket.
 */
#include "workers/rate.h"

#include "workers/clock.h"

void rate_init(struct rate *rate, double per_second, int64_t now_us)
{
	double burst = per_second * RATE_BURST_MS / MS_PER_S;

	*rate = (struct rate){
		.per_us = per_second / US_PER_S,
		.burst = burst > 1 ? burst : 1,
		.available = 1,
		.at_us = now_us,
	};
}

static void refill(struct rate *rate, int64_t now_us)
{
	if (now_us <= rate->at_us)
		return;
	rate->available += (double)(now_us - rate->at_us) * rate->per_us;
	if (rate->available > rate->burst)
		rate->available = rate->burst;
	rate->at_us = now_us;
}

bool rate_take(struct rate *rate, int64_t now_us)
{
	refill(rate, now_us);
	if (rate->available < 1)
		return false;
	rate->available -= 1;
	return true;
}

int64_t rate_wait_us(struct rate *rate, int64_t now_us)
{
	refill(rate, now_us);
	if (rate->available >= 1)
		return 0;
	return (int64_t)((1 - rate->available) / rate->per_us) + 1;
}
