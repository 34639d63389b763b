/*
 * The provider table: rows by suffix in a hash table, asked for a name's suffixes from the longest
 * on. Filled by datasets/, then shared by all threads; it has no lock because nothing changes after
 * that.
 */
#include "record/provider.h"

#include <stdlib.h>

#define HASH_NONFATAL_OOM 1
/* The default one falls through switch labels, which clang is told to refuse. */
#define HASH_FUNCTION HASH_FNV
#include <uthash.h>

/* RFC 1035 3.1: 255 octets on the wire, less the length of the first label and the root. */
enum { NAME_MOST_BYTES = 253 };

struct row {
	UT_hash_handle hh;
	struct provider provider;
	uint8_t text[]; /* suffix, folded to lower case, then the provider's name */
};

struct provider_table {
	struct row *rows;
};

static void copy_folded(uint8_t *to, struct span from)
{
	for (size_t i = 0; i < from.len; i++) {
		uint8_t byte = from.data[i];

		to[i] = byte >= 'A' && byte <= 'Z' ? (uint8_t)(byte - 'A' + 'a') : byte;
	}
}

struct provider_table *provider_table_new(void)
{
	return calloc(1, sizeof(struct provider_table));
}

void provider_table_free(struct provider_table *table)
{
	struct row *row, *next;

	if (table == NULL)
		return;
	HASH_ITER (hh, table->rows, row, next) {
		HASH_DELETE(hh, table->rows, row);
		free(row);
	}
	free(table);
}

static struct row *row_new(const struct provider *provider)
{
	struct span suffix = provider->suffix, name = provider->name;
	struct row *row = calloc(1, sizeof(*row) + suffix.len + name.len);

	if (row == NULL)
		return NULL;
	row->provider = *provider;
	copy_folded(row->text, suffix);
	row->provider.suffix = span_of(row->text, suffix.len);
	if (name.len > 0)
		memcpy(row->text + suffix.len, name.data, name.len);
	row->provider.name = span_of(row->text + suffix.len, name.len);
	return row;
}

static const struct row *row_find(const struct provider_table *table, struct span suffix)
{
	const struct row *row = NULL;

	HASH_FIND(hh, table->rows, suffix.data, suffix.len, row);
	return row;
}

bool provider_table_add(struct provider_table *table, const struct provider *provider)
{
	if (provider->suffix.len == 0 || provider->suffix.len > NAME_MOST_BYTES)
		return false;
	struct row *row = row_new(provider);

	if (row == NULL)
		return false;
	if (row_find(table, row->provider.suffix) == NULL) {
		HASH_ADD_KEYPTR(hh, table->rows, row->text, row->provider.suffix.len, row);
		if (row->hh.tbl != NULL)
			return true;
	}
	free(row);
	return false;
}

size_t provider_table_count(const struct provider_table *table)
{
	return HASH_COUNT(table->rows);
}

const struct provider *provider_table_find(const struct provider_table *table, struct span name)
{
	uint8_t folded[NAME_MOST_BYTES];

	if (table == NULL || name.len == 0 || name.len > sizeof(folded))
		return NULL;
	copy_folded(folded, name);
	struct span rest = span_of(folded, name.len);

	while (rest.len > 0) {
		const struct row *row = row_find(table, rest);

		if (row != NULL)
			return &row->provider;
		rest = span_skip(rest, span_find(rest, '.') + 1);
	}
	return NULL;
}
