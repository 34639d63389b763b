/*
 * The encoders: what they write is read back equal, msgpack and JSON say the same tree (read by
 * msgpack-c and jansson), and a record of every field is as it is stored in expected/.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <jansson.h>
#include <msgpack/unpack.h>
#include <sodium/utils.h>
#include <stdio.h>
#include <stdlib.h>

#include "output/decode.h"
#include "output/encode.h"
#include "output/text.h"
#include "tests/output/helper_record.h"

enum { SEEDS = 13, BYTES_MOST = 4096 };

static struct arena arena;

static int setup(void **state)
{
	(void)state;
	arena_init(&arena, HELPER_ARENA_BYTES);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_free(&arena);
	return 0;
}

static void assert_reads_back(const struct schema *schema, enum record_view view, void *record)
{
	struct buffer buffer = {0};
	void *again = record_new(&arena, schema);

	encode_record(&buffer, schema, record, view, OUTPUT_MSGPACK, NULL);
	assert_false(buffer.failed);
	struct cursor cursor = cursor_over(buffer_span(&buffer));

	assert_true(decode_record(&cursor, schema, &arena, again));
	assert_true(cursor_at_end(&cursor));
	assert_true(helper_records_equal(schema, view, record, again));
	/* What is not of the view was not written. */
	helper_record_strip(schema, view, record);
	assert_true(helper_records_equal(schema, VIEW_FINAL, record, again));
	assert_true(helper_records_equal(schema, VIEW_EVIDENCE, record, again));
	buffer_free(&buffer);
}

static void test_round_trip(void **state)
{
	(void)state;
	for (size_t i = 0; i < helper_schemas_count; i++) {
		for (unsigned seed = 0; seed < SEEDS; seed++) {
			for (int view = VIEW_EVIDENCE; view <= VIEW_FINAL; view++) {
				assert_reads_back(
					helper_schemas[i], (enum record_view)view,
					helper_record(&arena, helper_schemas[i], FILL_PLAIN, seed));
				assert_reads_back(
					helper_schemas[i], (enum record_view)view,
					helper_record(&arena, helper_schemas[i], FILL_ODD, seed));
				arena_reset(&arena);
			}
		}
	}
}

static void test_round_trip_of_null(void **state)
{
	(void)state;
	for (size_t i = 0; i < helper_schemas_count; i++) {
		assert_reads_back(helper_schemas[i], VIEW_EVIDENCE,
				  record_new(&arena, helper_schemas[i]));
		assert_reads_back(helper_schemas[i], VIEW_FINAL,
				  record_new(&arena, helper_schemas[i]));
	}
}

/* --- the same tree --------------------------------------------------------------------------- */

static void assert_same(const msgpack_object *object, const json_t *json, const json_t *base64);

static void assert_bytes_same(const char *data, size_t len, const json_t *json,
			      const json_t *base64)
{
	uint8_t bytes[BYTES_MOST];
	char hex[2 * BYTES_MOST + 1];
	size_t bytes_len;

	if (base64 != NULL) {
		assert_false(text_is_valid(span_of(data, len)) && json != NULL);
		assert_int_equal(sodium_base642bin(bytes, sizeof(bytes), json_string_value(base64),
						   json_string_length(base64), NULL, &bytes_len,
						   NULL, sodium_base64_VARIANT_ORIGINAL),
				 0);
		assert_true(span_equal(span_of(bytes, bytes_len), span_of(data, len)));
		return;
	}
	sodium_bin2hex(hex, sizeof(hex), (const uint8_t *)data, len);
	assert_true(json_is_string(json));
	if (len == 32 && strcmp(hex, json_string_value(json)) == 0)
		return; /* a hash */
	assert_int_equal(json_string_length(json), len);
	assert_memory_equal(json_string_value(json), data, len);
}

