/*
 * Times as the record writes them: RFC 3339, UTC, milliseconds, "2026-11-23T08:15:30.123Z". Pure;
 * called by encoders and readers and by whoever writes metadata.
 */
#ifndef STSWEEP_OUTPUT_TIMESTAMP_H
#define STSWEEP_OUTPUT_TIMESTAMP_H

#include "base/span.h"

enum { TIMESTAMP_BYTES = 24 };

/* Writes TIMESTAMP_BYTES characters and a NUL. Times before 1970 or after the year 9999 are brought
 * to that bound. */
void timestamp_format(int64_t time_ms, char text[TIMESTAMP_BYTES + 1]);
/* The time of such a text, and of no other; -1 for what is none. */
int64_t timestamp_parse(struct span text);

#endif
