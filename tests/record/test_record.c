/* The schemas: what encoders, CSV columns and documentation take for granted of every table. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "record/record.h"

#define ADDRESS(type, TABLE) &schema_##type,

static const struct schema *const schemas[] = {RECORDS(ADDRESS)};

static const size_t kind_bytes[] = {
	[FIELD_NUMBER] = sizeof(int64_t),
	[FIELD_FLAG] = sizeof(enum flag),
	[FIELD_TIME] = sizeof(int64_t),
	[FIELD_WORD] = sizeof(int),
	[FIELD_TEXT] = sizeof(struct span),
	[FIELD_BYTES] = sizeof(struct span),
	[FIELD_HASH] = sizeof(struct span),
	[FIELD_TEXTS] = sizeof(struct span_list),
	[FIELD_BYTES_LIST] = sizeof(struct span_list),
	[FIELD_HASHES] = sizeof(struct span_list),
	[FIELD_WORDS] = sizeof(struct word_list),
	[FIELD_MAPS] = sizeof(struct span_list),
};

static size_t field_bytes(const struct field *field)
{
	return field->kind == FIELD_MAP ? field->schema->size : kind_bytes[field->kind];
}

/* Members follow each other as the table's rows do, and lie within the struct. */
static void test_layout(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(schemas); i++) {
		size_t end = 0;

		for (size_t n = 0; n < schemas[i]->count; n++) {
			const struct field *field = &schemas[i]->fields[n];

			assert_true(field->offset >= end);
			end = field->offset + field_bytes(field);
			assert_true(end <= schemas[i]->size);
		}
	}
}

static void test_fields(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(schemas); i++) {
		for (size_t n = 0; n < schemas[i]->count; n++) {
			const struct field *field = &schemas[i]->fields[n];
			bool is_word = field->kind == FIELD_WORD || field->kind == FIELD_WORDS;
			bool is_map = field->kind == FIELD_MAP || field->kind == FIELD_MAPS;

			assert_ptr_equal(schema_field(schemas[i], span_text(field->name)), field);
			assert_true(strlen(field->meaning) > 0);
			assert_int_equal(field->vocabulary != NULL, is_word);
			assert_int_equal(field->schema != NULL, is_map);
			assert_null(strstr(field->name, "_b64"));
		}
	}
}

/* A list within a list would need keys that CSV does not have. */
static void assert_no_lists(const struct schema *schema)
{
	for (size_t n = 0; n < schema->count; n++) {
		const struct field *field = &schema->fields[n];

		assert_int_not_equal(field->kind, FIELD_MAPS);
		if (field->kind == FIELD_MAP)
			assert_no_lists(field->schema);
	}
}

static void test_lists_do_not_nest(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(schemas); i++) {
		for (size_t n = 0; n < schemas[i]->count; n++) {
			if (schemas[i]->fields[n].kind == FIELD_MAPS)
				assert_no_lists(schemas[i]->fields[n].schema);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_layout),
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_lists_do_not_nest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
