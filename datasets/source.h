/*
 * A source is one input file as a stream of bytes: a path or standard input, unpacked when it is
 * gzip or zstd, and digested (SHA-256 of the bytes as they lie in the file) on the way. Used by the
 * line reader; knows nothing of lines. One owner, one thread at a time.
 */
#ifndef STSWEEP_DATASETS_SOURCE_H
#define STSWEEP_DATASETS_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"

enum { SOURCE_SHA256_BYTES = 32, DATASET_ERROR_BYTES = 512 };

/* One line for a person, without a line end: file, line where there is one, reason. */
struct dataset_error {
	char text[DATASET_ERROR_BYTES];
};

void dataset_error_set(struct dataset_error *error, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

enum source_result {
	SOURCE_DATA,
	SOURCE_END,
	SOURCE_FAILED,  /* the error says why; what came before it is sound */
	SOURCE_STOPPED, /* the stop descriptor became readable */
};

struct source;

/*
 * Can `path` be read, as far as that shows without opening it (which a FIFO's writer would notice)?
 * `*regular`: it is a file that can be read twice; standard input never is.
 */
bool source_check(const char *path, bool *regular, struct dataset_error *error);
/*
 * Opens `path`, or standard input for "-"; NULL with `error` set. Reads nothing yet. `stop_fd` (or
 * -1): a read that would wait on a pipe or terminal ends as SOURCE_STOPPED once that descriptor is
 * readable.
 */
struct source *source_open(const char *path, int stop_fd, struct dataset_error *error);
/* The same over bytes in memory, which must outlive it. `name` stands for a path in errors. */
struct source *source_over(const char *name, struct span bytes, struct dataset_error *error);
void source_free(struct source *source);
/* Up to `size` unpacked bytes; `*got` is at least 1 with SOURCE_DATA and 0 otherwise. */
enum source_result source_read(struct source *source, void *buffer, size_t size, size_t *got,
			       struct dataset_error *error);
/* Bytes read so far, packed as they are in the file. */
uint64_t source_bytes(const struct source *source);
/*
 * Digest of the whole file. What has not been read yet is read now if the file is regular; false
 * when the whole cannot be had (a pipe that was not read to its end, a read error).
 */
bool source_digest(struct source *source, uint8_t sha256[SOURCE_SHA256_BYTES]);

#endif
