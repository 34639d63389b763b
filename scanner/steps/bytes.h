/*
 * A byte buffer in an arena, with a cap: what a protocol machine has received and not yet
 * understood, or is about to send. Growing abandons the old memory until the arena is reset, so it
 * doubles. Used by the protocol machines.
 */
#ifndef STSWEEP_STEPS_BYTES_H
#define STSWEEP_STEPS_BYTES_H

#include "base/arena.h"
#include "base/span.h"

struct bytes {
	struct arena *arena;
	uint8_t *data;
	size_t len;
	size_t capacity;
	size_t cap_bytes; /* len never goes beyond */
};

enum bytes_result { BYTES_ADDED, BYTES_TOO_LARGE, BYTES_NO_MEMORY };

struct bytes bytes_over(struct arena *arena, size_t cap_bytes);
/* All of `added` or nothing. */
enum bytes_result bytes_add(struct bytes *bytes, struct span added);
/* Takes `count` bytes off the front. */
void bytes_drop(struct bytes *bytes, size_t count);
/* Never "no value", also when empty. */
struct span bytes_span(const struct bytes *bytes);

#endif
