/*
 * Files for the tests of readers: plain, gzip and zstd, in a folder of their own that goes when the
 * test ends.
 */
#ifndef STSWEEP_TESTS_DATASETS_HELPER_FILES_H
#define STSWEEP_TESTS_DATASETS_HELPER_FILES_H

#include "base/span.h"

enum { FILES_PATH_BYTES = 256 };

struct files {
	char folder[FILES_PATH_BYTES];
};

/* cmocka fixtures: `*state` is a struct files. */
int files_setup(void **state);
int files_teardown(void **state);

/*
 * The path of what was written; malloc'd, and given back by files_teardown's removal of the folder
 * plus free().
 */
char *files_write(const struct files *files, const char *name, struct span bytes);
char *files_write_text(const struct files *files, const char *name, const char *text);

/* Packed bytes, malloc'd. */
struct span files_gzip(struct span bytes);
struct span files_zstd(struct span bytes);
/* The corpus' folder joined with `name`, malloc'd; NULL when the corpus is not there. */
char *files_corpus(const char *name);

#endif
