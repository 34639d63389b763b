/*
 * The bounded reader: the only place where bytes that came from the network are indexed by what
 * they say themselves. Called by every parser; never allocates.
 */
#include "base/cursor.h"

struct cursor cursor_over(struct span whole)
{
	/* Adding to NULL is undefined even where nothing is added: no value is read as an empty
	 * one. */
	static const uint8_t nothing[1];

	if (span_is_null(whole))
		whole = span_of(nothing, 0);
	return (struct cursor){.whole = whole};
}

size_t cursor_left(const struct cursor *cursor)
{
	return cursor->failed ? 0 : cursor->whole.len - cursor->at;
}

bool cursor_at_end(const struct cursor *cursor)
{
	return cursor_left(cursor) == 0;
}

struct span cursor_rest(const struct cursor *cursor)
{
	return span_of(cursor->whole.data + cursor->at, cursor_left(cursor));
}

struct span cursor_bytes(struct cursor *cursor, size_t count)
{
	struct span rest = cursor_rest(cursor);

	if (count > rest.len) {
		cursor->failed = true;
		return span_first(rest, 0);
	}
	cursor->at += count;
	return span_first(rest, count);
}

uint8_t cursor_u8(struct cursor *cursor)
{
	struct span bytes = cursor_bytes(cursor, 1);

	return bytes.len == 0 ? 0 : bytes.data[0];
}

uint16_t cursor_u16(struct cursor *cursor)
{
	struct span bytes = cursor_bytes(cursor, 2);

	return bytes.len == 0 ? 0 : (uint16_t)(bytes.data[0] << 8 | bytes.data[1]);
}

uint32_t cursor_u32(struct cursor *cursor)
{
	struct span bytes = cursor_bytes(cursor, 4);

	return bytes.len == 0 ? 0
			      : (uint32_t)bytes.data[0] << 24 | (uint32_t)bytes.data[1] << 16 |
					(uint32_t)bytes.data[2] << 8 | bytes.data[3];
}

void cursor_seek(struct cursor *cursor, size_t offset)
{
	if (offset > cursor->whole.len)
		cursor->failed = true;
	else
		cursor->at = offset;
}

int cursor_peek(const struct cursor *cursor)
{
	return cursor_at_end(cursor) ? -1 : cursor->whole.data[cursor->at];
}

bool cursor_accept(struct cursor *cursor, uint8_t byte)
{
	if (cursor_peek(cursor) != byte)
		return false;
	cursor->at++;
	return true;
}

struct span cursor_while(struct cursor *cursor, bool (*is)(uint8_t byte))
{
	struct span rest = cursor_rest(cursor);
	size_t count = 0;

	while (count < rest.len && is(rest.data[count]))
		count++;
	return cursor_bytes(cursor, count);
}

struct span cursor_line(struct cursor *cursor)
{
	struct span rest = cursor_rest(cursor);
	size_t end = span_find(rest, '\n');
	struct span line = cursor_bytes(cursor, end);

	if (!cursor_accept(cursor, '\n'))
		return line;
	if (line.len > 0 && line.data[line.len - 1] == '\r')
		line.len--;
	return line;
}