static void assert_list_same(const msgpack_object_array *list, const json_t *json,
			     const json_t *base64)
{
	bool any_is_binary = false;

	assert_int_equal(json_array_size(base64 == NULL ? json : base64), list->size);
	for (uint32_t i = 0; i < list->size; i++) {
		if (list->ptr[i].type == MSGPACK_OBJECT_BIN &&
		    !text_is_valid(span_of(list->ptr[i].via.bin.ptr, list->ptr[i].via.bin.size)))
			any_is_binary = true;
		assert_same(&list->ptr[i], json_array_get(json, i), json_array_get(base64, i));
	}
	assert_true(base64 == NULL || any_is_binary);
}

static void assert_map_same(const msgpack_object_map *map, const json_t *json)
{
	char key[64], key_base64[sizeof(key) + sizeof("_b64")];

	assert_int_equal(json_object_size(json), map->size);
	for (uint32_t i = 0; i < map->size; i++) {
		const msgpack_object_str *name = &map->ptr[i].key.via.str;

		assert_int_equal(map->ptr[i].key.type, MSGPACK_OBJECT_STR);
		snprintf(key, sizeof(key), "%.*s", (int)name->size, name->ptr);
		snprintf(key_base64, sizeof(key_base64), "%s_b64", key);
		const json_t *plain = json_object_get(json, key);
		const json_t *base64 = json_object_get(json, key_base64);

		assert_true((plain == NULL) != (base64 == NULL));
		assert_same(&map->ptr[i].val, plain, base64);
	}
}

static void assert_same(const msgpack_object *object, const json_t *json, const json_t *base64)
{
	switch ((int)object->type) {
	case MSGPACK_OBJECT_NIL:
		assert_true(json_is_null(json));
		return;
	case MSGPACK_OBJECT_BOOLEAN:
		assert_true(json_is_boolean(json));
		assert_int_equal(json_is_true(json), object->via.boolean);
		return;
	case MSGPACK_OBJECT_POSITIVE_INTEGER:
		assert_true(json_is_integer(json));
		assert_int_equal(json_integer_value(json), object->via.u64);
		return;
	case MSGPACK_OBJECT_STR:
		assert_bytes_same(object->via.str.ptr, object->via.str.size, json, base64);
		return;
	case MSGPACK_OBJECT_BIN:
		assert_bytes_same(object->via.bin.ptr, object->via.bin.size, json, base64);
		return;
	case MSGPACK_OBJECT_ARRAY:
		assert_list_same(&object->via.array, json, base64);
		return;
	case MSGPACK_OBJECT_MAP:
		assert_map_same(&object->via.map, json);
		return;
	default:
		fail_msg("a record holds no msgpack type %d", (int)object->type);
	}
}

static void assert_formats_agree(const struct schema *schema, const void *record,
				 const struct selection *selection)
{
	struct buffer packed = {0}, line = {0};
	msgpack_unpacked unpacked;
	size_t end = 0;

	encode_record(&packed, schema, record, VIEW_FINAL, OUTPUT_MSGPACK, selection);
	encode_record(&line, schema, record, VIEW_FINAL, OUTPUT_JSONL, selection);
	assert_int_equal(line.data[line.len - 1], '\n');
	assert_null(memchr(line.data, '\n', line.len - 1));
	msgpack_unpacked_init(&unpacked);
	assert_int_equal(
		msgpack_unpack_next(&unpacked, (const char *)packed.data, packed.len, &end),
		MSGPACK_UNPACK_SUCCESS);
	assert_int_equal(end, packed.len);
	json_t *json = json_loadb((const char *)line.data, line.len, JSON_REJECT_DUPLICATES, NULL);

	assert_non_null(json);
	assert_same(&unpacked.data, json, NULL);
	json_decref(json);
	msgpack_unpacked_destroy(&unpacked);
	buffer_free(&packed);
	buffer_free(&line);
}

