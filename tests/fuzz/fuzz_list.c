/*
 * Any bytes as a list, packed or not: what the readers of lines, rows and columns promise must
 * hold.
 */
#include <stdlib.h>

#include "datasets/columns.h"
#include "datasets/lines.h"

enum { LINE_BYTES = 300, LINES_MOST = 20000 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
	if (!holds)
		abort();
}

static bool lies_within(struct span part, const struct row *row)
{
	return part.data >= row->text && part.data + part.len <= row->text + row->text_len;
}

static void check_line(const struct line *line, struct row *row, struct columns *columns)
{
	check(line->text.len <= LINE_BYTES && span_find(line->text, '\n') == line->text.len);
	check(row_parse(row, line->text));
	for (size_t i = 0; i < row->count; i++)
		check(lies_within(row->fields[i], row));
	if (line->number == 1)
		(void)columns_find(columns, NULL, line->text, row);
	if (row->count == 0)
		return; /* nothing, or white space alone */
	struct columns of = columns_of(columns, row);

	check(of.name == COLUMN_NONE || (size_t)of.name < row->count);
	check(of.rank == COLUMN_NONE || of.rank != of.name);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct dataset_error error;
	struct columns columns = {.name = COLUMN_NONE, .rank = COLUMN_NONE};
	struct row row;
	struct line line;
	struct source *source = source_over("input", span_of(data, size), &error);
	struct lines *lines = lines_over(source, LINE_BYTES, &error);
	uint64_t count = 0;

	check(lines != NULL && row_init(&row, LINE_BYTES));
	/* A small packed input may unpack to gigabytes: enough is enough. */
	while (count < LINES_MOST && lines_next(lines, &line, &error) == SOURCE_DATA) {
		check(line.number == ++count);
		check_line(&line, &row, &columns);
	}
	row_free(&row);
	lines_free(lines);
	return 0;
}
