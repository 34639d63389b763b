/*
 * --include-fields and --list-output-fields: the fields of a domain record by their dotted paths.
 */
#ifndef STSWEEP_COMMANDS_FIELDS_H
#define STSWEEP_COMMANDS_FIELDS_H

#include "commands/options.h"
#include "output/selection.h"

/*
 * `*selection` is NULL for all fields. False after one line on standard error: some path is no
 * field.
 */
bool fields_select(struct options *options, const struct selection **selection);
/* False when standard output cannot be written. */
bool fields_list(void);

#endif
