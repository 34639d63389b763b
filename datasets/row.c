/*
 * libcsv, which hands out a field at a time, made to give a whole line's fields. Used by
 * datasets/list.c and datasets/providers.c; it does not know what a column means.
 */
#include "datasets/row.h"

#include <stdlib.h>

enum { FIELDS_LEAST_COUNT = 16 };

/* Only LF ends a row for us, and no line holds one: a CR within a line is a byte of its field. */
static int ends_row(unsigned char byte)
{
	return byte == CSV_LF;
}

bool row_init(struct row *row, size_t line_bytes)
{
	*row = (struct row){.text_capacity = line_bytes};
	if (csv_init(&row->parser, 0) != 0)
		return false;
	csv_set_term_func(&row->parser, ends_row);
	row->text = malloc(line_bytes + 1);
	return row->text != NULL;
}

void row_free(struct row *row)
{
	csv_free(&row->parser);
	free(row->fields);
	free(row->text);
	*row = (struct row){0};
}

static bool fields_grow(struct row *row)
{
	size_t capacity = row->capacity == 0 ? FIELDS_LEAST_COUNT : row->capacity * 2;
	struct span *fields = reallocarray(row->fields, capacity, sizeof(*fields));

	if (fields == NULL)
		return false;
	row->fields = fields;
	row->capacity = capacity;
	return true;
}

static void take_field(void *data, size_t len, void *context)
{
	struct row *row = context;

	if (len > row->text_capacity - row->text_len ||
	    (row->count == row->capacity && !fields_grow(row))) {
		row->failed = true;
		return;
	}
	if (len > 0)
		memcpy(row->text + row->text_len, data, len);
	row->fields[row->count++] = span_of(row->text + row->text_len, len);
	row->text_len += len;
}

static void end_row(int terminator, void *context)
{
	(void)terminator;
	(void)context;
}

bool row_parse(struct row *row, struct span line)
{
	row->count = 0;
	row->text_len = 0;
	row->failed = false;
	if (csv_parse(&row->parser, line.data, line.len, take_field, end_row, row) != line.len)
		row->failed = true;
	/* Always, for it also makes the parser ready for the next line. */
	if (csv_fini(&row->parser, take_field, end_row, row) != 0)
		row->failed = true;
	return !row->failed;
}
