/*
 * See limiter.h. Keys live in a hash table; those that have something to do at a known time (serve their queue, or be
 * forgotten) stand in a heap by that time.
 */
#include "workers/limiter.h"

#include <stdlib.h>
#include <string.h>

/* Keys are digests already. */
#define HASH_FUNCTION(key, len, hash) memcpy(&(hash), key, sizeof(hash))
#include <uthash.h>
#include <utlist.h>

/* Below this spacing, a beginning is not waited for: the way to a worker and back is longer. */
enum { EXACT_SPACING_US = 1000 };

enum { HEAP_FIRST_COUNT = 64, NOT_IN_HEAP = -1 };

struct limiter_entry {
	struct seen_key key;
	UT_hash_handle hh;
	struct lease *queue; /* utlist's doubly linked list: the head's `previous` is the tail */
	int64_t leases;      /* that name this key; as long as there is one, the entry stays */
	int64_t open;
	int64_t unbegun; /* taken by leases that have not begun */
	int64_t next_us; /* not before this time */
	int64_t due_us;  /* its place in the heap */
	long heap_at;
};

struct heap {
	struct limiter_entry **items;
	size_t count;
	size_t size;
};

struct limiter {
	struct limiter_entry *entries;
	struct heap heap;
	struct lease *granted;
};

/* --- the heap ----------------------------------------------------------------------------- */

static void heap_put(struct heap *heap, size_t at, struct limiter_entry *entry)
{
	heap->items[at] = entry;
	entry->heap_at = (long)at;
}

static void heap_up(struct heap *heap, size_t at, struct limiter_entry *entry)
{
	while (at > 0 && heap->items[(at - 1) / 2]->due_us > entry->due_us) {
		heap_put(heap, at, heap->items[(at - 1) / 2]);
		at = (at - 1) / 2;
	}
	heap_put(heap, at, entry);
}

static void heap_down(struct heap *heap, size_t at, struct limiter_entry *entry)
{
	for (;;) {
		size_t child = 2 * at + 1;

		if (child + 1 < heap->count &&
		    heap->items[child + 1]->due_us < heap->items[child]->due_us)
			child++;
		if (child >= heap->count || heap->items[child]->due_us >= entry->due_us)
			break;
		heap_put(heap, at, heap->items[child]);
		at = child;
	}
	heap_put(heap, at, entry);
}

static void heap_remove(struct heap *heap, struct limiter_entry *entry)
{
	if (entry->heap_at == NOT_IN_HEAP)
		return;
	size_t at = (size_t)entry->heap_at;
	struct limiter_entry *last = heap->items[--heap->count];

	entry->heap_at = NOT_IN_HEAP;
	if (last == entry)
		return;
	if (at > 0 && heap->items[(at - 1) / 2]->due_us > last->due_us)
		heap_up(heap, at, last);
	else
		heap_down(heap, at, last);
}

/* There is room: it is made when an entry is. */
static void heap_add(struct heap *heap, struct limiter_entry *entry, int64_t due_us)
{
	heap_remove(heap, entry);
	entry->due_us = due_us;
	heap_up(heap, heap->count++, entry);
}

static bool heap_reserve(struct heap *heap, size_t count)
{
	if (count <= heap->size)
		return true;
	size_t size = heap->size != 0 ? 2 * heap->size : HEAP_FIRST_COUNT;
	struct limiter_entry **items = realloc(heap->items, size * sizeof(struct limiter_entry *));

	if (items == NULL)
		return false;
	heap->items = items;
	heap->size = size;
	return true;
}

/* --- entries ------------------------------------------------------------------------------ */

static struct limiter_entry *entry_find(struct limiter *limiter, struct seen_key key)
{
	struct limiter_entry *entry;

	HASH_FIND(hh, limiter->entries, &key, sizeof(key), entry);
	return entry;
}

static struct limiter_entry *entry_make(struct limiter *limiter, struct seen_key key)
{
	struct limiter_entry *entry = entry_find(limiter, key);

