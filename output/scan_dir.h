/*
 * What a folder is, before a scan is written to it or read from it. The commands decide what
 * follows; this only looks (and makes the folder when asked).
 */
#ifndef STSWEEP_OUTPUT_SCAN_DIR_H
#define STSWEEP_OUTPUT_SCAN_DIR_H

#include "output/error.h"

enum scan_dir_state {
	SCAN_DIR_MISSING,      /* could be made: its parent is there and can be written */
	SCAN_DIR_FREE,         /* can be written, holds no scan (other files do not matter) */
	SCAN_DIR_HOLDS_SCAN,   /* metadata, evidence or parts of a scan, finished or not */
	SCAN_DIR_NOT_WRITABLE, /* the error says why */
};

enum scan_dir_state scan_dir_probe(const char *dir, struct output_error *error);
/* Makes the folder (not its parents) unless it is there. */
bool scan_dir_make(const char *dir, struct output_error *error);

#endif
