/* The schema in its three forms: well-formed, complete, and true of what the encoders write. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <csv.h>
#include <jansson.h>

#include "output/encode.h"
#include "output/schema.h"
#include "tests/output/helper_record.h"

enum { SEEDS = 13, COLUMNS = 9 };

static json_t *load_schema(void)
{
	struct buffer buffer = {0};

	schema_write(&buffer, SCHEMA_JSON_SCHEMA);
	assert_false(buffer.failed);
	json_t *root =
		json_loadb((const char *)buffer.data, buffer.len, JSON_REJECT_DUPLICATES, NULL);

	assert_non_null(root);
	buffer_free(&buffer);
	return root;
}

/* --- a validator of what is used of JSON Schema ---------------------------------------------- */

static bool type_fits(const char *type, const json_t *value)
{
	switch (json_typeof(value)) {
	case JSON_OBJECT:
		return strcmp(type, "object") == 0;
	case JSON_ARRAY:
		return strcmp(type, "array") == 0;
	case JSON_STRING:
		return strcmp(type, "string") == 0;
	case JSON_INTEGER:
		return strcmp(type, "integer") == 0;
	case JSON_TRUE:
	case JSON_FALSE:
		return strcmp(type, "boolean") == 0;
	case JSON_NULL:
		return strcmp(type, "null") == 0;
	case JSON_REAL:
		break;
	}
	return false;
}

static bool types_fit(const json_t *types, const json_t *value)
{
	size_t i;
	json_t *type;

	if (types == NULL)
		return true;
	if (json_is_string(types))
		return type_fits(json_string_value(types), value);
	json_array_foreach(types, i, type)
	{
		if (type_fits(json_string_value(type), value))
			return true;
	}
	return false;
}

static bool is_valid(const json_t *root, const json_t *schema, const json_t *value);

static bool any_is_valid(const json_t *root, const json_t *schemas, const json_t *value)
{
	size_t i;
	json_t *schema;

	if (schemas == NULL)
		return true;
	json_array_foreach(schemas, i, schema)
	{
		if (is_valid(root, schema, value))
			return true;
	}
	return false;
}

/* Every member must be described, which JSON Schema itself would not ask. */
static bool members_are_valid(const json_t *root, const json_t *schema, json_t *object)
{
	const json_t *properties = json_object_get(schema, "properties");
	const char *name;
	json_t *member;

	if (properties == NULL)
		return true;
	json_object_foreach(object, name, member)
	{
		const json_t *property = json_object_get(properties, name);

		if (property == NULL || !is_valid(root, property, member)) {
			print_message("%s is not as described\n", name);
			return false;
		}
	}
	return true;
}

static bool items_are_valid(const json_t *root, const json_t *schema, const json_t *list)
{
	size_t i;
	json_t *item;

	json_array_foreach(list, i, item)
	{
		if (!is_valid(root, json_object_get(schema, "items"), item))
			return false;
	}
	return true;
}

static bool is_valid(const json_t *root, const json_t *schema, const json_t *value)
{
	const char *reference = json_string_value(json_object_get(schema, "$ref"));
	const json_t *constant = json_object_get(schema, "const");
	json_t *copy = json_deep_copy(value);
	bool valid;

	assert_non_null(schema);
	if (reference != NULL) {
		const json_t *target = json_object_get(json_object_get(root, "$defs"),
						       reference + strlen("#/$defs/"));

		valid = is_valid(root, target, value);
	} else {
		valid = types_fit(json_object_get(schema, "type"), value) &&
			(constant == NULL || json_equal(constant, value)) &&
			any_is_valid(root, json_object_get(schema, "anyOf"), value) &&
			any_is_valid(root, json_object_get(schema, "oneOf"), value) &&
			(!json_is_object(value) || members_are_valid(root, schema, copy)) &&
			(!json_is_array(value) || items_are_valid(root, schema, value));
	}
	json_decref(copy);
	return valid;
}

/* Every field of every record is described, with a type that fits what is written. */
static void test_json_schema_is_true(void **state)
{
	static const char *const names[] = {"domain", "host", "cert", "entity"};
	json_t *root = load_schema();
	struct arena arena;

	(void)state;
	arena_init(&arena, HELPER_ARENA_BYTES);
	for (unsigned seed = 0; seed < 2 * SEEDS; seed++) {
		for (size_t i = 0; i < helper_schemas_count; i++) {
			struct buffer line = {0};
			const void *record = record_new(&arena, helper_schemas[i]);

			if (seed > 0)
				record = helper_record(&arena, helper_schemas[i],
						       seed < SEEDS ? FILL_PLAIN : FILL_ODD, seed);

			encode_record(&line, helper_schemas[i], record, VIEW_FINAL, OUTPUT_JSONL,
				      NULL);
			json_t *json = json_loadb((const char *)line.data, line.len, 0, NULL);

			assert_non_null(json);
			assert_true(is_valid(
				root, json_object_get(json_object_get(root, "$defs"), names[i]),
				json));
			json_decref(json);
			buffer_free(&line);
			arena_reset(&arena);
		}
	}
	arena_free(&arena);
	json_decref(root);
}