	if (entry != NULL)
		return entry;
	if (!heap_reserve(&limiter->heap, limiter_count(limiter) + 1))
		return NULL;
	entry = calloc(1, sizeof(*entry));
	if (entry == NULL)
		return NULL;
	entry->key = key;
	entry->next_us = INT64_MIN;
	entry->heap_at = NOT_IN_HEAP;
	HASH_ADD(hh, limiter->entries, key, sizeof(entry->key), entry);
	return entry;
}

static void entry_drop(struct limiter *limiter, struct limiter_entry *entry)
{
	heap_remove(&limiter->heap, entry);
	HASH_DELETE(hh, limiter->entries, entry);
	free(entry);
}

/* Free but for the time. */
static bool entry_has_room(const struct limiter_entry *entry, const struct limiter_claim *claim)
{
	if (entry->unbegun > 0 && claim->spacing_us >= EXACT_SPACING_US)
		return false;
	return entry->open < claim->open_count;
}

static bool entry_is_free(const struct limiter_entry *entry, const struct limiter_claim *claim,
			  int64_t now_us)
{
	return entry_has_room(entry, claim) && entry->next_us <= now_us;
}

/* Takes the claim whose turn it is, `entry` being free. */
static void lease_take(struct lease *lease, struct limiter_entry *entry, int64_t now_us)
{
	entry->open++;
	entry->unbegun++;
	entry->next_us = now_us + lease->claims[lease->held].spacing_us;
	lease->held++;
}

/* Takes what is free, until it must queue or has all. */
static void lease_advance(struct limiter *limiter, struct lease *lease, int64_t now_us)
{
	while (lease->held < lease->claims_count) {
		struct limiter_entry *entry = lease->entries[lease->held];
		const struct limiter_claim *claim = &lease->claims[lease->held];

		if (entry->queue != NULL || !entry_is_free(entry, claim, now_us)) {
			DL_APPEND2(entry->queue, lease, previous, next);
			return;
		}
		lease_take(lease, entry, now_us);
	}
	DL_APPEND2(limiter->granted, lease, previous, next);
}

/*
 * Puts the entry where it will be looked at again: into the heap when only time is missing, even time that has passed
 * (limiter_next then serves it); nowhere when the next beginning or release does it; away when it is idle.
 */
static void entry_settle(struct limiter *limiter, struct limiter_entry *entry, int64_t now_us)
{
	const struct lease *first = entry->queue;

	if (first != NULL ? entry_has_room(entry, &first->claims[first->held])
			  : entry->leases == 0 && entry->next_us > now_us)
		heap_add(&limiter->heap, entry, entry->next_us);
	else if (entry->leases == 0)
		entry_drop(limiter, entry);
	else
		heap_remove(&limiter->heap, entry);
}

/* Serves the queue of an entry as far as it is free. */
static void entry_serve(struct limiter *limiter, struct limiter_entry *entry, int64_t now_us)
{
	while (entry->queue != NULL) {
		struct lease *lease = entry->queue;

		if (!entry_is_free(entry, &lease->claims[lease->held], now_us))
			break;
		DL_DELETE2(entry->queue, lease, previous, next);
		lease_take(lease, entry, now_us);
		lease_advance(limiter, lease, now_us);
		if (lease->held < lease->claims_count)
			entry_settle(limiter, lease->entries[lease->held], now_us);
	}
	entry_settle(limiter, entry, now_us);
}

/* --- leases ------------------------------------------------------------------------------- */

struct limiter *limiter_new(void)
{
	return calloc(1, sizeof(struct limiter));
}

void limiter_free(struct limiter *limiter)
{
	struct limiter_entry *entry, *next;

	if (limiter == NULL)
		return;
	HASH_ITER (hh, limiter->entries, entry, next) {
		HASH_DELETE(hh, limiter->entries, entry);
		free(entry);
	}
	free(limiter->heap.items);
	free(limiter);
}

