/*
 * What went wrong with a file: the system's error number, the path and the deed. Filled by
 * everything in output/ that touches files, read by the commands, who say it in one line. The first
 * error stays: what follows from it is noise.
 */
#ifndef STSWEEP_OUTPUT_ERROR_H
#define STSWEEP_OUTPUT_ERROR_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

struct output_error {
	int code;          /* errno; 0: no error yet */
	const char *doing; /* "write", "rename"...; a constant */
	char path[PATH_MAX + NAME_MAX + 1];
};

/* Notes an error unless there is one already; `code` 0 is taken for EIO. Always false, so that
 * callers can return it. */
bool output_error_set(struct output_error *error, int code, const char *doing, const char *path);
/* The same for `name` in the folder `dir`. */
bool output_error_set_in(struct output_error *error, int code, const char *doing, const char *dir,
			 const char *name);
/* "cannot write out/domains-00001.csv: No space left on device" into `text`, cut to `size`. */
void output_error_text(const struct output_error *error, char *text, size_t size);

#endif
