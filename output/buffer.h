/*
 * A growing buffer of bytes whose failure is sticky: an encoder writes all it has and asks once.
 * Every encoder of output/ writes into one; it knows no format and no file.
 */
#ifndef STSWEEP_OUTPUT_BUFFER_H
#define STSWEEP_OUTPUT_BUFFER_H

#include "base/span.h"

struct buffer {
	uint8_t *data;
	size_t len;
	size_t capacity;
	bool failed; /* memory ran out: what was appended since is incomplete */
};

/* Room for `count` more bytes, to be filled by the caller and then counted by buffer_added; NULL
 * without memory. */
uint8_t *buffer_reserve(struct buffer *buffer, size_t count);
void buffer_added(struct buffer *buffer, size_t count);

/* Inline, because encoders append a few bytes at a time, and mostly as many as the compiler knows.
 */
static inline void buffer_append(struct buffer *buffer, const void *data, size_t len)
{
	uint8_t *place;

	if (len == 0)
		return;
	if (buffer->capacity - buffer->len >= len && !buffer->failed)
		place = buffer->data + buffer->len;
	else
		place = buffer_reserve(buffer, len);
	if (place == NULL)
		return;
	memcpy(place, data, len);
	buffer->len += len;
}

void buffer_append_span(struct buffer *buffer, struct span span);
void buffer_append_text(struct buffer *buffer, const char *text);
void buffer_append_byte(struct buffer *buffer, uint8_t byte);
void buffer_append_number(struct buffer *buffer, int64_t number);
struct span buffer_span(const struct buffer *buffer);
/* Forgets what came after the first `len` bytes, and a failure too when all of those are kept
 * whole. */
void buffer_cut(struct buffer *buffer, size_t len);
/* Forgets the first `count` bytes; the others move to the front. */
void buffer_drop(struct buffer *buffer, size_t count);
/* Empty, with its memory kept. */
void buffer_reset(struct buffer *buffer);
void buffer_free(struct buffer *buffer);

#endif
