/*
 * Hosts that have been judged, for the domains that name them: each is judged once, kept in an
 * unnamed file, and read back by name. Memory is an index entry a host and a bounded number of
 * decoded records.
 */
#ifndef STSWEEP_COMMANDS_JUDGED_HOSTS_H
#define STSWEEP_COMMANDS_JUDGED_HOSTS_H

#include "output/error.h"
#include "record/record.h"

struct judged_hosts;

/* The file lies in `dir` and goes away by itself. NULL on an error. */
struct judged_hosts *judged_hosts_new(const char *dir, struct output_error *error);
void judged_hosts_free(struct judged_hosts *hosts);

/* False on an error. */
bool judged_hosts_add(struct judged_hosts *hosts, const struct host_record *host,
		      struct output_error *error);
/*
 * The host of this name as it was added, without its EVIDENCE fields; NULL when there is none, or
 * on an error. Valid until the next call.
 */
const struct host_record *judged_hosts_find(struct judged_hosts *hosts, struct span name,
					    struct output_error *error);

#endif
