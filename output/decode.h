/*
 * Bytes to records: reads what encode.h wrote as msgpack, by the schema. Bytes are not trusted:
 * whatever they are, reading ends, stays within them and within the arena's cap. Reads straight
 * from the bytes into the struct, because the library's unpacker allocates by the counts that the
 * bytes announce. Keeps no state.
 */
#ifndef STSWEEP_OUTPUT_DECODE_H
#define STSWEEP_OUTPUT_DECODE_H

#include "base/cursor.h"
#include "record/field.h"

/*
 * Reads one record into `record`, which is nulled first. Spans point into the cursor's bytes, lists
 * lie in the arena. Keys and words that this version does not know are passed over, and missing
 * ones stay null, so that older and newer records can be read. False when the bytes are no record
 * of this schema (`arena->exhausted` tells when it was the cap).
 */
bool decode_record(struct cursor *cursor, const struct schema *schema, struct arena *arena,
		   void *record);
/* Passes over one msgpack value of any kind; false when it is not whole or nested deeper than a
 * record ever is. */
bool decode_skip(struct cursor *cursor);

#endif
