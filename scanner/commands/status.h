/*
 * Progress, once a second: a terminal gets one line that is redrawn, a file gets lines, machines
 * get JSON Lines. Shows the engine's counters; decides nothing.
 */
#ifndef STSWEEP_COMMANDS_STATUS_H
#define STSWEEP_COMMANDS_STATUS_H

#include <stdio.h>

#include "commands/options.h"
#include "workers/engine.h"

struct status {
	FILE *out;     /* NULL: nothing is shown */
	bool redraw;   /* `out` is a terminal */
	bool own_file; /* `out` was opened here */
	enum status_format format;
	int64_t targets;     /* of the whole list, -1: not known */
	int64_t done_before; /* by the runs that this one resumes */
	int64_t started_ms;
	int64_t last_ms;
	uint64_t last_done;
	size_t width; /* of the line on the screen */
};

/*
 * False when the file of --status-updates-file cannot be opened, which is told on standard error.
 */
bool status_open(struct status *status, const struct options *options, int64_t now_ms);
void status_show(struct status *status, struct engine *engine, const struct metrics *metrics,
		 int64_t now_ms);
/* What the second half of a scan is at. */
void status_show_finish(struct status *status, const char *what, uint64_t done);
/* Leaves the redrawn line, so that other text can follow. */
void status_break(struct status *status);
void status_close(struct status *status);

#endif