static void test_same_tree(void **state)
{
	(void)state;
	for (size_t i = 0; i < helper_schemas_count; i++) {
		for (unsigned seed = 0; seed < SEEDS; seed++) {
			const struct schema *schema = helper_schemas[i];

			assert_formats_agree(schema,
					     helper_record(&arena, schema, FILL_PLAIN, seed), NULL);
			assert_formats_agree(schema, helper_record(&arena, schema, FILL_ODD, seed),
					     NULL);
			assert_formats_agree(schema, record_new(&arena, schema), NULL);
			arena_reset(&arena);
		}
	}
}

/* --- exact texts ----------------------------------------------------------------------------- */

static void assert_json(const struct schema *schema, const void *record,
			const struct selection *selection, const char *expected)
{
	struct buffer line = {0};

	encode_record(&line, schema, record, VIEW_FINAL, OUTPUT_JSONL, selection);
	buffer_append_byte(&line, '\0');
	assert_string_equal((const char *)line.data, expected);
	buffer_free(&line);
}

static void test_nulls(void **state)
{
	struct entities *entities = record_new(&arena, &schema_entities);
	struct ns *ns = record_new(&arena, &schema_ns);

	(void)state;
	assert_json(&schema_entities, entities, NULL,
		    "{\"mx\":null,\"policy\":null,\"dns\":null,\"same_provider\":null}\n");
	entities->dns.management = MANAGEMENT_SELF;
	entities->same_provider = FLAG_FALSE;
	assert_json(&schema_entities, entities, NULL,
		    "{\"mx\":null,\"policy\":null,\"dns\":{\"provider\":null,\"class\":null,"
		    "\"management\":\"self\"},\"same_provider\":false}\n");
	assert_json(&schema_ns, ns, NULL, "{\"status\":null,\"hosts\":[]}\n");
}

/* A map is null where nothing of it is published, whatever the evidence holds. */
static void test_evidence_only_map_is_null(void **state)
{
	struct sts *sts = record_new(&arena, &schema_sts);

	(void)state;
	sts->policy.fetch.stage = STAGE_TCP;
	assert_json(&schema_sts, sts, NULL, "{\"record\":null,\"policy\":null}\n");
}

static void test_text_or_base64(void **state)
{
	static struct span items[] = {{(const uint8_t *)"a\"\\\n\x01\xc3\xa4", 7},
				      {(const uint8_t *)"\xff", 1}};
	struct tlsrpt *tlsrpt = record_new(&arena, &schema_tlsrpt);
	static const char *paths[] = {"rua"};
	struct span unknown;
	const struct selection *selection =
		selection_new(&arena, &schema_tlsrpt, paths, 1, &unknown);

	(void)state;
	tlsrpt->rua = (struct span_list){.items = items, .count = 1};
	assert_json(&schema_tlsrpt, tlsrpt, selection,
		    "{\"rua\":[\"a\\\"\\\\\\n\\u0001\xc3\xa4\"]}\n");
	tlsrpt->rua.count = 2;
	assert_json(&schema_tlsrpt, tlsrpt, selection,
		    "{\"rua_b64\":[\"YSJcCgHDpA==\",\"/w==\"]}\n");
}

/* A map is null when all of it is, whatever was chosen of it. */
static void test_selected_of_a_map(void **state)
{
	static const char *paths[] = {"sts.record.txt,sts.policy.mode"};
	struct domain_record *domain = record_new(&arena, &schema_domain_record);
	struct span unknown;
	const struct selection *selection =
		selection_new(&arena, &schema_domain_record, paths, 1, &unknown);

	(void)state;
	assert_json(&schema_domain_record, domain, selection, "{\"sts\":null}\n");
	domain->sts.record.state = PRESENCE_ABSENT;
	assert_json(&schema_domain_record, domain, selection,
		    "{\"sts\":{\"record\":{\"txt\":[]},\"policy\":null}}\n");
	domain->sts.policy.state = PRESENCE_ABSENT;
	assert_json(&schema_domain_record, domain, selection,
		    "{\"sts\":{\"record\":{\"txt\":[]},\"policy\":{\"mode\":null}}}\n");
}

