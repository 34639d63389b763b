/*
 * The walk over a record by its schema: decides what is written, under which name and as what, and
 * has it written by the format. Called for every record of a scan, so it allocates nothing itself.
 */
#include "output/encode.h"

#include <stdlib.h>

#include "output/csv_table.h"
#include "output/member.h"
#include "output/text.h"
#include "output/timestamp.h"
#include "output/tree.h"

static const char *const format_names[OUTPUT_FORMATS_COUNT] = {
	[OUTPUT_MSGPACK] = "msgpack",
	[OUTPUT_CSV] = "csv",
	[OUTPUT_JSONL] = "jsonl",
};

static const char BASE64_SUFFIX[] = "_b64";

enum {
	CSV_ARENA_BYTES = 1 << 20, /* of the table that a single CSV line needs */
	FIELDS_MOST = 64,          /* of one map */
};

struct walk {
	struct buffer *buffer;
	const struct tree_format *format;
	enum record_view view;
	enum field_where not_written;
};

static void walk_record(const struct walk *walk, const struct schema *schema,
			const struct selection *selection, const void *record);

const char *output_format_name(enum output_format format)
{
	return format_names[format];
}

bool output_format_named(struct span name, enum output_format *format)
{
	for (int i = 0; i < OUTPUT_FORMATS_COUNT; i++) {
		if (span_equal(span_text(format_names[i]), name)) {
			*format = (enum output_format)i;
			return true;
		}
	}
	return false;
}

/* selection_has, with its answer for "all" at hand. */
static bool is_selected(const struct walk *walk, const struct schema *schema,
			const struct selection *selection, size_t n)
{
	if (selection != NULL)
		return selection_has(selection, schema, n, walk->view);
	return schema->fields[n].where != walk->not_written;
}

/* All of the map is null; what is selected of it does not matter. */
static bool map_is_null(const struct walk *walk, const struct schema *schema, const void *record)
{
	for (size_t i = 0; i < schema->count; i++) {
		const struct field *field = &schema->fields[i];

		if (!is_selected(walk, schema, NULL, i))
			continue;
		if (field->kind == FIELD_MAP) {
			if (!map_is_null(walk, field->schema, member_at(field, record)))
				return false;
		} else if (!field_is_null(field, record)) {
			return false;
		}
	}
	return true;
}

static bool is_written(const struct walk *walk, const struct schema *schema,
		       const struct selection *selection, size_t n, const void *record)
{
	const struct field *field = &schema->fields[n];

	if (!is_selected(walk, schema, selection, n))
		return false;
	if (walk->view == VIEW_FINAL)
		return true;
	if (field->kind == FIELD_MAP)
		return !map_is_null(walk, field->schema, member_at(field, record));
	return !field_is_null(field, record);
}

static bool list_is_text(struct member_list list)
{
	for (size_t i = 0; i < list.count; i++) {
		if (!text_is_valid(member_list_span(list, i)))
			return false;
	}
	return true;
}

static void put_time(const struct walk *walk, int64_t time_ms)
{
	char text[TIMESTAMP_BYTES + 1];

	timestamp_format(time_ms, text);
	walk->format->text(walk->buffer, span_of(text, TIMESTAMP_BYTES));
}

static void put_word(const struct walk *walk, const struct field *field, int word)
{
	walk->format->text(walk->buffer, span_text(vocabulary_text(field->vocabulary, word)));
}

/* A TEXT or BYTES, or an element of a list of them. */
static void put_span(const struct walk *walk, enum field_kind kind, struct span span, bool base64)
{
	bool is_text = kind == FIELD_TEXT || kind == FIELD_TEXTS;

	if (base64)
		walk->format->base64(walk->buffer, span);
	else if (is_text && (walk->format->text_only || text_is_valid(span)))
		walk->format->text(walk->buffer, span);
	else
		walk->format->bytes(walk->buffer, span);
}

static void put_spans(const struct walk *walk, enum field_kind kind, struct member_list list,
		      bool base64)
{
	walk->format->list(walk->buffer, list.count);
	for (size_t i = 0; i < list.count; i++)
		put_span(walk, kind, member_list_span(list, i), base64);
	walk->format->list_end(walk->buffer);
}

static void put_hashes(const struct walk *walk, struct member_list list)
{
	walk->format->list(walk->buffer, list.count);
	for (size_t i = 0; i < list.count; i++)
		walk->format->hash(walk->buffer, member_list_span(list, i));
	walk->format->list_end(walk->buffer);
}

static void put_words(const struct walk *walk, const struct field *field, struct member_list list)
{
	walk->format->list(walk->buffer, list.count);
	for (size_t i = 0; i < list.count; i++)
		put_word(walk, field, member_list_word(list, i));
	walk->format->list_end(walk->buffer);
}

static void put_maps(const struct walk *walk, const struct field *field,
		     const struct selection *selection, struct member_list list)
{
	walk->format->list(walk->buffer, list.count);
	for (size_t i = 0; i < list.count; i++)
		walk_record(walk, field->schema, selection,
			    (const char *)list.items + i * field->schema->size);
	walk->format->list_end(walk->buffer);
}

