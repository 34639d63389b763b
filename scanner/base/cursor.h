/*
 * A cursor reads a span from the front and never past its end. Its error is sticky: after the first short read every
 * read gives zero or an empty span, so a parser reads all it wants and checks `failed` once. Parsers read through the
 * cursor only, so bounds live in this one place.
 */
#ifndef STSWEEP_BASE_CURSOR_H
#define STSWEEP_BASE_CURSOR_H

#include "base/span.h"

struct cursor {
	struct span whole;
	size_t at; /* offset of the next byte; at <= whole.len always */
	bool failed;
};

struct cursor cursor_over(struct span whole);
size_t cursor_left(const struct cursor *cursor);
bool cursor_at_end(const struct cursor *cursor);
/* What has not been read yet, without reading it. */
struct span cursor_rest(const struct cursor *cursor);

uint8_t cursor_u8(struct cursor *cursor);
uint16_t cursor_u16(struct cursor *cursor); /* network byte order */
uint32_t cursor_u32(struct cursor *cursor); /* network byte order */
struct span cursor_bytes(struct cursor *cursor, size_t count);
/* Moves to an absolute offset (DNS compression); fails beyond the end. */
void cursor_seek(struct cursor *cursor, size_t offset);

/* Text. The next byte without reading it, or -1 at the end. */
int cursor_peek(const struct cursor *cursor);
/* Reads `byte` if it is next. */
bool cursor_accept(struct cursor *cursor, uint8_t byte);
/* Reads the longest run of bytes for which `is` holds (possibly empty). */
struct span cursor_while(struct cursor *cursor, bool (*is)(uint8_t byte));
/* Reads up to and including the next LF; the line without LF or CRLF. At the end: what is left. */
struct span cursor_line(struct cursor *cursor);

#endif
