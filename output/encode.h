/*
 * Records to bytes, by their schema alone. msgpack and JSON Lines hold the same tree; CSV, which is
 * flat, is described in csv_table.h. Called on the workers' threads (evidence) and by the writer of
 * final records; keeps no state. What a kind of field becomes:
 *
 * - NUMBER, FLAG: integer, boolean.
 * - TIME: text, RFC 3339 UTC with milliseconds.
 * - WORD: text.
 * - TEXT: text. If it is not UTF-8 or holds NUL: bin in msgpack, base64 under the name
 *   `<field>_b64` in JSON.
 * - BYTES: bin in msgpack; in JSON as TEXT.
 * - HASH: bin of 32 bytes in msgpack, lower-case hexadecimal in JSON.
 * - Lists of these: arrays. In JSON a list is named `<field>_b64`, with all elements in base64, as
 *   soon as one of them is no text.
 * - MAP: a map; null when all that is in it is null. MAPS: an array of maps.
 */
#ifndef STSWEEP_OUTPUT_ENCODE_H
#define STSWEEP_OUTPUT_ENCODE_H

#include "output/buffer.h"
#include "output/selection.h"

enum output_format { OUTPUT_MSGPACK, OUTPUT_CSV, OUTPUT_JSONL };

enum { OUTPUT_FORMATS_COUNT = 3 };

/* "msgpack", "csv", "jsonl": the name of the format and the ending of its files. */
const char *output_format_name(enum output_format format);
/* False when there is no format of that name. */
bool output_format_named(struct span name, enum output_format *format);

/*
 * Appends the record: a msgpack map, a line of JSON with its LF, or the line of the record's main
 * CSV table (the final view in any case; it makes its table anew, so writers of many lines use
 * csv_table.h). Check buffer->failed.
 */
void encode_record(struct buffer *buffer, const struct schema *schema, const void *record,
		   enum record_view view, enum output_format format,
		   const struct selection *selection);

#endif
