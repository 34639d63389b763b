/*
 * One line of CSV (RFC 4180) as its fields, by libcsv. A quoted field cannot go on in the next
 * line: here a line is a row, whatever it holds. Used by the readers of lists and tables. One
 * owner.
 */
#ifndef STSWEEP_DATASETS_ROW_H
#define STSWEEP_DATASETS_ROW_H

#include <csv.h>

#include "base/span.h"

struct row {
	struct span *fields; /* hold until the next row_parse */
	size_t count;
	size_t capacity;
	uint8_t *text; /* of all fields, one after the other */
	size_t text_len;
	size_t text_capacity;
	struct csv_parser parser;
	bool failed;
};

/* `line_bytes` is the longest line that will be parsed. False without memory. */
bool row_init(struct row *row, size_t line_bytes);
void row_free(struct row *row);
/* False without memory, or for a line longer than announced. An empty line has no field. */
bool row_parse(struct row *row, struct span line);

#endif
