/*
 * The places of a worker's jobs. A job is named by its slot and the slot's generation, so that an answer that comes late
 * finds no job instead of a wrong one. Slots are made as they are needed and used again; jobs never move.
 */
#ifndef STSWEEP_WORKERS_SLOTS_H
#define STSWEEP_WORKERS_SLOTS_H

#include <stddef.h>

#include "workers/job.h"

struct slots {
	struct job **jobs;
	size_t count; /* made */
	size_t size;
	size_t used;
	struct job *free;
};

/* A job of this kind with an empty arena of at most `arena_bytes`; NULL without memory. */
struct job *slots_take(struct slots *slots, enum job_kind kind, size_t arena_bytes);
/* Its record has been encoded: resets the arena; who still names the job names nothing. */
void slots_give_back(struct slots *slots, struct job *job);
/* NULL when that job is over. */
struct job *slots_find(const struct slots *slots, struct job_reference reference);
struct job_reference slots_reference(const struct operation *operation);
/* The n-th slot's job, n < count, or NULL when it is free. */
struct job *slots_at(const struct slots *slots, size_t n);
/* No job is in use any more. */
void slots_free(struct slots *slots);

#endif
