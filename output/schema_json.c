/*
 * The schema as JSON Schema, draft 2020-12: a line of domains-*.jsonl validates against the root,
 * lines of the other families against their definitions. Fields are not required, because
 * --include-fields leaves some out, and further ones are allowed, because later versions of the
 * record may add them.
 */
#include <jansson.h>
#include <stdlib.h>

#include "output/schema_walk.h"
#include "record/record.h"

enum { INDENT_COLUMNS = 2 };

static json_t *record_value(const struct schema *schema);

static json_t *type_value(const char *type)
{
	return json_pack("{s:[s, s]}", "type", type, "null");
}

static json_t *text_value(const char *key, const char *constraint)
{
	json_t *value = type_value("string");

	json_object_set_new(value, key, json_string(constraint));
	return value;
}

/* `name` has no slash or tilde, so it stands in a JSON pointer as it is. */
static json_t *reference_value(const char *name)
{
	return json_pack("{s:o}", "$ref", json_sprintf("#/$defs/%s", name));
}

static json_t *or_null_value(json_t *value)
{
	return json_pack("{s:[o, {s:s}]}", "anyOf", value, "type", "null");
}

static json_t *list_value(json_t *items)
{
	return json_pack("{s:s, s:o}", "type", "array", "items", items);
}

static json_t *field_value(const struct field *field)
{
	switch (field->kind) {
	case FIELD_NUMBER:
		return json_pack("{s:[s, s], s:i}", "type", "integer", "null", "minimum", 0);
	case FIELD_FLAG:
		return type_value("boolean");
	case FIELD_TIME:
		return text_value("format", "date-time");
	case FIELD_WORD:
		return or_null_value(reference_value(field->vocabulary->name));
	case FIELD_TEXT:
	case FIELD_BYTES:
		return type_value("string");
	case FIELD_HASH:
		return text_value("pattern", "^[0-9a-f]{64}$");
	case FIELD_TEXTS:
	case FIELD_BYTES_LIST:
		return list_value(json_pack("{s:s}", "type", "string"));
	case FIELD_HASHES:
		return list_value(
			json_pack("{s:s, s:s}", "type", "string", "pattern", "^[0-9a-f]{64}$"));
	case FIELD_WORDS:
		return list_value(reference_value(field->vocabulary->name));
	case FIELD_MAP:
		return or_null_value(record_value(field->schema));
	case FIELD_MAPS:
		return list_value(record_value(field->schema));
	}
	return NULL;
}

/* May it be written as base64, under another name (output/encode.h)? */
static bool has_base64(enum field_kind kind)
{
	return kind == FIELD_TEXT || kind == FIELD_BYTES || kind == FIELD_TEXTS ||
	       kind == FIELD_BYTES_LIST;
}

static json_t *base64_value(const struct field *field)
{
	json_t *text = json_pack("{s:s, s:s}", "type", "string", "contentEncoding", "base64");

	return field->kind == FIELD_TEXT || field->kind == FIELD_BYTES ? text : list_value(text);
}

static void add_field(json_t *properties, const struct field *field)
{
	json_t *value = field_value(field);

	json_object_set_new(value, "description", json_string(field->meaning));
	json_object_set_new(properties, field->name, value);
	if (!has_base64(field->kind))
		return;
	value = base64_value(field);
	json_object_set_new(value, "description",
			    json_sprintf("instead of %s, where it is no text: %s", field->name,
					 field->meaning));
	json_t *name = json_sprintf("%s_b64", field->name);

	json_object_set_new(properties, json_string_value(name), value);
	json_decref(name);
}

static json_t *record_value(const struct schema *schema)
{
	json_t *properties = json_object();

	for (size_t i = 0; i < schema->count; i++) {
		if (schema->fields[i].where != FIELD_EVIDENCE)
			add_field(properties, &schema->fields[i]);
	}
	return json_pack("{s:s, s:o}", "type", "object", "properties", properties);
}

static json_t *vocabulary_value_of(const struct vocabulary *vocabulary)
{
	json_t *words = json_array();

	for (unsigned word = 1; word < vocabulary->count; word++)
		json_array_append_new(words,
				      json_pack("{s:s, s:s}", "const", vocabulary->words[word].text,
						"description", vocabulary->words[word].meaning));
	return json_pack("{s:s, s:o}", "type", "string", "oneOf", words);
}

static json_t *definitions(void)
{
	json_t *all = json_object();

	for (size_t i = 0; i < PUBLISHED_RECORDS_COUNT; i++) {
		const struct published_record *record = &published_records[i];
		json_t *value = record_value(record->schema);

		json_object_set_new(value, "description", json_string(record->meaning));
		json_object_set_new(all, record->name, value);
	}
	for (size_t i = 0; i < all_vocabularies_count; i++)
		json_object_set_new(all, all_vocabularies[i]->name,
				    vocabulary_value_of(all_vocabularies[i]));
	return all;
}

void schema_write_json(struct buffer *buffer)
{
	json_t *root = json_pack("{s:s, s:s, s:s, s:s, s:o}", "$schema",
				 "https://json-schema.org/draft/2020-12/schema", "title",
				 "stsweep records", "$comment",
				 "a line of domains-*.jsonl; of the other families see $defs",
				 "$ref", "#/$defs/domain", "$defs", definitions());
	char *text = root == NULL ? NULL : json_dumps(root, JSON_INDENT(INDENT_COLUMNS));

	json_decref(root);
	if (text == NULL) {
		buffer->failed = true;
		return;
	}
	buffer_append_text(buffer, text);
	buffer_append_byte(buffer, '\n');
	free(text);
}
