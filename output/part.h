/*
 * A family of numbered files in one folder: domains-00001.csv, domains-00002.csv and so on. A part
 * is written as .domains-00001.csv.part and gets its name only when it is whole and on disk. Its
 * SHA-256 is computed as it is written. One owner; knows nothing of what it writes but that a unit
 * is never split over two parts.
 */
#ifndef STSWEEP_OUTPUT_PART_H
#define STSWEEP_OUTPUT_PART_H

#include "base/span.h"
#include "output/error.h"

enum { PART_NAME_BYTES = 96, PART_HASH_BYTES = 32, PART_NUMBER_DIGITS = 5 };

struct part_info {
	char name[PART_NAME_BYTES]; /* within the folder */
	uint64_t records;
	uint64_t bytes;
	uint8_t sha256[PART_HASH_BYTES];
};

struct part_list {
	struct part_info *items;
	size_t count;
};

struct part_settings {
	const char *dir;       /* exists */
	const char *family;    /* "domains" */
	const char *ending;    /* "csv" */
	struct span header;    /* begins every part; may be empty. Copied. */
	uint64_t most_records; /* a part that holds as many is closed; 0: no bound */
	uint64_t most_bytes;   /* likewise */
	bool even_empty;       /* leave one part when nothing was written */
};

struct part_family;

/* Numbers go on after those in the folder. NULL without memory. */
struct part_family *part_family_new(const struct part_settings *settings);
/* An unfinished part stays behind under its temporary name. */
void part_family_free(struct part_family *family);
/* Appends `records` whole records. False on an error, which is sticky. */
bool part_write(struct part_family *family, struct span bytes, uint64_t records);
/* Hands all that was appended to the system, so that it survives the process. */
bool part_flush(struct part_family *family);
/* Makes the open part whole: on disk, under its own name. */
bool part_finish(struct part_family *family);
/* Removes the open part, if any. */
void part_discard(struct part_family *family);
/* The first error; its code is 0 when there was none. */
const struct output_error *part_error(const struct part_family *family);
/* The parts that are whole, in order. */
struct part_list part_family_finished(const struct part_family *family);

/* The number in a part's name, finished or temporary (`torn` tells); 0 for other names. */
unsigned part_number(const char *name, const char *family, const char *ending, bool *torn);

#endif
