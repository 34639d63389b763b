/*
 * The published records: families domains, hosts, certs and entities in every chosen format at
 * once, and for `-o -` one format of domain records to a stream. Called by finish on one thread;
 * takes records that are judged and changes nothing.
 */
#ifndef STSWEEP_OUTPUT_FINAL_H
#define STSWEEP_OUTPUT_FINAL_H

#include <stdio.h>

#include "output/encode.h"
#include "output/part.h"
#include "record/record.h"

enum final_family { FINAL_DOMAINS, FINAL_HOSTS, FINAL_CERTIFICATES, FINAL_ENTITIES };

enum { FINAL_FAMILIES_COUNT = 4 };

/* Schema and name of a family: "domains", "hosts", "certs", "entities". */
const struct schema *final_schema(enum final_family family);
const char *final_name(enum final_family family);

struct final_settings {
	const char *dir;                   /* exists. Copied. */
	unsigned formats;                  /* bit n: enum output_format n */
	const struct selection *selection; /* of domain records; NULL: all. Borrowed. */
	uint64_t part_records;             /* 0 takes a million */
	uint64_t part_bytes;               /* 0 takes 1 GiB */
};

struct final_writer;

/* Is this the name of a part of published records, finished or not? */
bool final_name_is_part(const char *name);
/* Removes the final parts, finished or not, that an earlier finish left in the folder. */
bool final_clear(const char *dir, struct output_error *error);
/* NULL on an error. */
struct final_writer *final_open(const struct final_settings *settings, struct output_error *error);
/* `record` is a struct of the family's schema. False on an error, which is sticky. */
bool final_write(struct final_writer *writer, enum final_family family, const void *record);
/* Makes all parts whole. False on an error, then or earlier. */
bool final_finish(struct final_writer *writer, struct output_error *error);
/* All finished parts, by family, then format, then number; they belong to the writer. */
struct part_list final_parts(const struct final_writer *writer);
/* Without final_finish before it, what is not finished is removed. */
void final_free(struct final_writer *writer);

struct final_stream;

/* `selection` is borrowed. NULL without memory. CSV writes the main table only, its line of names
 * first. */
struct final_stream *final_stream_new(FILE *file, enum output_format format,
				      const struct selection *selection);
/* Writes one record and flushes it to the file; false on an error (errno). */
bool final_stream_write(struct final_stream *stream, const struct domain_record *domain);
void final_stream_free(struct final_stream *stream);

#endif
