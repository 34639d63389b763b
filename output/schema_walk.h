/*
 * What the three forms of the schema share: the published records, a field's type in words, and a
 * walk over all fields under their dotted names. Within output/ only.
 */
#ifndef STSWEEP_OUTPUT_SCHEMA_WALK_H
#define STSWEEP_OUTPUT_SCHEMA_WALK_H

#include "output/buffer.h"
#include "record/field.h"

struct published_record {
	const char *name;  /* "domain" */
	const char *files; /* "domains" */
	const struct schema *schema;
	const char *meaning;
};

enum { PUBLISHED_RECORDS_COUNT = 4 };

extern const struct published_record published_records[PUBLISHED_RECORDS_COUNT];

/* Every vocabulary, findings last. */
extern const struct vocabulary *const all_vocabularies[];
extern const size_t all_vocabularies_count;

/* "number", "time", "list of maps"... */
const char *schema_type_name(enum field_kind kind);
const char *schema_severity_name(enum severity severity);

/* Gives each published field of a record, maps before what is in them; a name within a list of maps
 * has "[]" behind it. */
void schema_each_field(const struct schema *schema,
		       void (*each)(void *context, struct span name, const struct field *field),
		       void *context);

void schema_write_json(struct buffer *buffer);
void schema_write_csv(struct buffer *buffer);
void schema_write_markdown(struct buffer *buffer);

#endif
