/*
 * CSV by columns. A map lies within the struct of its record, so a column of any depth is an offset
 * from the record's begin, and a table is a list of those. libcsv quotes what has to be quoted.
 */
#include "output/csv_table.h"

#include <csv.h>
#include <stdlib.h>

#include "output/member.h"
#include "output/text.h"
#include "output/timestamp.h"

struct column {
	const char *name; /* dotted */
	const struct field *field;
	size_t offset; /* of the member, from the begin of the record or element */
	bool base64;   /* the column beside, of what is no text */
};

struct columns {
	struct column *items;
	size_t count;
};

struct csv_table {
	const char *name;
	struct columns keys;          /* of the record; the main table has none */
	struct columns columns;       /* of the record, or of the element */
	const struct schema *element; /* NULL: the main table */
	size_t list_offset;           /* of the list of maps in the record */
};

/* What is being made of a schema. */
struct plan {
	struct arena *arena;
	const char *name;
	struct csv_tables tables;
	bool failed; /* over the arena's cap */
};

/* One step down in the tree of maps. */
struct level {
	const struct schema *schema;
	const struct selection *selection;
	const char *prefix; /* of names: "sts.policy." */
	size_t offset;
};

/* What tells one record from another, in the tables of its lists; a schema has those that it has.
 */
static const char *const key_names[] = {"index", "domain", "host"};

static const char *join(struct plan *plan, const char *front, const char *back)
{
	struct span joined = arena_printf(plan->arena, "%s%s", front, back);

	plan->failed |= span_is_null(joined);
	return (const char *)joined.data;
}

static void add_column(struct plan *plan, struct columns *columns, struct column column)
{
	void *items = columns->items;
	struct column *place = arena_grow(plan->arena, &items, &columns->count, sizeof(*place));

	if (place == NULL) {
		plan->failed = true;
		return;
	}
	columns->items = items;
	*place = column;
}

static struct csv_table *add_table(struct plan *plan, const char *name)
{
	void *items = plan->tables.items;
	const struct csv_table **place =
		arena_grow(plan->arena, &items, &plan->tables.count, sizeof(*place));
	struct csv_table *table = arena_alloc(plan->arena, sizeof(*table));

	if (place == NULL || table == NULL) {
		plan->failed = true;
		return NULL;
	}
	table->name = name;
	plan->tables.items = items;
	*place = table;
	return table;
}

static void add_field(struct plan *plan, struct columns *columns, const struct level *level,
		      const struct field *field)
{
	struct column column = {
		.name = join(plan, level->prefix, field->name),
		.field = field,
		.offset = level->offset + field->offset,
	};

	add_column(plan, columns, column);
	if (field->kind != FIELD_BYTES && field->kind != FIELD_BYTES_LIST)
		return;
	column.name = join(plan, level->prefix, join(plan, field->name, "_b64"));
	column.base64 = true;
	add_column(plan, columns, column);
}

static struct level level_inner(struct plan *plan, const struct level *level, size_t n)
{
	const struct field *field = &level->schema->fields[n];
	const char *name = join(plan, level->prefix, field->name);

	return (struct level){
		.schema = field->schema,
		.selection = selection_inner(level->selection, n),
		.prefix = plan->failed ? "" : join(plan, name, "."),
		.offset = level->offset + field->offset,
	};
}

/* The columns of a level and of the maps in it. */
static void add_level(struct plan *plan, struct columns *columns, const struct level *level)
{
	for (size_t i = 0; i < level->schema->count && !plan->failed; i++) {
		const struct field *field = &level->schema->fields[i];

		if (field->kind == FIELD_MAPS ||
		    !selection_has(level->selection, level->schema, i, VIEW_FINAL))
			continue;
		if (field->kind == FIELD_MAP) {
			struct level inner = level_inner(plan, level, i);

			if (!plan->failed)
				add_level(plan, columns, &inner);
		} else {
			add_field(plan, columns, level, field);
		}
	}
}

static void add_keys(struct plan *plan, struct columns *columns, const struct schema *schema)
{
	const struct level level = {.schema = schema, .prefix = ""};

	for (size_t i = 0; i < ARRAY_LENGTH(key_names); i++) {
		const struct field *field = schema_field(schema, span_text(key_names[i]));

		if (field != NULL)
			add_field(plan, columns, &level, field);
	}
}

