/*
 * Limits on what may be begun when: for each key (a provider, an address, ...) a spacing between two beginnings and a number
 * open at a time. Who wants to begin asks for a lease over all keys that concern it. Pure: the time is an argument, and
 * nothing here sends or waits. One owner, the gatekeeper.
 *
 * A lease takes its keys one after the other, in the order of their ranks, and keeps those it has while it queues for the
 * next. Each key serves its queue in order of arrival. So nobody starves; and nobody waits for ever: all take keys in the
 * same order, hence the lease that holds the highest-ranked key waits for none that waits for it.
 */
#ifndef STSWEEP_WORKERS_LIMITER_H
#define STSWEEP_WORKERS_LIMITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/seen.h"

struct limiter;
struct limiter_entry;

/* The order in which keys are taken: what is shared by most comes last, so that it is held by those who can begin. */
enum limiter_rank {
	LIMITER_ADDRESS,
	LIMITER_PROVIDER,
	LIMITER_ALL,
};

struct limiter_claim {
	enum limiter_rank rank;
	struct seen_key key;
	int64_t spacing_us;
	int64_t open_count; /* most that may be open at once, at least 1 */
};

enum { LIMITER_CLAIMS_MAX = 4 };

/* Made and freed by the caller, who may embed it; from limiter_ask to limiter_release it stays where it is. */
struct lease {
	struct limiter_claim claims[LIMITER_CLAIMS_MAX];
	size_t claims_count;
	/* The rest is the limiter's own. */
	struct limiter_entry *entries[LIMITER_CLAIMS_MAX];
	size_t held; /* claims taken; all of them: granted */
	bool begun;
	struct lease *previous; /* in the queue of claim `held`, or among the granted */
	struct lease *next;
};

/* NULL without memory. */
struct limiter *limiter_new(void);
/* Leases that are still out are forgotten, not freed. */
void limiter_free(struct limiter *limiter);

/* `claims` are filled; a key given twice counts once. False without memory: nothing was asked. */
bool limiter_ask(struct limiter *limiter, struct lease *lease, int64_t now_us);
/* The next lease that has been granted by now, each once; NULL for none. */
struct lease *limiter_next(struct limiter *limiter, int64_t now_us);
/* What the lease is for was begun at that time: the spacing counts from here. No neighbour is let begin before this is known. */
void limiter_begun(struct limiter *limiter, struct lease *lease, int64_t at_us, int64_t now_us);
/* It is over, or given up, granted or not. */
void limiter_release(struct limiter *limiter, struct lease *lease, int64_t now_us);
/* When limiter_next can have something without another call before; INT64_MAX for never. */
int64_t limiter_due_us(const struct limiter *limiter);
/* Keys remembered: those open, queued for, or within their spacing. */
size_t limiter_count(const struct limiter *limiter);

#endif
