/*
 * An arena is the memory of one job: allocated in chunks, never freed piecewise, reset as a whole
 * when the job's record has been encoded. It has a hard cap, so that no remote can make one job
 * grow; reaching the cap is remembered (sticky) and the caller reports `local-limit`. Not
 * thread-safe: an arena has one owner at a time.
 */
#ifndef STSWEEP_BASE_ARENA_H
#define STSWEEP_BASE_ARENA_H

#include <stdbool.h>
#include <stddef.h>

#include "base/span.h"

struct arena_chunk;

struct arena {
	struct arena_chunk *chunks; /* newest first */
	size_t cap_bytes;           /* sum of chunk sizes that may not be exceeded */
	size_t held_bytes;          /* sum of chunk sizes now held from the allocator */
	bool exhausted;             /* some allocation was refused since the last reset */
};

/* The first chunk is taken at the first allocation, so an idle arena costs nothing. */
void arena_init(struct arena *arena, size_t cap_bytes);
/* Forgets all that was allocated; keeps one chunk for the next job. */
void arena_reset(struct arena *arena);
void arena_free(struct arena *arena);

/* Zeroed memory aligned for any type, or NULL over the cap. `size` 0 gives a valid pointer. */
void *arena_alloc(struct arena *arena, size_t size);
/* `count` zeroed items of `size` bytes; NULL over the cap or on overflow of the product. */
void *arena_calloc(struct arena *arena, size_t count, size_t size);
/*
 * A copy of `span` (followed by a NUL that is not counted); no value for no value, and over the
 * cap.
 */
struct span arena_copy(struct arena *arena, struct span span);
/* printf into the arena; no value over the cap. */
struct span arena_printf(struct arena *arena, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/*
 * Appends `item` to `list`, growing it in the arena (old arrays are abandoned until reset, so
 * growth doubles). False over the cap; the list is then unchanged. Only for lists that started
 * empty and grew this way: their capacity is told from their count.
 */
bool arena_append(struct arena *arena, struct span_list *list, struct span item);
/*
 * The same for a list of anything: `items` and `count` of `size`-byte elements; gives the new
 * zeroed element or NULL.
 */
void *arena_grow(struct arena *arena, void **items, size_t *count, size_t size);

#endif
