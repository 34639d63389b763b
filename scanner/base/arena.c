/*
 * The memory of one job, in chunks that are taken from the allocator as they are needed and given
 * back together. Every job owns one; nothing here knows what is stored in it. Under
 * AddressSanitizer what has not been handed out is poisoned, with a gap behind every allocation, so
 * that a step past the end of one is caught as it would be with malloc.
 */
#include "base/arena.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#if defined(__SANITIZE_ADDRESS__)
#define ARENA_POISONS 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARENA_POISONS 1
#endif
#endif

#ifdef ARENA_POISONS
#include <sanitizer/asan_interface.h>
enum { GAP_BYTES = 16 };
#else
enum { GAP_BYTES = 0 };
#endif

enum {
	ALIGNMENT_BYTES = alignof(max_align_t),
	/* Most jobs need one chunk; with malloc's header it fills a page and is not handed back to
	   the system. */
	CHUNK_LEAST_BYTES = 4096 - 16,
	CHUNK_MOST_BYTES = 65536 - 16, /* a larger one only for a larger allocation */
	LIST_LEAST_COUNT = 4,
};

struct arena_chunk {
	struct arena_chunk *older;
	size_t size; /* of the chunk, this header included */
	size_t used; /* likewise */
};

static size_t align_up(size_t size)
{
	return (size + (ALIGNMENT_BYTES - 1)) & ~(size_t)(ALIGNMENT_BYTES - 1);
}

static size_t header_bytes(void)
{
	return align_up(sizeof(struct arena_chunk));
}

static void poison(struct arena_chunk *chunk)
{
	chunk->used = header_bytes();
#ifdef ARENA_POISONS
	ASAN_POISON_MEMORY_REGION((char *)chunk + chunk->used, chunk->size - chunk->used);
#endif
}

static void unpoison(void *from, size_t size)
{
#ifdef ARENA_POISONS
	ASAN_UNPOISON_MEMORY_REGION(from, size);
#else
	(void)from;
	(void)size;
#endif
}

static void chunk_free(struct arena_chunk *chunk)
{
	unpoison(chunk, chunk->size);
	free(chunk);
}

void arena_init(struct arena *arena, size_t cap_bytes)
{
	*arena = (struct arena){.cap_bytes = cap_bytes};
}

/* What is kept has the ordinary size, so that one job's large policy does not stay with the next.
 */
void arena_reset(struct arena *arena)
{
	struct arena_chunk *chunk = arena->chunks, *kept = NULL;

	while (chunk != NULL) {
		struct arena_chunk *older = chunk->older;

		if (kept == NULL && chunk->size <= CHUNK_LEAST_BYTES)
			kept = chunk;
		else
			chunk_free(chunk);
		chunk = older;
	}
	arena_init(arena, arena->cap_bytes);
	if (kept == NULL)
		return;
	kept->older = NULL;
	poison(kept);
	arena->chunks = kept;
	arena->held_bytes = kept->size;
}

void arena_free(struct arena *arena)
{
	struct arena_chunk *chunk = arena->chunks;

	while (chunk != NULL) {
		struct arena_chunk *older = chunk->older;

		chunk_free(chunk);
		chunk = older;
	}
	arena_init(arena, arena->cap_bytes);
}

/* As much as is held already, within bounds: a growing job takes few chunks, and never twice what
 * it needs. */
static size_t chunk_size(const struct arena *arena, size_t least)
{
	size_t allowed = arena->cap_bytes - arena->held_bytes;
	size_t size = arena->held_bytes < CHUNK_LEAST_BYTES ? CHUNK_LEAST_BYTES : arena->held_bytes;

	if (size > CHUNK_MOST_BYTES)
		size = CHUNK_MOST_BYTES;
	if (size < least)
		size = least;
	return size < allowed ? size : allowed;
}

/* A chunk with room for `need` bytes; NULL over the cap. */
static struct arena_chunk *chunk_add(struct arena *arena, size_t need)
{
	struct arena_chunk *newest = arena->chunks;
	size_t allowed = arena->cap_bytes - arena->held_bytes;

	if (allowed < header_bytes() || need > allowed - header_bytes())
		return NULL;
	size_t size = chunk_size(arena, need + header_bytes());
	struct arena_chunk *chunk = malloc(size);

	if (chunk == NULL)
		return NULL;
	chunk->size = size;
	poison(chunk);
	arena->held_bytes += size;
	/* A chunk made for one large allocation goes behind the newest, whose room is still good
	 * for small ones. */
	if (newest != NULL && need > CHUNK_LEAST_BYTES &&
	    newest->size - newest->used > size - need) {
		chunk->older = newest->older;
		newest->older = chunk;
	} else {
		chunk->older = newest;
		arena->chunks = chunk;
	}
	return chunk;
}

void *arena_alloc(struct arena *arena, size_t size)
{
	struct arena_chunk *chunk = arena->chunks;

	if (size >= arena->cap_bytes) {
		arena->exhausted = true;
		return NULL;
	}
	size_t need = align_up(size + (size == 0)) + GAP_BYTES;

	if (chunk == NULL || chunk->size - chunk->used < need)
		chunk = chunk_add(arena, need);
	if (chunk == NULL) {
		arena->exhausted = true;
		return NULL;
	}
	void *memory = (char *)chunk + chunk->used;

	chunk->used += need;
	unpoison(memory, size);
	return memset(memory, 0, size);
}

void *arena_calloc(struct arena *arena, size_t count, size_t size)
{
	size_t product = 0;

	if (__builtin_mul_overflow(count, size, &product)) {
		arena->exhausted = true;
		return NULL;
	}
	return arena_alloc(arena, product);
}

struct span arena_copy(struct arena *arena, struct span span)
{
	if (span_is_null(span) || span.len == SIZE_MAX)
		return (struct span){0};
	uint8_t *copy = arena_alloc(arena, span.len + 1);

	if (copy == NULL)
		return (struct span){0};
	if (span.len > 0)
		memcpy(copy, span.data, span.len);
	return span_of(copy, span.len);
}

struct span arena_printf(struct arena *arena, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	int len = vsnprintf(NULL, 0, format, arguments);

	va_end(arguments);
	if (len < 0)
		return (struct span){0};
	char *text = arena_alloc(arena, (size_t)len + 1);

	if (text == NULL)
		return (struct span){0};
	va_start(arguments, format);
	vsnprintf(text, (size_t)len + 1, format, arguments);
	va_end(arguments);
	return span_of(text, (size_t)len);
}

/* A list is full at LIST_LEAST_COUNT and at every power of two above, so its capacity need not be
 * kept. */
static bool list_is_full(size_t count)
{
	return count == 0 || (count >= LIST_LEAST_COUNT && (count & (count - 1)) == 0);
}

void *arena_grow(struct arena *arena, void **items, size_t *count, size_t size)
{
	char *array = *items;

	if (list_is_full(*count)) {
		size_t capacity = 0;

		if (__builtin_mul_overflow(*count, (size_t)2, &capacity)) {
			arena->exhausted = true;
			return NULL;
		}
		array = arena_calloc(arena, *count == 0 ? LIST_LEAST_COUNT : capacity, size);
		if (array == NULL)
			return NULL;
		if (*count > 0)
			memcpy(array, *items, *count * size);
		*items = array;
	}
	*count += 1;
	return array + (*count - 1) * size;
}

bool arena_append(struct arena *arena, struct span_list *list, struct span item)
{
	void *items = list->items;
	struct span *place = arena_grow(arena, &items, &list->count, sizeof(*place));

	if (place == NULL)
		return false;
	list->items = items;
	*place = item;
	return true;
}
