/*
 * metadata.json: a tree of values set one by one under paths ("limits/connect_timeout_ms"),
 * written in the order in which they came and renamed into place when whole. Called by the
 * commands; knows no key but those of parts.
 */
#ifndef STSWEEP_OUTPUT_METADATA_H
#define STSWEEP_OUTPUT_METADATA_H

#include "output/part.h"

struct metadata;

/* NULL without memory. A later failure of memory is kept and told by metadata_write. */
struct metadata *metadata_new(void);
/* A file written earlier; NULL when there is none or it is no JSON map. */
struct metadata *metadata_read(const char *path);
void metadata_free(struct metadata *metadata);

/* Bytes that are no UTF-8 become \xNN. NULL or no value is written as null. */
void metadata_text(struct metadata *metadata, const char *path, const char *text);
void metadata_span(struct metadata *metadata, const char *path, struct span text);
void metadata_number(struct metadata *metadata, const char *path, int64_t number);
/* Adds to the number that stands under this path; nothing there counts as 0. */
void metadata_add(struct metadata *metadata, const char *path, int64_t number);
void metadata_flag(struct metadata *metadata, const char *path, bool flag);
/* RFC 3339; null when negative. */
void metadata_time(struct metadata *metadata, const char *path, int64_t time_ms);
/* Lower-case hexadecimal; null for no value. */
void metadata_hash(struct metadata *metadata, const char *path, struct span hash);
/* Appends to the list of this path. */
void metadata_append_text(struct metadata *metadata, const char *path, const char *text);
/* Appends {name, records, bytes, sha256} of each part to the list of this path. `folder`
 * ("evidence/") precedes the names. */
void metadata_append_parts(struct metadata *metadata, const char *path, const char *folder,
			   struct part_list parts);
/* A JSON text (--user-metadata) under this path; false when it is none. */
bool metadata_json(struct metadata *metadata, const char *path, const char *json);

/* What stands in the other under `from`, set under `path`; nothing when nothing stands there. */
void metadata_copy(struct metadata *metadata, const char *path, const struct metadata *other,
		   const char *from);
/* How many entries the map or list under this path has; 0 when there is none. */
size_t metadata_count(const struct metadata *metadata, const char *path);

/* Writes `path` by way of a temporary file beside it. */
bool metadata_write(const struct metadata *metadata, const char *path, struct output_error *error);

/* SHA-256 of a file, for what the metadata name (lists, tables). False on an error. */
bool metadata_hash_file(const char *path, uint8_t sha256[PART_HASH_BYTES],
			struct output_error *error);

#endif
