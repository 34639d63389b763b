/*
 * The counters: per block an array of relaxed atomics. A block has one writer, so adding is a load and a store, without a
 * locked instruction; readers may see a sum that is a moment old and never a torn one.
 */
#include "workers/metrics.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum {
	METRICS_COUNT = sizeof(struct metrics_totals) / sizeof(uint64_t),
	CACHE_LINE_BYTES = 64,
};

_Static_assert(sizeof(struct metrics_totals) % sizeof(uint64_t) == 0, "nothing but uint64_t");

struct block {
	_Alignas(2 * CACHE_LINE_BYTES) _Atomic uint64_t values[METRICS_COUNT];
};

struct metrics {
	unsigned count;
	struct block *blocks;
};

struct metrics *metrics_new(unsigned blocks)
{
	struct metrics *metrics = calloc(1, sizeof(*metrics));

	if (metrics == NULL)
		return NULL;
	metrics->blocks = aligned_alloc(_Alignof(struct block), blocks * sizeof(struct block));
	if (metrics->blocks == NULL) {
		free(metrics);
		return NULL;
	}
	metrics->count = blocks;
	for (unsigned i = 0; i < blocks; i++) {
		for (size_t n = 0; n < METRICS_COUNT; n++)
			atomic_init(&metrics->blocks[i].values[n], 0);
	}
	return metrics;
}

void metrics_free(struct metrics *metrics)
{
	if (metrics == NULL)
		return;
	free(metrics->blocks);
	free(metrics);
}

void metrics_add(struct metrics *metrics, unsigned block, size_t metric, uint64_t amount)
{
	_Atomic uint64_t *value = &metrics->blocks[block].values[metric];
	uint64_t now = atomic_load_explicit(value, memory_order_relaxed);

	atomic_store_explicit(value, now + amount, memory_order_relaxed);
}

void metrics_lookup(struct metrics *metrics, unsigned block, enum dns_status status)
{
	metrics_add(metrics, block, METRIC(lookups) + (size_t)status, 1);
}

void metrics_fetch(struct metrics *metrics, unsigned block, enum stage stage,
		   enum policy_error error)
{
	metrics_add(metrics, block,
		    METRIC(fetches) + (size_t)stage * METRICS_POLICY_ERRORS + (size_t)error, 1);
}

void metrics_probe(struct metrics *metrics, unsigned block, enum stage stage, enum outcome outcome)
{
	metrics_add(metrics, block,
		    METRIC(probes) + (size_t)stage * METRICS_OUTCOMES + (size_t)outcome, 1);
}

uint64_t metrics_value(const struct metrics *metrics, unsigned block, size_t metric)
{
	return atomic_load_explicit(&metrics->blocks[block].values[metric], memory_order_relaxed);
}

void metrics_read(const struct metrics *metrics, struct metrics_totals *totals)
{
	uint64_t sums[METRICS_COUNT] = {0};

	for (unsigned i = 0; i < metrics->count; i++) {
		for (size_t n = 0; n < METRICS_COUNT; n++)
			sums[n] += metrics_value(metrics, i, n);
	}
	memcpy(totals, sums, sizeof(*totals));
}
