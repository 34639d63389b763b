/*
 * The schema's forms by name, the walk over its fields, and the list of their names. Called by
 * `stsweep schema`.
 */
#include "output/schema.h"

#include "output/schema_walk.h"
#include "record/record.h"

const struct published_record published_records[PUBLISHED_RECORDS_COUNT] = {
	{"domain", "domains", &schema_domain_record, "one record per target of the list"},
	{"host", "hosts", &schema_host_record, "one record per MX host that was probed"},
	{"cert", "certs", &schema_certificate_record, "one record per certificate that was sent"},
	{"entity", "entities", &schema_entity_record, "one record per provider and what it runs"},
};

#define VOCABULARY_ADDRESS(name, P, TABLE) &vocabulary_##name,

const struct vocabulary *const all_vocabularies[] = {VOCABULARIES(VOCABULARY_ADDRESS) &
						     vocabulary_finding};
const size_t all_vocabularies_count = ARRAY_LENGTH(all_vocabularies);

const char *schema_type_name(enum field_kind kind)
{
	switch (kind) {
	case FIELD_NUMBER:
		return "number";
	case FIELD_FLAG:
		return "flag";
	case FIELD_TIME:
		return "time";
	case FIELD_WORD:
		return "word";
	case FIELD_TEXT:
		return "text";
	case FIELD_BYTES:
		return "bytes";
	case FIELD_HASH:
		return "hash";
	case FIELD_TEXTS:
		return "list of texts";
	case FIELD_BYTES_LIST:
		return "list of bytes";
	case FIELD_HASHES:
		return "list of hashes";
	case FIELD_WORDS:
		return "list of words";
	case FIELD_MAP:
		return "map";
	case FIELD_MAPS:
		return "list of maps";
	}
	return "";
}

#define SEVERITY_NAME(P, code, text, meaning) [P##_##code] = (text),

const char *schema_severity_name(enum severity severity)
{
	static const char *const names[] = {SEVERITIES(SEVERITY_NAME, SEVERITY)};

	return names[severity];
}

struct walk {
	void (*each)(void *context, struct span name, const struct field *field);
	void *context;
	struct buffer name; /* of the map being walked, with its dot */
};

static void walk_schema(struct walk *walk, const struct schema *schema)
{
	for (size_t i = 0; i < schema->count; i++) {
		const struct field *field = &schema->fields[i];
		size_t len = walk->name.len;

		if (field->where == FIELD_EVIDENCE)
			continue;
		buffer_append_text(&walk->name, field->name);
		walk->each(walk->context, buffer_span(&walk->name), field);
		if (field->schema != NULL) {
			buffer_append_text(&walk->name, field->kind == FIELD_MAPS ? "[]." : ".");
			walk_schema(walk, field->schema);
		}
		buffer_cut(&walk->name, len);
	}
}

void schema_each_field(const struct schema *schema,
		       void (*each)(void *context, struct span name, const struct field *field),
		       void *context)
{
	struct walk walk = {.each = each, .context = context};

	walk_schema(&walk, schema);
	buffer_free(&walk.name);
}

bool schema_format_named(struct span name, enum schema_format *format)
{
	static const char *const names[] = {
		[SCHEMA_JSON_SCHEMA] = "json-schema",
		[SCHEMA_CSV] = "csv",
		[SCHEMA_MARKDOWN] = "markdown",
	};

	for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
		if (span_equal(span_text(names[i]), name)) {
			*format = (enum schema_format)i;
			return true;
		}
	}
	return false;
}

void schema_write(struct buffer *buffer, enum schema_format format)
{
	switch (format) {
	case SCHEMA_JSON_SCHEMA:
		schema_write_json(buffer);
		return;
	case SCHEMA_CSV:
		schema_write_csv(buffer);
		return;
	case SCHEMA_MARKDOWN:
		schema_write_markdown(buffer);
		return;
	}
}

/* As --include-fields takes it: no mark of a list. */
static void list_field(void *context, struct span name, const struct field *field)
{
	struct buffer *buffer = context;

	(void)field;
	for (size_t i = 0; i < name.len; i++) {
		if (name.data[i] != '[' && name.data[i] != ']')
			buffer_append_byte(buffer, name.data[i]);
	}
	buffer_append_byte(buffer, '\n');
}

void schema_list_fields(struct buffer *buffer, const struct schema *schema)
{
	schema_each_field(schema, list_field, buffer);
}
