/*
 * CSV tables of a schema. The main table has a line a record, with a column for every scalar under
 * its dotted name ("sts.policy.mode") and for every list of scalars. Each list of maps is a table
 * of its own with a line an element, the record's key columns first (index and domain, or
 * host). Immutable once made; called by the writers of final records. Lines
 * end in LF.
 *
 * - Null, and an empty list: nothing between the commas.
 * - Text, bytes and lists: quoted always, so that "" is an empty text or a list of one empty text.
 * - Others: bare, as in JSON; hashes in lower-case hexadecimal, flags true and false.
 * - Lists: elements joined by `;`, with `\;` and `\\` for those characters within an element.
 * - Bytes: beside each column `x` of BYTES or BYTES_LIST stands a column `x_b64`. A value that is
 *   no text is there in base64; of a list then all elements are. A TEXT, which is UTF-8 by nature,
 *   has no such column: what is invalid in it becomes `\xNN`.
 */
#ifndef STSWEEP_OUTPUT_CSV_TABLE_H
#define STSWEEP_OUTPUT_CSV_TABLE_H

#include "output/buffer.h"
#include "output/selection.h"

struct csv_table;

struct csv_tables {
	const struct csv_table **items; /* the main table first */
	size_t count;
};

/*
 * The tables of a record's final view; the main one is named `family` ("domains"), the others after
 * `name`: "domain" gives "domain-hosts", "domain-mx-hosts"... In the arena; `items` is NULL over
 * its cap.
 */
struct csv_tables csv_tables_new(struct arena *arena, const struct schema *schema,
				 const char *family, const char *name,
				 const struct selection *selection);
const char *csv_table_name(const struct csv_table *table);
/* The line of column names. */
void csv_table_header(struct buffer *buffer, const struct csv_table *table);
/* Appends this table's lines of a record and gives their number. */
size_t csv_table_rows(struct buffer *buffer, const struct csv_table *table, const void *record);

#endif
