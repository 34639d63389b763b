/*
 * The schema as CSV, which is the codebook: a line a field, word and finding.
 */
#include <csv.h>

#include "output/schema_walk.h"

static void put_cell(struct buffer *buffer, struct span text)
{
	size_t size = text.len * 2 + 2;
	uint8_t *place = buffer_reserve(buffer, size);

	if (place != NULL)
		buffer_added(buffer, csv_write2(place, size, text.data, text.len, '"'));
}

/* A line; what does not apply is left empty. */
static void put_line(struct buffer *buffer, const struct span *cells, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			buffer_append_byte(buffer, ',');
		if (!span_is_null(cells[i]))
			put_cell(buffer, cells[i]);
	}
	buffer_append_byte(buffer, '\n');
}

struct lines {
	struct buffer *buffer;
	const char *record;
};

static void put_field(void *context, struct span name, const struct field *field)
{
	const struct lines *lines = context;
	const struct span cells[] = {
		span_text("field"),
		span_text(lines->record),
		name,
		span_text(schema_type_name(field->kind)),
		span_text(field->vocabulary == NULL ? NULL : field->vocabulary->name),
		span_text(field->meaning),
		{0},
		{0},
		{0},
	};

	put_line(lines->buffer, cells, ARRAY_LENGTH(cells));
}

static void put_word(struct buffer *buffer, const struct vocabulary *vocabulary,
		     const struct vocabulary_word *word)
{
	const struct span cells[] = {
		span_text("word"),
		span_text(vocabulary->name),
		span_text(word->text),
		{0},
		{0},
		span_text(word->meaning),
		{0},
		{0},
		{0},
	};

	put_line(buffer, cells, ARRAY_LENGTH(cells));
}

static void put_finding(struct buffer *buffer, const struct finding_info *info)
{
	const struct span cells[] = {
		span_text("finding"),
		span_text("finding"),
		span_text(info->code),
		{0},
		{0},
		span_text(info->sentence),
		span_text(schema_severity_name(info->severity)),
		span_text(info->advice),
		span_text(info->section),
	};

	put_line(buffer, cells, ARRAY_LENGTH(cells));
}

void schema_write_csv(struct buffer *buffer)
{
	buffer_append_text(buffer,
			   "entry,of,name,type,vocabulary,meaning,severity,advice,section\n");
	for (size_t i = 0; i < PUBLISHED_RECORDS_COUNT; i++) {
		struct lines lines = {.buffer = buffer, .record = published_records[i].name};

		schema_each_field(published_records[i].schema, put_field, &lines);
	}
	for (size_t i = 0; i < all_vocabularies_count; i++) {
		const struct vocabulary *vocabulary = all_vocabularies[i];

		for (unsigned word = 1;
		     vocabulary != &vocabulary_finding && word < vocabulary->count; word++)
			put_word(buffer, vocabulary, &vocabulary->words[word]);
	}
	for (unsigned i = 1; i < finding_infos_count; i++)
		put_finding(buffer, &finding_infos[i]);
}
