/*
 * `stsweep schema`: the published records and their vocabularies as data, made from the same tables
 * as the records themselves. Called by the command and by what generates documentation; reads no
 * file.
 */
#ifndef STSWEEP_OUTPUT_SCHEMA_H
#define STSWEEP_OUTPUT_SCHEMA_H

#include "output/buffer.h"
#include "record/field.h"

enum schema_format {
	SCHEMA_JSON_SCHEMA, /* draft 2020-12, of a line of JSON Lines */
	SCHEMA_CSV,         /* the codebook: a line a field, word and finding */
	SCHEMA_MARKDOWN,
};

/* False when there is no format of that name ("json-schema", "csv", "markdown"). */
bool schema_format_named(struct span name, enum schema_format *format);
/* All published records: domain, host, cert, entity. Check buffer->failed. */
void schema_write(struct buffer *buffer, enum schema_format format);
/* The dotted paths of a record's published fields, a line each (--list-output-fields). */
void schema_list_fields(struct buffer *buffer, const struct schema *schema);

#endif
