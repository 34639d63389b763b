/*
 * The folder of a scan as the commands use it: taken for a new scan or a resumed one, given its
 * copies and its metadata. Whatever goes wrong is told in one line on standard error.
 */
#ifndef STSWEEP_COMMANDS_FOLDER_H
#define STSWEEP_COMMANDS_FOLDER_H

#include <stdbool.h>

#include "output/error.h"
#include "output/metadata.h"

/* "stsweep: cannot write out/x: No space left on device" on standard error. */
void folder_tell(const struct output_error *error);
/*
 * A folder is new, or resumed; never mixed with another scan. Makes it if it is missing. False
 * after telling why it cannot be had.
 */
bool folder_take(const char *dir, bool resume);
/*
 * Holds the folder against other scans until the descriptor is closed. -1 after telling that another process is at work in
 * it.
 */
int folder_hold(const char *dir);
/* Copies the file at `source` into the folder under `name`. */
bool folder_keep(const char *dir, const char *name, const char *source);
/* Writes metadata.json into `dir` and to the file `also`; each may be NULL. */
bool folder_write_metadata(const struct metadata *metadata, const char *dir, const char *also);
/* Writes metadata.json into `dir` after a failure that has been told: says nothing if that fails too. */
void folder_try_metadata(const struct metadata *metadata, const char *dir);

#endif
