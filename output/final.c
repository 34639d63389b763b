/*
 * The writer of published records: every family has a part family per format, and in CSV one per
 * table. Called by finish on one thread.
 */
#include "output/final.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "output/csv_table.h"

enum {
	DEFAULT_PART_RECORDS = 1000000,
	DEFAULT_PART_BYTES = 1 << 30,
	TABLES_ARENA_BYTES = 4 << 20,
};

struct family_info {
	const char *name;     /* of its files */
	const char *singular; /* begins the names of its lists' files */
	const struct schema *schema;
};

static const struct family_info family_infos[FINAL_FAMILIES_COUNT] = {
	[FINAL_DOMAINS] = {"domains", "domain", &schema_domain_record},
	[FINAL_HOSTS] = {"hosts", "host", &schema_host_record},
	[FINAL_CERTIFICATES] = {"certs", "cert", &schema_certificate_record},
	[FINAL_ENTITIES] = {"entities", "entity", &schema_entity_record},
};

struct family_writer {
	const struct selection *selection;
	struct part_family *trees[OUTPUT_FORMATS_COUNT]; /* NULL: not chosen; CSV has its own */
	struct csv_tables tables;
	struct part_family **csv; /* one a table; NULL: not chosen */
};

struct final_writer {
	struct final_settings settings;
	struct arena arena; /* the tables */
	struct family_writer families[FINAL_FAMILIES_COUNT];
	struct buffer buffer;
	struct part_list parts;
	struct output_error error;
};

const struct schema *final_schema(enum final_family family)
{
	return family_infos[family].schema;
}

const char *final_name(enum final_family family)
{
	return family_infos[family].name;
}

/* --- opening --------------------------------------------------------------------------------- */

static bool chosen(const struct final_writer *writer, enum output_format format)
{
	return (writer->settings.formats >> format & 1) != 0;
}

static bool fail_of_memory(struct final_writer *writer)
{
	return output_error_set(&writer->error, ENOMEM, "write", writer->settings.dir);
}

static struct part_family *parts_open(struct final_writer *writer, const char *name,
				      enum output_format format, struct span header)
{
	const struct part_settings settings = {
		.dir = writer->settings.dir,
		.family = name,
		.ending = output_format_name(format),
		.header = header,
		.most_records = writer->settings.part_records,
		.most_bytes = writer->settings.part_bytes,
		.even_empty = true,
	};
	struct part_family *parts = part_family_new(&settings);

	if (parts == NULL)
		fail_of_memory(writer);
	else if (part_error(parts)->code != 0)
		writer->error = *part_error(parts);
	return parts;
}

static bool csv_open(struct final_writer *writer, struct family_writer *family,
		     const struct family_info *info)
{
	family->tables = csv_tables_new(&writer->arena, info->schema, info->name, info->singular,
					family->selection);
	family->csv =
		arena_calloc(&writer->arena, family->tables.count, sizeof(struct part_family *));
	if (family->tables.items == NULL || family->csv == NULL) {
		family->tables.count = 0;
		return fail_of_memory(writer);
	}
	for (size_t i = 0; i < family->tables.count; i++) {
		const struct csv_table *table = family->tables.items[i];

		buffer_reset(&writer->buffer);
		csv_table_header(&writer->buffer, table);
		if (writer->buffer.failed)
			return fail_of_memory(writer);
		family->csv[i] = parts_open(writer, csv_table_name(table), OUTPUT_CSV,
					    buffer_span(&writer->buffer));
		if (writer->error.code != 0)
			return false;
	}
	return true;
}

static bool family_open(struct final_writer *writer, enum final_family which)
{
	static const enum output_format trees[] = {OUTPUT_MSGPACK, OUTPUT_JSONL};
	struct family_writer *family = &writer->families[which];
	const struct family_info *info = &family_infos[which];

	if (which == FINAL_DOMAINS)
		family->selection = writer->settings.selection;
	for (size_t i = 0; i < ARRAY_LENGTH(trees); i++) {
		if (!chosen(writer, trees[i]))
			continue;
		family->trees[trees[i]] =
			parts_open(writer, info->name, trees[i], (struct span){0});
		if (writer->error.code != 0)
			return false;
	}
	return !chosen(writer, OUTPUT_CSV) || csv_open(writer, family, info);
}

