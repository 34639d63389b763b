/*
 * Reads the provider table. Used by the commands; a fault in it is an error for the person who
 * wrote it, never skipped, for a table that is read in part would name the wrong owner.
 */
#include "datasets/providers.h"

#include <errno.h>
#include <string.h>

#include "datasets/lines.h"
#include "datasets/row.h"
#include "facts/name.h"

enum { TABLE_LINE_BYTES = 4096, PROVIDER_NAME_BYTES = 64 };

enum column { COLUMN_SUFFIX, COLUMN_NAME, COLUMN_CLASS, COLUMN_SHARED, COLUMN_SOURCE, COLUMNS };

static const char *const column_names[COLUMNS] = {"suffix", "name", "class", "shared", "source"};

/* The file is part of the program, so that an installed one needs no path to find it. */
__asm__(".pushsection .rodata\n"
	".balign 16\n"
	"providers_csv_begin:\n"
	".incbin \"datasets/providers.csv\"\n"
	"providers_csv_end:\n"
	".popsection\n");

extern const uint8_t providers_csv_begin[] __attribute__((visibility("hidden")));
extern const uint8_t providers_csv_end[] __attribute__((visibility("hidden")));

struct span providers_builtin(void)
{
	return span_of(providers_csv_begin, (size_t)(providers_csv_end - providers_csv_begin));
}

static bool is_header(const struct row *row)
{
	if (row->count != COLUMNS)
		return false;
	for (size_t i = 0; i < COLUMNS; i++)
		if (!span_equal(row->fields[i], span_text(column_names[i])))
			return false;
	return true;
}

/* Public names are words of a record, so they keep to what needs no quoting anywhere. */
static bool is_provider_name(struct span name)
{
	for (size_t i = 0; i < name.len; i++) {
		uint8_t byte = name.data[i];

		if (!((byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9') ||
		      (i > 0 && (byte == '-' || byte == '.'))))
			return false;
	}
	return name.len > 0 && name.len <= PROVIDER_NAME_BYTES;
}

/* What is wrong with the row, or NULL with `*provider` filled; its spans are those of the row. */
static const char *provider_read(const struct row *row, struct provider *provider)
{
	if (row->count != COLUMNS)
		return "not five columns: suffix,name,class,shared,source";
	struct span suffix = row->fields[COLUMN_SUFFIX], shared = row->fields[COLUMN_SHARED];

	*provider = (struct provider){.suffix = suffix, .name = row->fields[COLUMN_NAME]};
	if (name_check_host(suffix) != NAME_FAULT_NULL || name_labels(suffix) < 2)
		return "the suffix is no host name of at least two labels";
	if (!is_provider_name(provider->name))
		return "the name is not of a-z, 0-9, - and .";
	int class = vocabulary_value(&vocabulary_provider_class, row->fields[COLUMN_CLASS]);

	if (class == PROVIDER_CLASS_NULL)
		return "unknown class";
	provider->class = (enum provider_class) class;
	provider->shared_addresses = span_equal(shared, span_text("yes"));
	if (!provider->shared_addresses && !span_equal(shared, span_text("no")))
		return "shared is neither yes nor no";
	if (row->fields[COLUMN_SOURCE].len == 0)
		return "no source";
	return NULL;
}

/* What is wrong with the line, or NULL. */
static const char *line_read(struct provider_table *table, struct row *row, const struct line *line,
			     bool *header_seen)
{
	struct provider provider;

	if (line->text.len == 0)
		return NULL;
	if (line->cut)
		return "too long a line";
	if (!row_parse(row, line->text))
		return "no memory";
	if (!*header_seen) {
		*header_seen = is_header(row);
		return *header_seen ? NULL : "the header is not suffix,name,class,shared,source";
	}
	const char *fault = provider_read(row, &provider);

	if (fault == NULL && !provider_table_add(table, &provider))
		fault = "this suffix is there already";
	return fault;
}

static bool table_read(struct provider_table *table, struct lines *lines, struct row *row,
		       const char *path, struct dataset_error *error)
{
	struct line line;
	bool header_seen = false;
	enum source_result result;

	while ((result = lines_next(lines, &line, error)) == SOURCE_DATA) {
		const char *fault = line_read(table, row, &line, &header_seen);

		if (fault != NULL) {
			dataset_error_set(error, "%s:%llu: %s", path,
					  (unsigned long long)line.number, fault);
			return false;
		}
	}
	if (result == SOURCE_END && !header_seen)
		dataset_error_set(error, "%s: empty", path);
	return result == SOURCE_END && header_seen;
}

struct provider_table *providers_read(const char *path, uint8_t sha256[SOURCE_SHA256_BYTES],
				      struct dataset_error *error)
{
	const char *shown = path != NULL ? path : "built-in provider table";
	struct source *source = path != NULL ? source_open(path, -1, error)
					     : source_over(shown, providers_builtin(), error);
	struct lines *lines = lines_over(source, TABLE_LINE_BYTES, error);
	struct provider_table *table = provider_table_new();
	struct row row = {0};
	bool ready = lines != NULL && table != NULL && row_init(&row, TABLE_LINE_BYTES);

	if (lines != NULL && !ready)
		dataset_error_set(error, "%s: %s", shown, strerror(ENOMEM));
	bool whole = ready && table_read(table, lines, &row, shown, error);

	if (whole && sha256 != NULL && !source_digest(lines_source(lines), sha256)) {
		dataset_error_set(error, "%s: no SHA-256 of it", shown);
		whole = false;
	}
	row_free(&row);
	lines_free(lines);
	if (whole)
		return table;
	provider_table_free(table);
	return NULL;
}
