/*
 * The shapes that lists come in: Tranco and Umbrella (rank,domain), Majestic (a header, the domain
 * in column 3), zdns input (name,metadata), plain names. Used by datasets/list.c; it reads nothing
 * itself.
 */
#include "datasets/columns.h"

#include <limits.h>

enum { RANK_DIGITS = 18, COLUMN_DIGITS = 6 };

static bool is_digits(struct span text)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.data[i] < '0' || text.data[i] > '9')
			return false;
	return text.len > 0;
}

int64_t columns_rank(struct span field)
{
	int64_t rank = 0;

	if (!is_digits(field) || field.len > RANK_DIGITS)
		return -1;
	for (size_t i = 0; i < field.len; i++)
		rank = rank * 10 + (field.data[i] - '0');
	return rank;
}

bool columns_is_valid(const char *column)
{
	struct span text = span_text(column);

	if (!is_digits(text))
		return text.len > 0;
	return text.len <= COLUMN_DIGITS && columns_rank(text) >= 1;
}

bool columns_is_row(struct span line)
{
	return span_find(line, ',') < line.len || (line.len > 0 && line.data[0] == '"');
}

/* What a heading looks like and no domain does: letters first, no dot. */
static bool is_heading(struct span field)
{
	if (field.len == 0)
		return false;
	for (size_t i = 0; i < field.len; i++) {
		uint8_t byte = field.data[i];
		bool letter = (byte | 0x20) >= 'a' && (byte | 0x20) <= 'z';
		bool other =
			(byte >= '0' && byte <= '9') || byte == '_' || byte == '-' || byte == ' ';

		if (!letter && (i == 0 || !other))
			return false;
	}
	return true;
}

static int find_heading(const struct row *row, struct span heading)
{
	for (size_t i = 0; i < row->count && i < INT_MAX; i++)
		if (span_equal_nocase(row->fields[i], heading))
			return (int)i;
	return COLUMN_NONE;
}

static int find_any_heading(const struct row *row, const char *const *headings, size_t count)
{
	int found = COLUMN_NONE;

	for (size_t i = 0; i < count && found == COLUMN_NONE; i++)
		found = find_heading(row, span_text(headings[i]));
	return found;
}

/* Headings seen in public lists, the surest first. */
static int find_name_heading(const struct row *row)
{
	static const char *const headings[] = {"domain",   "domain_name", "domain name",
					       "hostname", "fqdn",        "name",
					       "host",     "domains",     "names"};

	return find_any_heading(row, headings, ARRAY_LENGTH(headings));
}

static int find_rank_heading(const struct row *row)
{
	static const char *const headings[] = {"rank", "globalrank", "global_rank", "position"};

	return find_any_heading(row, headings, ARRAY_LENGTH(headings));
}

/*
 * A header has no number in it, and none of its fields could be a domain; some may be empty. One
 * word alone is a header only if it is a known one: `localhost` is a dirty line.
 */
static bool is_header(const struct row *row)
{
	size_t headings = 0;

	for (size_t i = 0; i < row->count; i++) {
		if (row->fields[i].len > 0 && !is_heading(row->fields[i]))
			return false;
		headings += row->fields[i].len > 0;
	}
	return headings > 0 && (row->count > 1 || find_name_heading(row) != COLUMN_NONE);
}

static enum columns_result find_asked_for(struct columns *columns, const char *column,
					  const struct row *row)
{
	struct span text = span_text(column);

	columns->csv = true;
	columns->fixed = true;
	if (!is_digits(text)) {
		columns->name = find_heading(row, text);
		columns->rank = find_rank_heading(row);
		return columns->name == COLUMN_NONE ? COLUMNS_MISSING : COLUMNS_HEADER;
	}
	columns->name = (int)columns_rank(text) - 1;
	if (!is_header(row)) {
		bool first_ranks = columns->name > 0 && row->count > 0;

		columns->rank = first_ranks && columns_rank(row->fields[0]) >= 0 ? 0 : COLUMN_NONE;
		return COLUMNS_TARGET;
	}
	columns->rank = find_rank_heading(row);
	return COLUMNS_HEADER;
}

enum columns_result columns_find(struct columns *columns, const char *column, struct span line,
				 const struct row *row)
{
	*columns = (struct columns){.name = COLUMN_NONE, .rank = COLUMN_NONE};
	if (column != NULL)
		return find_asked_for(columns, column, row);
	columns->csv = columns_is_row(line);
	if (!is_header(row))
		return COLUMNS_TARGET;
	columns->name = find_name_heading(row);
	columns->rank = find_rank_heading(row);
	columns->csv = true;
	return COLUMNS_HEADER;
}

struct columns columns_of(const struct columns *columns, const struct row *row)
{
	struct columns of = *columns;

	if (of.name != COLUMN_NONE) {
		/*
		 * A line without that column: where the shape was guessed, a lone name is still
		 * one.
		 */
		if ((size_t)of.name >= row->count && !of.fixed)
			of.name = row->count == 1 ? 0 : COLUMN_NONE;
	} else if (row->count >= 2 && columns_rank(row->fields[0]) >= 0) {
		of.rank = 0;
		of.name = 1;
	} else if (row->count == 1 || of.csv) {
		of.name = 0;
	}
	if (of.rank == of.name)
		of.rank = COLUMN_NONE;
	return of;
}