struct final_writer *final_open(const struct final_settings *settings, struct output_error *error)
{
	struct final_writer *writer = calloc(1, sizeof(*writer));
	bool done = writer != NULL;

	if (writer == NULL) {
		output_error_set(error, ENOMEM, "write", settings->dir);
		return NULL;
	}
	arena_init(&writer->arena, TABLES_ARENA_BYTES);
	writer->settings = *settings;
	writer->settings.dir =
		(const char *)arena_copy(&writer->arena, span_text(settings->dir)).data;
	if (writer->settings.part_records == 0)
		writer->settings.part_records = DEFAULT_PART_RECORDS;
	if (writer->settings.part_bytes == 0)
		writer->settings.part_bytes = DEFAULT_PART_BYTES;
	for (int family = 0; done && family < FINAL_FAMILIES_COUNT; family++)
		done = family_open(writer, (enum final_family)family);
	if (done)
		return writer;
	*error = writer->error;
	final_free(writer);
	return NULL;
}

/* --- writing --------------------------------------------------------------------------------- */

static bool write_buffer(struct final_writer *writer, struct part_family *parts, uint64_t records)
{
	if (writer->buffer.failed)
		return fail_of_memory(writer);
	if (records == 0 || part_write(parts, buffer_span(&writer->buffer), records))
		return true;
	writer->error = *part_error(parts);
	return false;
}

static bool write_csv(struct final_writer *writer, const struct family_writer *family,
		      const void *record)
{
	for (size_t i = 0; i < family->tables.count; i++) {
		buffer_reset(&writer->buffer);
		size_t rows = csv_table_rows(&writer->buffer, family->tables.items[i], record);

		if (!write_buffer(writer, family->csv[i], rows))
			return false;
	}
	return true;
}

bool final_write(struct final_writer *writer, enum final_family which, const void *record)
{
	const struct family_writer *family = &writer->families[which];

	if (writer->error.code != 0)
		return false;
	for (int format = 0; format < OUTPUT_FORMATS_COUNT; format++) {
		if (family->trees[format] == NULL)
			continue;
		buffer_reset(&writer->buffer);
		encode_record(&writer->buffer, family_infos[which].schema, record, VIEW_FINAL,
			      (enum output_format)format, family->selection);
		if (!write_buffer(writer, family->trees[format], 1))
			return false;
	}
	return family->csv == NULL || write_csv(writer, family, record);
}

/* --- ending ---------------------------------------------------------------------------------- */

/* Every part family of the writer, in the order in which parts are listed. False ends it. */
static bool each_parts(struct final_writer *writer,
		       bool (*each)(struct final_writer *writer, struct part_family *parts))
{
	for (int i = 0; i < FINAL_FAMILIES_COUNT; i++) {
		const struct family_writer *family = &writer->families[i];

		for (int format = 0; format < OUTPUT_FORMATS_COUNT; format++) {
			if (family->trees[format] != NULL && !each(writer, family->trees[format]))
				return false;
		}
		for (size_t table = 0; family->csv != NULL && table < family->tables.count;
		     table++) {
			if (family->csv[table] != NULL && !each(writer, family->csv[table]))
				return false;
		}
	}
	return true;
}

static bool finish_parts(struct final_writer *writer, struct part_family *parts)
{
	if (part_finish(parts))
		return true;
	writer->error = *part_error(parts);
	return false;
}

static bool list_parts(struct final_writer *writer, struct part_family *parts)
{
	struct part_list *list = &writer->parts;
	struct part_list more = part_family_finished(parts);
	struct part_info *items =
		reallocarray(list->items, list->count + more.count + 1, sizeof(*items));

	if (items == NULL)
		return fail_of_memory(writer);
	list->items = items;
	for (size_t i = 0; i < more.count; i++)
		list->items[list->count++] = more.items[i];
	return true;
}

