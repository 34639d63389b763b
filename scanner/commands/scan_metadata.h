/*
 * What metadata.json says of a scan: program, command, settings, inputs, resolvers, what was
 * counted, and how it ended. It is written when a scan begins, with status "running", and again
 * when it ends.
 */
#ifndef STSWEEP_COMMANDS_SCAN_METADATA_H
#define STSWEEP_COMMANDS_SCAN_METADATA_H

#include "commands/network.h"
#include "datasets/list.h"
#include "output/metadata.h"
#include "workers/metrics.h"

/*
 * Before anything is done: is --user-metadata JSON, can -m be written. False after one line on standard error. Leaves no file.
 */
bool scan_metadata_check(const struct options *options);
/* Program, flags, limits, knowledge files and, where given, resolvers. */
void scan_metadata_settings(struct metadata *metadata, const struct options *options,
			    const struct knowledge *knowledge, const struct network *network,
			    int argc, char **argv);
/*
 * Takes over from the file of the session before a resumed one: the start of the scan, the counters
 * of all that has ended by itself (what was killed could not write its own), and one entry under
 * "sessions" for each session before this one.
 */
void scan_metadata_earlier(struct metadata *metadata, const char *path);
void scan_metadata_inputs(struct metadata *metadata, const struct list *list);
/* Lookups, fetches and probes by outcome, added to those of earlier sessions. */
void scan_metadata_counters(struct metadata *metadata, const struct metrics_totals *totals);

#endif
