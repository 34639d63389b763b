/*
 * The provider table as it is kept for people: CSV with the header suffix,name,class,shared,source.
 * Read once at the start by the commands that need it; what it becomes is in record/provider.h.
 */
#ifndef STSWEEP_DATASETS_PROVIDERS_H
#define STSWEEP_DATASETS_PROVIDERS_H

#include "datasets/source.h"
#include "record/provider.h"

/*
 * The table at `path`, or the one built into the program (datasets/providers.csv) for NULL; NULL
 * with `error` set: file, line and reason. `sha256`, which may be NULL, is the digest of the file,
 * for the scan's metadata.
 */
struct provider_table *providers_read(const char *path, uint8_t sha256[SOURCE_SHA256_BYTES],
				      struct dataset_error *error);
/* The built-in file itself, so that a scan can keep a copy of what it used. */
struct span providers_builtin(void);

#endif
