/*
 * The second half of a scan: evidence is joined, counted and judged, and the published records are
 * written. `scan` runs it when gathering has ended, `judge` runs it again over the evidence of an
 * older scan. Sends nothing.
 */
#ifndef STSWEEP_COMMANDS_FINISH_H
#define STSWEEP_COMMANDS_FINISH_H

#include <stdatomic.h>

#include "commands/knowledge.h"
#include "output/final.h"
#include "output/metadata.h"
#include "stats/tally.h"

struct finish_settings {
	const char *scan_dir; /* whose evidence is judged */
	const char *output_dir;
	unsigned formats;                  /* bit n: enum output_format n */
	const struct selection *selection; /* of domain records; NULL: all */
	const struct knowledge *knowledge;
	const struct limits *limits;
	/* set from a signal: finishing ends early, nothing is left behind. May be NULL */
	const atomic_bool *stop;
	void (*progress)(void *context, const char *what, uint64_t done); /* may be NULL */
	void *context;
};

enum finish_result {
	FINISH_COMPLETE,
	FINISH_STOPPED,
	FINISH_FAILED, /* one line on standard error has said why */
};

/* Fills `tally` and the metadata's counts and parts. */
enum finish_result finish_scan(const struct finish_settings *settings, struct metadata *metadata,
			       struct tally *tally);

/* The closing table: verdicts, deliveries and findings with their counts. */
void finish_print(FILE *out, const struct tally *tally);

#endif
