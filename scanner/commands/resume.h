/*
 * What an interrupted scan has already gathered, read back from its evidence: which targets are
 * done, which hosts are on disk, which hosts are named but were not reached. So `--resume` scans
 * nothing twice and probes no host again. Memory: four bytes a target and the table of hosts.
 */
#ifndef STSWEEP_COMMANDS_RESUME_H
#define STSWEEP_COMMANDS_RESUME_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

struct resume;
struct engine;

enum resume_target {
	RESUME_NEW,
	RESUME_DONE,
	RESUME_OTHER_INPUT, /* the evidence has another target on this line */
};

/*
 * Makes `dir` ready: a scan that is complete is refused, published parts of a finish that was cut
 * short are removed (they are made anew from the evidence). False after one line on standard error.
 */
bool resume_prepare(const char *dir);

/* Repairs torn parts and reads the evidence of `dir`. NULL after one line on standard error. */
struct resume *resume_load(const char *dir);
void resume_free(struct resume *resume);

uint64_t resume_targets_done(const struct resume *resume);
enum resume_target resume_target(const struct resume *resume, int64_t index, struct span input);
bool resume_knows_host(const struct resume *resume, struct span host);
/*
 * Asks the engine for every host that the evidence names and does not hold. False after one line on
 * standard error.
 */
bool resume_want_hosts(struct resume *resume, struct engine *engine);

#endif
