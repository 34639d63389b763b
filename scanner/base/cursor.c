/*
 * The longer reads of the bounded reader; the small ones are inline. Called by the parsers of text;
 * never allocates.
 */
#include "base/cursor.h"

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