/* Is a value that may be no text one that this format has to write as base64? */
static bool needs_base64(const struct walk *walk, const struct field *field, const void *member)
{
	if (!walk->format->text_only)
		return false;
	switch (field->kind) {
	case FIELD_TEXT:
	case FIELD_BYTES:
		return !text_is_valid(member_span(member));
	case FIELD_TEXTS:
	case FIELD_BYTES_LIST:
		return !list_is_text(member_list(member));
	case FIELD_NUMBER:
	case FIELD_FLAG:
	case FIELD_TIME:
	case FIELD_WORD:
	case FIELD_HASH:
	case FIELD_HASHES:
	case FIELD_WORDS:
	case FIELD_MAP:
	case FIELD_MAPS:
		return false;
	}
	return false;
}

static void put_member(const struct walk *walk, const struct field *field,
		       const struct selection *inner, const void *member, bool base64)
{
	switch (field->kind) {
	case FIELD_NUMBER:
		walk->format->number(walk->buffer, member_number(member));
		return;
	case FIELD_TIME:
		put_time(walk, member_number(member));
		return;
	case FIELD_FLAG:
		walk->format->flag(walk->buffer, member_word(member) == FLAG_TRUE);
		return;
	case FIELD_WORD:
		put_word(walk, field, member_word(member));
		return;
	case FIELD_TEXT:
	case FIELD_BYTES:
		put_span(walk, field->kind, member_span(member), base64);
		return;
	case FIELD_HASH:
		walk->format->hash(walk->buffer, member_span(member));
		return;
	case FIELD_TEXTS:
	case FIELD_BYTES_LIST:
		put_spans(walk, field->kind, member_list(member), base64);
		return;
	case FIELD_HASHES:
		put_hashes(walk, member_list(member));
		return;
	case FIELD_WORDS:
		put_words(walk, field, member_list(member));
		return;
	case FIELD_MAP:
		walk_record(walk, field->schema, inner, member);
		return;
	case FIELD_MAPS:
		put_maps(walk, field, inner, member_list(member));
		return;
	}
}

/* Lists are never null, but empty. */
static bool is_null_member(const struct walk *walk, const struct field *field, const void *record)
{
	switch (field->kind) {
	case FIELD_TEXTS:
	case FIELD_BYTES_LIST:
	case FIELD_HASHES:
	case FIELD_WORDS:
	case FIELD_MAPS:
		return false;
	case FIELD_MAP:
		return map_is_null(walk, field->schema, member_at(field, record));
	case FIELD_NUMBER:
	case FIELD_FLAG:
	case FIELD_TIME:
	case FIELD_WORD:
	case FIELD_TEXT:
	case FIELD_BYTES:
	case FIELD_HASH:
		break;
	}
	return field_is_null(field, record);
}

static void walk_field(const struct walk *walk, const struct schema *schema,
		       const struct selection *selection, size_t n, const void *record)
{
	const struct field *field = &schema->fields[n];
	const struct selection *inner = selection_inner(selection, n);
	const void *member = member_at(field, record);
	bool is_null = walk->view == VIEW_FINAL && is_null_member(walk, field, record);
	bool base64 = !is_null && needs_base64(walk, field, member);

	walk->format->key(walk->buffer, field->name, base64 ? BASE64_SUFFIX : "");
	if (is_null)
		walk->format->null(walk->buffer);
	else
		put_member(walk, field, inner, member, base64);
}

static void walk_record(const struct walk *walk, const struct schema *schema,
			const struct selection *selection, const void *record)
{
	bool written[FIELDS_MOST];
	size_t count = 0;

	if (schema->count > FIELDS_MOST)
		abort();
	for (size_t i = 0; i < schema->count; i++) {
		written[i] = is_written(walk, schema, selection, i, record);
		count += written[i];
	}
	walk->format->map(walk->buffer, count);
	for (size_t i = 0; i < schema->count; i++) {
		if (written[i])
			walk_field(walk, schema, selection, i, record);
	}
	walk->format->map_end(walk->buffer);
}

static void encode_tree(struct buffer *buffer, const struct tree_format *format,
			const struct schema *schema, const void *record, enum record_view view,
			const struct selection *selection)
{
	struct walk walk = {
		.buffer = buffer,
		.format = format,
		.view = view,
		.not_written = view == VIEW_FINAL ? FIELD_EVIDENCE : FIELD_FINAL,
	};

	walk_record(&walk, schema, selection, record);
}

static void encode_csv_line(struct buffer *buffer, const struct schema *schema, const void *record,
			    const struct selection *selection)
{
	struct arena arena;

	arena_init(&arena, CSV_ARENA_BYTES);
	struct csv_tables tables =
		csv_tables_new(&arena, schema, schema->name, schema->name, selection);

	if (tables.items == NULL)
		buffer->failed = true;
	else
		csv_table_rows(buffer, tables.items[0], record);
	arena_free(&arena);
}

void encode_record(struct buffer *buffer, const struct schema *schema, const void *record,
		   enum record_view view, enum output_format format,
		   const struct selection *selection)
{
	switch (format) {
	case OUTPUT_MSGPACK:
		encode_tree(buffer, &tree_msgpack, schema, record, view, selection);
		return;
	case OUTPUT_JSONL:
		encode_tree(buffer, &tree_json, schema, record, view, selection);
		buffer_append_byte(buffer, '\n');
		return;
	case OUTPUT_CSV:
		encode_csv_line(buffer, schema, record, selection);
		return;
	}
}
