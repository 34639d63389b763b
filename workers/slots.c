/*
 * See slots.h.
 */
#include "workers/slots.h"

#include <stdlib.h>

enum { SLOTS_FIRST_COUNT = 64 };

static bool grow(struct slots *slots)
{
	size_t size = slots->size != 0 ? 2 * slots->size : SLOTS_FIRST_COUNT;
	struct job **jobs = realloc(slots->jobs, size * sizeof(struct job *));

	if (jobs == NULL)
		return false;
	slots->jobs = jobs;
	slots->size = size;
	return true;
}

static struct job *make(struct slots *slots)
{
	struct job *job;

	if (slots->count == slots->size && !grow(slots))
		return NULL;
	job = calloc(1, sizeof(*job));
	if (job == NULL)
		return NULL;
	job->slot = (uint32_t)slots->count;
	arena_init(&job->arena, 0);
	slots->jobs[slots->count++] = job;
	return job;
}

struct job *slots_take(struct slots *slots, enum job_kind kind, size_t arena_bytes)
{
	struct job *job = slots->free;

	if (job != NULL)
		slots->free = job->next_free;
	else
		job = make(slots);
	if (job == NULL)
		return NULL;
	job->kind = kind;
	job->abandoned = false;
	job->operations = NULL;
	job->next_operation = 0;
	job->provider = NULL;
	job->arena.cap_bytes = arena_bytes;
	slots->used++;
	return job;
}

void slots_give_back(struct slots *slots, struct job *job)
{
	arena_reset(&job->arena);
	job->kind = JOB_NONE;
	job->generation++;
	job->next_free = slots->free;
	slots->free = job;
	slots->used--;
}

struct job *slots_find(const struct slots *slots, struct job_reference reference)
{
	struct job *job = reference.slot < slots->count ? slots->jobs[reference.slot] : NULL;

	if (job == NULL || job->kind == JOB_NONE || job->generation != reference.generation)
		return NULL;
	return job;
}

struct job_reference slots_reference(const struct operation *operation)
{
	return (struct job_reference){
		.slot = operation->job->slot,
		.generation = operation->job->generation,
		.operation = operation->id,
	};
}

struct job *slots_at(const struct slots *slots, size_t n)
{
	return slots->jobs[n]->kind == JOB_NONE ? NULL : slots->jobs[n];
}

void slots_free(struct slots *slots)
{
	for (size_t i = 0; i < slots->count; i++) {
		arena_free(&slots->jobs[i]->arena);
		free(slots->jobs[i]);
	}
	free(slots->jobs);
	*slots = (struct slots){0};
}