static bool discard_parts(struct final_writer *writer, struct part_family *parts)
{
	(void)writer;
	part_discard(parts);
	part_family_free(parts);
	return true;
}

bool final_finish(struct final_writer *writer, struct output_error *error)
{
	if (writer->error.code == 0 && each_parts(writer, finish_parts) &&
	    each_parts(writer, list_parts))
		return true;
	*error = writer->error;
	return false;
}

struct part_list final_parts(const struct final_writer *writer)
{
	return writer->parts;
}

void final_free(struct final_writer *writer)
{
	if (writer == NULL)
		return;
	each_parts(writer, discard_parts);
	free(writer->parts.items);
	buffer_free(&writer->buffer);
	arena_free(&writer->arena);
	free(writer);
}

/* --- clearing -------------------------------------------------------------------------------- */

bool final_name_is_part(const char *name)
{
	struct arena arena;
	bool found = false, torn;

	arena_init(&arena, TABLES_ARENA_BYTES);
	for (int i = 0; i < FINAL_FAMILIES_COUNT && !found; i++) {
		const struct family_info *info = &family_infos[i];
		struct csv_tables tables =
			csv_tables_new(&arena, info->schema, info->name, info->singular, NULL);

		for (size_t table = 0; table < tables.count; table++)
			found |= part_number(name, csv_table_name(tables.items[table]), "csv",
					     &torn) != 0;
		found |= part_number(name, info->name, "msgpack", &torn) != 0 ||
			 part_number(name, info->name, "jsonl", &torn) != 0;
	}
	arena_free(&arena);
	return found;
}

bool final_clear(const char *path, struct output_error *error)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	bool done = true;

	if (dir == NULL)
		return output_error_set(error, errno, "read", path);
	while (done && (entry = readdir(dir)) != NULL) {
		if (final_name_is_part(entry->d_name) &&
		    unlinkat(dirfd(dir), entry->d_name, 0) != 0)
			done = output_error_set_in(error, errno, "remove", path, entry->d_name);
	}
	closedir(dir);
	return done;
}

/* --- the stream ------------------------------------------------------------------------------ */

struct final_stream {
	FILE *file;
	enum output_format format;
	const struct selection *selection;
	struct arena arena;            /* the table */
	const struct csv_table *table; /* CSV only */
	bool begun;
	struct buffer buffer;
};

struct final_stream *final_stream_new(FILE *file, enum output_format format,
				      const struct selection *selection)
{
	struct final_stream *stream = calloc(1, sizeof(*stream));

	if (stream == NULL)
		return NULL;
	arena_init(&stream->arena, TABLES_ARENA_BYTES);
	stream->file = file;
	stream->format = format;
	stream->selection = selection;
	if (format != OUTPUT_CSV)
		return stream;
	struct csv_tables tables = csv_tables_new(&stream->arena, &schema_domain_record, "domains",
						  "domain", selection);

	if (tables.items == NULL) {
		final_stream_free(stream);
		return NULL;
	}
	stream->table = tables.items[0];
	return stream;
}

bool final_stream_write(struct final_stream *stream, const struct domain_record *domain)
{
	struct buffer *buffer = &stream->buffer;

	buffer_reset(buffer);
	if (stream->table == NULL) {
		encode_record(buffer, &schema_domain_record, domain, VIEW_FINAL, stream->format,
			      stream->selection);
	} else {
		if (!stream->begun)
			csv_table_header(buffer, stream->table);
		csv_table_rows(buffer, stream->table, domain);
	}
	stream->begun = true;
	if (buffer->failed) {
		errno = ENOMEM;
		return false;
	}
	return fwrite(buffer->data, 1, buffer->len, stream->file) == buffer->len &&
	       fflush(stream->file) == 0;
}

void final_stream_free(struct final_stream *stream)
{
	if (stream == NULL)
		return;
	buffer_free(&stream->buffer);
	arena_free(&stream->arena);
	free(stream);
}