/* And the validator can say no. */
static void test_json_schema_refuses(void **state)
{
	static const char *const lines[] = {
		"{\"match\": \"every\"}",         "{\"index\": \"1\"}",
		"{\"findings\": [\"nonsense\"]}", "{\"sts\": []}",
		"{\"mx\": {\"hosts\": [1]}}",     "[]",
	};
	json_t *root = load_schema();

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(lines); i++) {
		json_t *json = json_loads(lines[i], 0, NULL);

		assert_non_null(json);
		assert_false(is_valid(root, root, json));
		json_decref(json);
	}
	json_decref(root);
}

/* --- CSV ------------------------------------------------------------------------------------- */

struct counts {
	size_t columns; /* of the current line */
	size_t lines;
};

static void take_cell(void *data, size_t len, void *context)
{
	(void)data;
	(void)len;
	((struct counts *)context)->columns++;
}

static void take_line(int end, void *context)
{
	struct counts *counts = context;

	(void)end;
	assert_int_equal(counts->columns, COLUMNS);
	counts->columns = 0;
	counts->lines++;
}

static void test_csv(void **state)
{
	struct buffer buffer = {0};
	struct csv_parser parser;
	struct counts counts = {0};

	(void)state;
	schema_write(&buffer, SCHEMA_CSV);
	assert_false(buffer.failed);
	assert_int_equal(csv_init(&parser, CSV_STRICT), 0);
	assert_int_equal(csv_parse(&parser, buffer.data, buffer.len, take_cell, take_line, &counts),
			 buffer.len);
	csv_fini(&parser, take_cell, take_line, &counts);
	csv_free(&parser);
	buffer_append_byte(&buffer, '\0');
	assert_true(counts.lines > 300);
	assert_non_null(
		strstr((const char *)buffer.data,
		       "\n\"field\",\"domain\",\"sts.policy.mode\",\"word\",\"policy_mode\","));
	assert_non_null(
		strstr((const char *)buffer.data, "\n\"field\",\"domain\",\"hosts[].dane\","));
	assert_null(strstr((const char *)buffer.data, "\"lookups"));
	buffer_free(&buffer);
}

/* --- the rest -------------------------------------------------------------------------------- */

static void test_list_fields(void **state)
{
	struct buffer buffer = {0};
	struct arena arena;
	size_t at = 0, lines = 0;

	(void)state;
	arena_init(&arena, HELPER_ARENA_BYTES);
	schema_list_fields(&buffer, &schema_domain_record);
	/* Every line is a path that --include-fields takes. */
	while (at < buffer.len) {
		struct span rest = span_skip(buffer_span(&buffer), at);
		struct span line = arena_copy(&arena, span_first(rest, span_find(rest, '\n')));
		const char *path = (const char *)line.data;
		struct span unknown;

		if (selection_new(&arena, &schema_domain_record, &path, 1, &unknown) == NULL)
			fail_msg("%s is no field", path);
		at += line.len + 1;
		lines++;
	}
	assert_true(lines > 100);
	arena_free(&arena);
	buffer_free(&buffer);
}

static void test_markdown(void **state)
{
	struct buffer buffer = {0};

	(void)state;
	schema_write(&buffer, SCHEMA_MARKDOWN);
	assert_false(buffer.failed);
	buffer_append_byte(&buffer, '\0');
	assert_non_null(strstr((const char *)buffer.data, "\n## domains\n"));
	assert_non_null(strstr((const char *)buffer.data,
			       "\n| `sts.policy.max_age` | number | max_age in seconds |\n"));
	assert_non_null(strstr((const char *)buffer.data, "\n### dns_status\n"));
	assert_non_null(strstr((const char *)buffer.data, "\n| `sts.record.multiple` | error | "));
	buffer_free(&buffer);
}

static void test_format_names(void **state)
{
	static const struct {
		const char *name;
		enum schema_format format;
	} cases[] = {
		{"json-schema", SCHEMA_JSON_SCHEMA},
		{"csv", SCHEMA_CSV},
		{"markdown", SCHEMA_MARKDOWN},
	};
	enum schema_format format;

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		assert_true(schema_format_named(span_text(cases[i].name), &format));
		assert_int_equal(format, cases[i].format);
	}
	assert_false(schema_format_named(span_text("json"), &format));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_json_schema_is_true),
		cmocka_unit_test(test_json_schema_refuses),
		cmocka_unit_test(test_csv),
		cmocka_unit_test(test_list_fields),
		cmocka_unit_test(test_markdown),
		cmocka_unit_test(test_format_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