/* "mx.hosts." of a domain's record becomes "domain-mx-hosts". */
static const char *list_table_name(struct plan *plan, const char *prefix)
{
	struct span name =
		arena_printf(plan->arena, "%s-%.*s", plan->name, (int)strlen(prefix) - 1, prefix);

	plan->failed |= span_is_null(name);
	if (plan->failed)
		return NULL;
	char *text = arena_alloc(plan->arena, name.len + 1);

	plan->failed |= text == NULL;
	for (size_t i = 0; text != NULL && i < name.len; i++)
		text[i] = name.data[i] == '.' || name.data[i] == '_' ? '-' : (char)name.data[i];
	return text;
}

static void add_list_table(struct plan *plan, const struct schema *record,
			   const struct level *element)
{
	struct csv_table *table = add_table(plan, list_table_name(plan, element->prefix));
	struct level level = *element;

	if (plan->failed)
		return;
	add_keys(plan, &table->keys, record);
	table->element = element->schema;
	table->list_offset = element->offset;
	level.prefix = "";
	level.offset = 0;
	add_level(plan, &table->columns, &level);
}

/* The tables of the lists of maps in a level and in its maps. No schema has a list within a list,
 * which would need keys of its own. */
static void add_list_tables(struct plan *plan, const struct schema *record,
			    const struct level *level)
{
	for (size_t i = 0; i < level->schema->count && !plan->failed; i++) {
		const struct field *field = &level->schema->fields[i];

		if (field->schema == NULL ||
		    !selection_has(level->selection, level->schema, i, VIEW_FINAL))
			continue;
		struct level inner = level_inner(plan, level, i);

		if (plan->failed)
			return;
		if (field->kind == FIELD_MAP)
			add_list_tables(plan, record, &inner);
		else
			add_list_table(plan, record, &inner);
	}
}

struct csv_tables csv_tables_new(struct arena *arena, const struct schema *schema,
				 const char *family, const char *name,
				 const struct selection *selection)
{
	struct plan plan = {.arena = arena, .name = name};
	struct level level = {.schema = schema, .selection = selection, .prefix = ""};
	struct csv_table *main_table = add_table(&plan, family);

	if (main_table == NULL)
		return (struct csv_tables){0};
	add_level(&plan, &main_table->columns, &level);
	/* Where only lists were chosen, the line says at least whose they are. */
	if (main_table->columns.count == 0)
		add_keys(&plan, &main_table->columns, schema);
	add_list_tables(&plan, schema, &level);
	return plan.failed ? (struct csv_tables){0} : plan.tables;
}

const char *csv_table_name(const struct csv_table *table)
{
	return table->name;
}

/* --- cells ----------------------------------------------------------------------------------- */

static void put_quoted(struct buffer *buffer, struct span text)
{
	size_t size = text.len * 2 + 2; /* each byte a quote, and the two around */
	uint8_t *place = buffer_reserve(buffer, size);

	/* Without a source nothing would be written, not even the quotes. */
	if (place != NULL)
		buffer_added(buffer, csv_write2(place, size, text.len == 0 ? place : text.data,
						text.len, '"'));
}

static void put_time(struct buffer *buffer, int64_t time_ms)
{
	char text[TIMESTAMP_BYTES + 1];

	timestamp_format(time_ms, text);
	buffer_append(buffer, text, TIMESTAMP_BYTES);
}

static void append_element(struct buffer *joined, struct span text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (text.data[i] == ';' || text.data[i] == '\\')
			buffer_append_byte(joined, '\\');
		buffer_append_byte(joined, text.data[i]);
	}
}

/* One element of a list of scalars as text, before it is escaped. */
static void element_text(struct buffer *text, const struct column *column, struct member_list list,
			 size_t n)
{
	switch (column->field->kind) {
	case FIELD_TEXTS:
		text_append_valid(text, member_list_span(list, n));
		return;
	case FIELD_BYTES_LIST:
		if (column->base64)
			text_append_base64(text, member_list_span(list, n));
		else
			buffer_append_span(text, member_list_span(list, n));
		return;
	case FIELD_HASHES:
		text_append_hex(text, member_list_span(list, n));
		return;
	case FIELD_WORDS:
		buffer_append_text(text, vocabulary_text(column->field->vocabulary,
							 member_list_word(list, n)));
		return;
	case FIELD_NUMBER:
	case FIELD_FLAG:
	case FIELD_TIME:
	case FIELD_WORD:
	case FIELD_TEXT:
	case FIELD_BYTES:
	case FIELD_HASH:
	case FIELD_MAP:
	case FIELD_MAPS:
		abort(); /* not a list of scalars */
	}
}

static bool list_is_text(struct member_list list)
{
	for (size_t i = 0; i < list.count; i++) {
		if (!text_is_valid(member_list_span(list, i)))
			return false;
	}
	return true;
}

