/*
 * Records for tests, made by their schema: every field set, plainly or oddly, so that a field added
 * to a table is tested from its first day.
 */
#ifndef STSWEEP_TESTS_OUTPUT_HELPER_RECORD_H
#define STSWEEP_TESTS_OUTPUT_HELPER_RECORD_H

#include "output/selection.h"
#include "record/record.h"

enum helper_fill {
	FILL_PLAIN, /* readable values, each its own */
	FILL_ODD,   /* quotes, newlines, NUL, invalid UTF-8, separators, empty texts, lists of one
		       empty text */
};

enum { HELPER_ARENA_BYTES = 8 << 20 };

/* A record with every field set; `seed` makes it differ from others. */
void *helper_record(struct arena *arena, const struct schema *schema, enum helper_fill fill,
		    unsigned seed);
/* True when all fields of the view are equal; else says on standard error which is not. */
bool helper_records_equal(const struct schema *schema, enum record_view view, const void *a,
			  const void *b);
/* The record with nothing but the view's fields. */
void helper_record_strip(const struct schema *schema, enum record_view view, void *record);

/* All published and all gathered records. */
extern const struct schema *const helper_schemas[];
extern const size_t helper_schemas_count;

#endif
