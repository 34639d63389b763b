/* A folder for one test, removed with all that is in it. */
#ifndef STSWEEP_TESTS_OUTPUT_HELPER_DIR_H
#define STSWEEP_TESTS_OUTPUT_HELPER_DIR_H

#include "base/span.h"

/* cmocka's setup and teardown; the folder's path is then in `helper_dir`. */
int helper_dir_make(void **state);
int helper_dir_remove(void **state);
extern char helper_dir[64];

/* The path of `name` in the folder; valid until the next call. */
const char *helper_path(const char *name);
/* Number of entries of a folder within it, hidden ones too ("" is the folder itself). */
size_t helper_count(const char *folder);
/* Is there such a file? */
bool helper_exists(const char *name);
/* The file's bytes, valid until the next call; no value when it cannot be read. */
struct span helper_read(const char *name);
void helper_write(const char *name, struct span bytes);
/* Sets the file's size; of what is cut off nothing stays. */
void helper_truncate(const char *name, size_t size);

#endif
