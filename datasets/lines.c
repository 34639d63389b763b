/*
 * Splits a source into lines inside one buffer that moves along. Used by datasets/list.c and
 * datasets/providers.c; it does not look into a line.
 */
#include "datasets/lines.h"

#include <errno.h>
#include <stdlib.h>

enum { READ_BYTES = 64 * 1024, BOM_BYTES = 3 };

struct lines {
	struct source *source;
	uint64_t number;
	size_t limit;
	size_t at;      /* where the current line begins */
	size_t scanned; /* up to here it holds no LF */
	size_t end;
	bool overlong; /* the current line is over the limit; only its first bytes are kept */
	bool finished;
	uint8_t buffer[]; /* limit + READ_BYTES */
};

struct lines *lines_over(struct source *source, size_t limit_bytes, struct dataset_error *error)
{
	if (source == NULL)
		return NULL;
	struct lines *lines = calloc(1, sizeof(*lines) + limit_bytes + READ_BYTES);

	if (lines == NULL) {
		dataset_error_set(error, "%s", strerror(ENOMEM));
		source_free(source);
		return NULL;
	}
	lines->source = source;
	lines->limit = limit_bytes;
	return lines;
}

void lines_free(struct lines *lines)
{
	if (lines == NULL)
		return;
	source_free(lines->source);
	free(lines);
}

struct source *lines_source(struct lines *lines)
{
	return lines->source;
}

/* The line that ends before `end`; the next one begins at `next`. */
static void line_take(struct lines *lines, size_t end, size_t next, struct line *line)
{
	struct span text = span_of(lines->buffer + lines->at, end - lines->at);

	if (!lines->overlong && text.len > 0 && text.data[text.len - 1] == '\r')
		text.len--;
	line->cut = lines->overlong || text.len > lines->limit;
	text = span_first(text, lines->limit);
	if (lines->number == 0 && span_starts_with(text, span_of("\xef\xbb\xbf", BOM_BYTES)))
		text = span_skip(text, BOM_BYTES);
	line->text = text;
	line->number = ++lines->number;
	lines->at = next;
	lines->scanned = next;
	lines->overlong = false;
}

/* Makes room for a read; of a line over the limit only the beginning stays. */
static void make_room(struct lines *lines)
{
	size_t held = lines->end - lines->at;

	/* One more byte than the limit may be the CR of its end. */
	if (held > lines->limit + 1) {
		lines->overlong = true;
		held = lines->limit;
	}
	memmove(lines->buffer, lines->buffer + lines->at, held);
	lines->at = 0;
	lines->end = held;
	lines->scanned = held;
}

enum source_result lines_next(struct lines *lines, struct line *line, struct dataset_error *error)
{
	while (!lines->finished) {
		uint8_t *buffer = lines->buffer;
		uint8_t *feed = memchr(buffer + lines->scanned, '\n', lines->end - lines->scanned);

		if (feed != NULL) {
			size_t at = (size_t)(feed - buffer);

			line_take(lines, at, at + 1, line);
			return SOURCE_DATA;
		}
		make_room(lines);
		size_t got = 0;
		enum source_result result =
			source_read(lines->source, buffer + lines->end,
				    lines->limit + READ_BYTES - lines->end, &got, error);

		lines->end += got;
		if (result == SOURCE_DATA)
			continue;
		lines->finished = true;
		if (result != SOURCE_END) {
			lines->at = lines->end;
			return result;
		}
	}
	if (lines->at == lines->end)
		return SOURCE_END;
	line_take(lines, lines->end, lines->end, line);
	return SOURCE_DATA;
}
