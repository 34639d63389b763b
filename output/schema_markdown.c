/*
 * The schema as Markdown, for docs/ and for reading.
 */
#include "output/schema_walk.h"

static const char preamble[] =
	"# The records\n\n"
	"The tree is the same in msgpack and in JSON Lines. A value that does not apply is null; a "
	"list "
	"that does not apply is empty. Times are RFC 3339, UTC, with milliseconds.\n\n"
	"- Bytes are bin in msgpack. In JSON and CSV they are text when they are valid UTF-8 "
	"without "
	"NUL, else base64 under the name `<field>_b64`; a list goes there as a whole when one of "
	"its "
	"elements is no text. A text that is not valid is treated so in JSON; in CSV its invalid "
	"bytes "
	"become `\\xNN`.\n"
	"- Hashes are bin of 32 bytes in msgpack, lower-case hexadecimal in JSON and CSV.\n"
	"- CSV has a column for every scalar and for every list of scalars, under its dotted name. "
	"Lists are joined by `;`, with `\\;` and `\\\\` for those characters within an element. "
	"Null and "
	"an empty list are nothing between the commas; `\"\"` is an empty text, or a list of one "
	"empty "
	"text.\n"
	"- Lists of maps, marked `[]` below, are CSV files of their own, a line an element with "
	"the "
	"record's key columns first: `hosts[]` of a domain is in `domain-hosts-*`, `mx.hosts[]` in "
	"`domain-mx-hosts-*`.\n\n";

/* A cell: a bar would end it. */
static void put_cell(struct buffer *buffer, struct span text)
{
	buffer_append_byte(buffer, ' ');
	for (size_t i = 0; i < text.len; i++) {
		if (text.data[i] == '|')
			buffer_append_byte(buffer, '\\');
		buffer_append_byte(buffer, text.data[i]);
	}
	buffer_append_text(buffer, " |");
}

static void put_code(struct buffer *buffer, struct span text)
{
	buffer_append_text(buffer, "| `");
	buffer_append_span(buffer, text);
	buffer_append_text(buffer, "` |");
}

static void put_field(void *context, struct span name, const struct field *field)
{
	struct buffer *buffer = context;

	put_code(buffer, name);
	buffer_append_byte(buffer, ' ');
	buffer_append_text(buffer, schema_type_name(field->kind));
	if (field->vocabulary != NULL) {
		buffer_append_text(buffer, " of [");
		buffer_append_text(buffer, field->vocabulary->name);
		buffer_append_text(buffer, "](#");
		buffer_append_text(buffer, field->vocabulary->name);
		buffer_append_byte(buffer, ')');
	}
	buffer_append_text(buffer, " |");
	put_cell(buffer, span_text(field->meaning));
	buffer_append_byte(buffer, '\n');
}

static void put_record(struct buffer *buffer, const struct published_record *record)
{
	buffer_append_text(buffer, "## ");
	buffer_append_text(buffer, record->files);
	buffer_append_text(buffer, "\n\n`");
	buffer_append_text(buffer, record->files);
	buffer_append_text(buffer, "-*`: ");
	buffer_append_text(buffer, record->meaning);
	buffer_append_text(buffer, ".\n\n| field | type | meaning |\n|---|---|---|\n");
	schema_each_field(record->schema, put_field, buffer);
	buffer_append_byte(buffer, '\n');
}

static void put_vocabulary(struct buffer *buffer, const struct vocabulary *vocabulary)
{
	buffer_append_text(buffer, "### ");
	buffer_append_text(buffer, vocabulary->name);
	buffer_append_text(buffer, "\n\n| word | meaning |\n|---|---|\n");
	for (unsigned word = 1; word < vocabulary->count; word++) {
		put_code(buffer, span_text(vocabulary->words[word].text));
		put_cell(buffer, span_text(vocabulary->words[word].meaning));
		buffer_append_byte(buffer, '\n');
	}
	buffer_append_byte(buffer, '\n');
}

static void put_finding(struct buffer *buffer, const struct finding_info *info)
{
	put_code(buffer, span_text(info->code));
	put_cell(buffer, span_text(schema_severity_name(info->severity)));
	put_cell(buffer, span_text(info->sentence));
	put_cell(buffer, span_text(info->advice));
	put_cell(buffer, span_text(info->section));
	buffer_append_byte(buffer, '\n');
}

static void put_findings(struct buffer *buffer)
{
	buffer_append_text(buffer, "### finding\n\n"
				   "| code | severity | what it is | what to do | section |\n"
				   "|---|---|---|---|---|\n");
	for (unsigned i = 1; i < finding_infos_count; i++)
		put_finding(buffer, &finding_infos[i]);
}

void schema_write_markdown(struct buffer *buffer)
{
	buffer_append_text(buffer, preamble);
	for (size_t i = 0; i < PUBLISHED_RECORDS_COUNT; i++)
		put_record(buffer, &published_records[i]);
	buffer_append_text(buffer, "## Vocabularies\n\n");
	for (size_t i = 0; i < all_vocabularies_count; i++) {
		if (all_vocabularies[i] != &vocabulary_finding)
			put_vocabulary(buffer, all_vocabularies[i]);
	}
	put_findings(buffer);
}