static bool claim_is_before(const struct limiter_claim *a, const struct limiter_claim *b)
{
	if (a->rank != b->rank)
		return a->rank < b->rank;
	if (a->key.high != b->key.high)
		return a->key.high < b->key.high;
	return a->key.low < b->key.low;
}

/* The one order for all, without repetitions. */
static void lease_sort_claims(struct lease *lease)
{
	struct limiter_claim *claims = lease->claims;
	size_t kept = 0;

	for (size_t i = 0; i < lease->claims_count; i++) {
		struct limiter_claim claim = claims[i];
		size_t at = kept;

		while (at > 0 && claim_is_before(&claim, &claims[at - 1]))
			at--;
		if (at > 0 && !claim_is_before(&claims[at - 1], &claim))
			continue;
		memmove(&claims[at + 1], &claims[at], (kept - at) * sizeof(claim));
		claims[at] = claim;
		kept++;
	}
	lease->claims_count = kept;
}

/* Undoes what was asked of the first `count` keys. */
static void lease_forget(struct limiter *limiter, struct lease *lease, size_t count, int64_t now_us)
{
	for (size_t i = 0; i < count; i++) {
		lease->entries[i]->leases--;
		entry_settle(limiter, lease->entries[i], now_us);
	}
}

bool limiter_ask(struct limiter *limiter, struct lease *lease, int64_t now_us)
{
	lease_sort_claims(lease);
	lease->held = 0;
	lease->begun = false;
	for (size_t i = 0; i < lease->claims_count; i++) {
		lease->entries[i] = entry_make(limiter, lease->claims[i].key);
		if (lease->entries[i] == NULL) {
			lease_forget(limiter, lease, i, now_us);
			return false;
		}
		lease->entries[i]->leases++;
	}
	lease_advance(limiter, lease, now_us);
	for (size_t i = 0; i < lease->claims_count; i++)
		entry_settle(limiter, lease->entries[i], now_us);
	return true;
}

struct lease *limiter_next(struct limiter *limiter, int64_t now_us)
{
	struct heap *heap = &limiter->heap;

	while (heap->count > 0 && heap->items[0]->due_us <= now_us)
		entry_serve(limiter, heap->items[0], now_us);
	struct lease *lease = limiter->granted;

	if (lease == NULL)
		return NULL;
	DL_DELETE2(limiter->granted, lease, previous, next);
	lease->next = lease->previous = NULL;
	return lease;
}

void limiter_begun(struct limiter *limiter, struct lease *lease, int64_t at_us, int64_t now_us)
{
	if (lease->begun)
		return;
	lease->begun = true;
	for (size_t i = 0; i < lease->claims_count; i++) {
		struct limiter_entry *entry = lease->entries[i];
		int64_t next_us = at_us + lease->claims[i].spacing_us;

		entry->unbegun--;
		if (next_us > entry->next_us)
			entry->next_us = next_us;
		entry_serve(limiter, entry, now_us);
	}
}

void limiter_release(struct limiter *limiter, struct lease *lease, int64_t now_us)
{
	size_t held = lease->held;

	if (held < lease->claims_count)
		DL_DELETE2(lease->entries[held]->queue, lease, previous, next);
	else if (lease->previous != NULL) /* granted and not fetched yet */
		DL_DELETE2(limiter->granted, lease, previous, next);
	for (size_t i = 0; i < lease->claims_count; i++) {
		struct limiter_entry *entry = lease->entries[i];

		entry->leases--;
		if (i < held) {
			entry->open--;
			entry->unbegun -= lease->begun ? 0 : 1;
		}
		entry_serve(limiter, entry, now_us);
	}
}

int64_t limiter_due_us(const struct limiter *limiter)
{
	if (limiter->granted != NULL)
		return INT64_MIN;
	return limiter->heap.count > 0 ? limiter->heap.items[0]->due_us : INT64_MAX;
}

size_t limiter_count(const struct limiter *limiter)
{
	return HASH_COUNT(limiter->entries);
}