static void put_list(struct buffer *buffer, const struct column *column, struct member_list list)
{
	struct buffer joined = {0}, text = {0};
	bool is_bytes = column->field->kind == FIELD_BYTES_LIST;

	if (list.count == 0 || (is_bytes && list_is_text(list) == column->base64))
		return;
	for (size_t i = 0; i < list.count; i++) {
		if (i > 0)
			buffer_append_byte(&joined, ';');
		buffer_reset(&text);
		element_text(&text, column, list, i);
		append_element(&joined, buffer_span(&text));
	}
	buffer->failed |= joined.failed || text.failed;
	put_quoted(buffer, buffer_span(&joined));
	buffer_free(&joined);
	buffer_free(&text);
}

static void put_text(struct buffer *buffer, struct span span)
{
	struct buffer text = {0};

	if (span_is_null(span))
		return;
	if (text_is_valid(span)) {
		put_quoted(buffer, span);
		return;
	}
	text_append_valid(&text, span);
	buffer->failed |= text.failed;
	put_quoted(buffer, buffer_span(&text));
	buffer_free(&text);
}

static void put_bytes(struct buffer *buffer, const struct column *column, struct span span)
{
	if (span_is_null(span) || text_is_valid(span) == column->base64)
		return;
	if (!column->base64) {
		put_quoted(buffer, span);
		return;
	}
	buffer_append_byte(buffer, '"'); /* base64 holds none */
	text_append_base64(buffer, span);
	buffer_append_byte(buffer, '"');
}

static void put_bare(struct buffer *buffer, const char *text)
{
	if (text != NULL)
		buffer_append_text(buffer, text);
}

static void put_cell(struct buffer *buffer, const struct column *column, const void *member)
{
	static const char *const flags[] = {NULL, "false", "true"};

	switch (column->field->kind) {
	case FIELD_NUMBER:
		if (member_number(member) >= 0)
			buffer_append_number(buffer, member_number(member));
		return;
	case FIELD_TIME:
		if (member_number(member) >= 0)
			put_time(buffer, member_number(member));
		return;
	case FIELD_FLAG:
		put_bare(buffer, flags[member_word(member)]);
		return;
	case FIELD_WORD:
		put_bare(buffer, vocabulary_text(column->field->vocabulary, member_word(member)));
		return;
	case FIELD_TEXT:
		put_text(buffer, member_span(member));
		return;
	case FIELD_BYTES:
		put_bytes(buffer, column, member_span(member));
		return;
	case FIELD_HASH:
		if (!span_is_null(member_span(member)))
			text_append_hex(buffer, member_span(member));
		return;
	case FIELD_TEXTS:
	case FIELD_BYTES_LIST:
	case FIELD_HASHES:
	case FIELD_WORDS:
		put_list(buffer, column, member_list(member));
		return;
	case FIELD_MAP:
	case FIELD_MAPS:
		abort(); /* neither is a column */
	}
}

/* --- lines ----------------------------------------------------------------------------------- */

static void put_names(struct buffer *buffer, const struct columns *columns, bool first)
{
	for (size_t i = 0; i < columns->count; i++) {
		if (!first || i > 0)
			buffer_append_byte(buffer, ',');
		buffer_append_text(buffer, columns->items[i].name);
	}
}

static void put_cells(struct buffer *buffer, const struct columns *columns, const void *record,
		      bool first)
{
	for (size_t i = 0; i < columns->count; i++) {
		const struct column *column = &columns->items[i];

		if (!first || i > 0)
			buffer_append_byte(buffer, ',');
		put_cell(buffer, column, (const char *)record + column->offset);
	}
}

void csv_table_header(struct buffer *buffer, const struct csv_table *table)
{
	put_names(buffer, &table->keys, true);
	put_names(buffer, &table->columns, table->keys.count == 0);
	buffer_append_byte(buffer, '\n');
}

static void put_line(struct buffer *buffer, const struct csv_table *table, const void *record,
		     const void *element)
{
	put_cells(buffer, &table->keys, record, true);
	put_cells(buffer, &table->columns, element, table->keys.count == 0);
	buffer_append_byte(buffer, '\n');
}

size_t csv_table_rows(struct buffer *buffer, const struct csv_table *table, const void *record)
{
	if (table->element == NULL) {
		put_line(buffer, table, record, record);
		return 1;
	}
	struct member_list list = member_list((const char *)record + table->list_offset);

	for (size_t i = 0; i < list.count; i++)
		put_line(buffer, table, record,
			 (const char *)list.items + i * table->element->size);
	return list.count;
}
