/*
 * Where in a line the target stands: decided from the first line of a file, kept for the rest of
 * it. Used by datasets/list.c only.
 */
#ifndef STSWEEP_DATASETS_COLUMNS_H
#define STSWEEP_DATASETS_COLUMNS_H

#include "datasets/row.h"

enum { COLUMN_NONE = -1 };

struct columns {
	bool csv;   /* the file is CSV; else a comma makes a line dirty, but for `rank,domain` */
	bool fixed; /* `name` was asked for: no other column will do */
	int name;   /* COLUMN_NONE: by the shape of each line */
	int rank;
};

enum columns_result {
	COLUMNS_TARGET, /* the first line is a target */
	COLUMNS_HEADER,
	COLUMNS_MISSING, /* there is no column of the name asked for */
};

/* `column`: a number from 1 or a name, NULL for neither. `row` is the first line, parsed. */
enum columns_result columns_find(struct columns *columns, const char *column, struct span line,
				 const struct row *row);
/* False when `column` is a number below 1 or too large to be one. */
bool columns_is_valid(const char *column);
/* Does the line need to be parsed as CSV at all? */
bool columns_is_row(struct span line);
/* Columns of this line; `name` is COLUMN_NONE when the line as a whole is the target. */
struct columns columns_of(const struct columns *columns, const struct row *row);
/* A decimal number of at most 18 digits, or -1. */
int64_t columns_rank(struct span field);

#endif
