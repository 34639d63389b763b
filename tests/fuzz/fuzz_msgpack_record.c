/*
 * Any bytes as a record of any schema: reading ends within the bytes and the arena; what was read
 * is written the same in the second round as in the first, is JSON to jansson, and fits its CSV
 * columns.
 */
#include <jansson.h>
#include <stdlib.h>

#include "output/csv_table.h"
#include "output/decode.h"
#include "output/encode.h"
#include "output/frame.h"
#include "record/record.h"

enum { ARENA_CAP_BYTES = 4 << 20 };

static const struct schema *const schemas[] = {
	&schema_domain_record, &schema_host_record, &schema_certificate_record,
	&schema_entity_record, &schema_lookup,      &schema_verdict,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
	if (!holds)
		abort();
}

static void check_frames(struct span bytes)
{
	struct span record;
	size_t frame_bytes;

	while (frame_read(bytes, &record, &frame_bytes) == FRAME_WHOLE) {
		check(frame_bytes <= bytes.len && record.len < frame_bytes);
		bytes = span_skip(bytes, frame_bytes);
	}
}

static void check_second_round(const struct schema *schema, const void *record,
			       enum record_view view, struct arena *arena)
{
	struct buffer first = {0}, second = {0};
	void *again = record_new(arena, schema);

	encode_record(&first, schema, record, view, OUTPUT_MSGPACK, NULL);
	struct cursor cursor = cursor_over(buffer_span(&first));

	if (again != NULL && decode_record(&cursor, schema, arena, again)) {
		check(cursor_at_end(&cursor));
		encode_record(&second, schema, again, view, OUTPUT_MSGPACK, NULL);
		check(span_equal(buffer_span(&first), buffer_span(&second)));
	} else {
		check(arena->exhausted);
	}
	buffer_free(&first);
	buffer_free(&second);
}

static void check_json(const struct schema *schema, const void *record)
{
	struct buffer line = {0};

	encode_record(&line, schema, record, VIEW_FINAL, OUTPUT_JSONL, NULL);
	json_t *json = json_loadb((const char *)line.data, line.len, JSON_REJECT_DUPLICATES, NULL);

	check(json != NULL);
	json_decref(json);
	buffer_free(&line);
}

static void check_csv(const struct schema *schema, const void *record, struct arena *arena)
{
	struct csv_tables tables = csv_tables_new(arena, schema, "x", "x", NULL);
	struct buffer lines = {0};

	check(tables.items != NULL || arena->exhausted);
	for (size_t i = 0; i < tables.count; i++)
		csv_table_rows(&lines, tables.items[i], record);
	check(!lines.failed);
	buffer_free(&lines);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena;

	if (size == 0)
		return 0;
	check_frames(span_of(data, size));
	const struct schema *schema = schemas[data[0] % ARRAY_LENGTH(schemas)];
	struct cursor cursor = cursor_over(span_of(data + 1, size - 1));

	arena_init(&arena, ARENA_CAP_BYTES);
	void *record = record_new(&arena, schema);

	check(record != NULL);
	if (decode_record(&cursor, schema, &arena, record)) {
		check_second_round(schema, record, VIEW_FINAL, &arena);
		check_second_round(schema, record, VIEW_EVIDENCE, &arena);
		check_json(schema, record);
		check_csv(schema, record, &arena);
	}
	arena_free(&arena);
	return 0;
}