/* Evidence holds neither nulls nor what is judged; an empty map is left out too. */
static void test_evidence(void **state)
{
	struct domain_record *domain = record_new(&arena, &schema_domain_record);
	static const uint8_t expected[] = "\x82\xa5index\x07\xa2mx\x81\xa6status\xa7NOERROR";
	struct buffer buffer = {0};

	(void)state;
	domain->index = 7;
	domain->mx.status = DNS_STATUS_NOERROR;
	domain->match = MATCH_ALL;
	domain->sts.record.state = PRESENCE_ABSENT;
	encode_record(&buffer, &schema_domain_record, domain, VIEW_EVIDENCE, OUTPUT_MSGPACK, NULL);
	assert_true(span_equal(buffer_span(&buffer), span_of(expected, sizeof(expected) - 1)));
	buffer_free(&buffer);
}

/* --- stored records -------------------------------------------------------------------------- */

static void compare_with_file(const char *path, struct span bytes)
{
	static uint8_t stored[1 << 20];
	/* After a field was added: UPDATE_EXPECTED=1 make unit-output, and read the difference. */
	bool update = getenv("UPDATE_EXPECTED") != NULL;
	FILE *file = fopen(path, update ? "we" : "re");

	if (file == NULL)
		fail_msg("%s cannot be opened: tests run in the top folder", path);
	if (update) {
		assert_int_equal(fwrite(bytes.data, 1, bytes.len, file), bytes.len);
	} else {
		size_t len = fread(stored, 1, sizeof(stored), file);

		if (!span_equal(bytes, span_of(stored, len)))
			fail_msg("%s differs from what is written now:\n%.*s", path, (int)bytes.len,
				 (const char *)bytes.data);
	}
	fclose(file);
}

static void test_stored(void **state)
{
	static const enum output_format formats[] = {OUTPUT_MSGPACK, OUTPUT_JSONL, OUTPUT_CSV};
	char path[128];

	(void)state;
	for (size_t i = 0; i < helper_schemas_count; i++) {
		const struct schema *schema = helper_schemas[i];
		const void *record = helper_record(&arena, schema, FILL_PLAIN, 1);

		for (size_t n = 0; n < ARRAY_LENGTH(formats); n++) {
			struct buffer buffer = {0};

			encode_record(&buffer, schema, record, VIEW_FINAL, formats[n], NULL);
			snprintf(path, sizeof(path), "tests/output/expected/%s.%s", schema->name,
				 output_format_name(formats[n]));
			compare_with_file(path, buffer_span(&buffer));
			buffer_free(&buffer);
		}
	}
}

static void test_format_names(void **state)
{
	enum output_format format;

	(void)state;
	for (int i = 0; i < OUTPUT_FORMATS_COUNT; i++) {
		assert_true(output_format_named(
			span_text(output_format_name((enum output_format)i)), &format));
		assert_int_equal(format, i);
	}
	assert_false(output_format_named(span_text("json"), &format));
	assert_false(output_format_named(span_text(""), &format));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_round_trip, setup, teardown),
		cmocka_unit_test_setup_teardown(test_round_trip_of_null, setup, teardown),
		cmocka_unit_test_setup_teardown(test_same_tree, setup, teardown),
		cmocka_unit_test_setup_teardown(test_nulls, setup, teardown),
		cmocka_unit_test_setup_teardown(test_evidence_only_map_is_null, setup, teardown),
		cmocka_unit_test_setup_teardown(test_text_or_base64, setup, teardown),
		cmocka_unit_test_setup_teardown(test_selected_of_a_map, setup, teardown),
		cmocka_unit_test_setup_teardown(test_evidence, setup, teardown),
		cmocka_unit_test_setup_teardown(test_stored, setup, teardown),
		cmocka_unit_test(test_format_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
