/*
 * A set of 128-bit keys, each with a 64-bit value: which hosts and certificates a scan has met, and
 * where their evidence lies. Made for tens of millions of entries: at most 64 bytes each, all told.
 * Keys are digests made by the caller (keyed, so that no remote can choose them). Not thread-safe:
 * it has one owner.
 */
#ifndef STSWEEP_BASE_SEEN_H
#define STSWEEP_BASE_SEEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"

struct seen;

struct seen_key {
	uint64_t high;
	uint64_t low;
};

/*
 * Key of a text (ASCII case folded) or of bytes, with a secret of 16 bytes: SipHash-2-4 128 or
 * better.
 */
struct seen_key seen_key_text(struct span text, const uint8_t secret[16]);
struct seen_key seen_key_bytes(struct span bytes, const uint8_t secret[16]);

/* NULL without memory. */
struct seen *seen_new(void);
void seen_free(struct seen *seen);
/* The value's place, which stays where it is until seen_free; NULL when the key is not there. */
uint64_t *seen_find(struct seen *seen, struct seen_key key);
/*
 * As seen_find, and adds the key with value 0 where it is missing; `added` tells. NULL without
 * memory.
 */
uint64_t *seen_add(struct seen *seen, struct seen_key key, bool *added);
size_t seen_count(const struct seen *seen);
/* Calls `each` for every entry, in no order that means anything; it must add none. */
void seen_each(const struct seen *seen,
	       void (*each)(void *context, struct seen_key key, uint64_t value), void *context);

#endif
