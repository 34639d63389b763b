/*
 * A cursor reads a span from the front and never past its end. Its error is sticky: after the first
 * short read every read gives zero or an empty span, so a parser reads all it wants and checks
 * `failed` once. Parsers read through the cursor only, so bounds live in this one place. The small
 * reads are inline: a DNS answer takes hundreds.
 */
#ifndef STSWEEP_BASE_CURSOR_H
#define STSWEEP_BASE_CURSOR_H

#include "base/span.h"

struct cursor {
	struct span whole;
	size_t at; /* offset of the next byte; at <= whole.len always */
	bool failed;
};

static inline struct cursor cursor_over(struct span whole)
{
	/*
	 * Adding to NULL is undefined even where nothing is added: no value is read as an empty
	 * one.
	 */
	static const uint8_t nothing[1];

	if (span_is_null(whole))
		whole = span_of(nothing, 0);
	return (struct cursor){.whole = whole};
}

static inline size_t cursor_left(const struct cursor *cursor)
{
	return cursor->failed ? 0 : cursor->whole.len - cursor->at;
}

static inline bool cursor_at_end(const struct cursor *cursor)
{
	return cursor_left(cursor) == 0;
}

/* What has not been read yet, without reading it. */
static inline struct span cursor_rest(const struct cursor *cursor)
{
	return span_of(cursor->whole.data + cursor->at, cursor_left(cursor));
}

static inline struct span cursor_bytes(struct cursor *cursor, size_t count)
{
	struct span rest = cursor_rest(cursor);

	if (count > rest.len) {
		cursor->failed = true;
		return span_first(rest, 0);
	}
	cursor->at += count;
	return span_first(rest, count);
}

static inline uint8_t cursor_u8(struct cursor *cursor)
{
	struct span bytes = cursor_bytes(cursor, 1);

	return bytes.len == 0 ? 0 : bytes.data[0];
}

/* Network byte order. */
static inline uint16_t cursor_u16(struct cursor *cursor)
{
	struct span bytes = cursor_bytes(cursor, 2);

	return bytes.len == 0 ? 0 : (uint16_t)(bytes.data[0] << 8 | bytes.data[1]);
}

/* Network byte order. */
static inline uint32_t cursor_u32(struct cursor *cursor)
{
	struct span bytes = cursor_bytes(cursor, 4);

	return bytes.len == 0 ? 0
			      : (uint32_t)bytes.data[0] << 24 | (uint32_t)bytes.data[1] << 16 |
					(uint32_t)bytes.data[2] << 8 | bytes.data[3];
}

/* Moves to an absolute offset (DNS compression); fails beyond the end. */
static inline void cursor_seek(struct cursor *cursor, size_t offset)
{
	if (offset > cursor->whole.len)
		cursor->failed = true;
	else
		cursor->at = offset;
}

/* Text. The next byte without reading it, or -1 at the end. */
static inline int cursor_peek(const struct cursor *cursor)
{
	return cursor_at_end(cursor) ? -1 : cursor->whole.data[cursor->at];
}

/* Reads `byte` if it is next. */
static inline bool cursor_accept(struct cursor *cursor, uint8_t byte)
{
	if (cursor_peek(cursor) != byte)
		return false;
	cursor->at++;
	return true;
}

/* Reads the longest run of bytes for which `is` holds (possibly empty). */
struct span cursor_while(struct cursor *cursor, bool (*is)(uint8_t byte));
/* Reads up to and including the next LF; the line without LF or CRLF. At the end: what is left. */
struct span cursor_line(struct cursor *cursor);

#endif
