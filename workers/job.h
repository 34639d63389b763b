/*
 * A job: one domain or one MX host in work, its arena, its step, and the operations that the step has asked for and that
 * are not answered yet. Carries requests out and brings results back; when a job begins and what becomes of its record is
 * the worker's business. All on one thread.
 *
 * Results never come while something is asked for: an operation that is over is put on the desk's list of ready ones, and
 * the worker feeds them to their steps afterwards. So a step is never entered from within itself.
 */
#ifndef STSWEEP_WORKERS_JOB_H
#define STSWEEP_WORKERS_JOB_H

#include <stdbool.h>
#include <stdint.h>

#include "steps/domain.h"
#include "steps/host.h"
#include "workers/message.h"
#include "workers/resolver.h"
#include "workers/visit.h"

struct event;
struct job;

enum job_kind { JOB_NONE, JOB_DOMAIN, JOB_HOST };

/* One request in work; lives in the job's arena. */
struct operation {
	struct job *job;
	uint32_t id; /* within the job */
	enum request_kind kind;
	uint32_t tag;
	bool waits_for_leave;
	bool ready;
	struct resolution resolution;
	struct lookup_result result;
	struct visit *visit;
	struct event *delay;
	struct operation *previous; /* of the job */
	struct operation *next;
	struct operation *next_ready;
};

struct job_desk {
	struct event_base *base;
	const struct engine_settings *engine;
	struct resolver *resolver;
	struct clock clock;
	struct visit_desk visits;          /* its context is the worker; owners are operations */
	const struct timeval *retry_delay; /* a common time-out, of limits->retry_delay_ms */
	struct operation *ready_first;
	struct operation *ready_last;
};

struct job {
	uint32_t slot;
	uint32_t generation;
	enum job_kind kind;
	bool abandoned; /* will not be recorded; waits for its connections to end */
	struct job_desk *desk;
	struct arena arena;
	struct operation *operations;
	uint32_t next_operation;
	union {
		struct domain_step domain;
		struct host_step host;
	} step;
	struct roster_provider *provider; /* of a host: the gatekeeper's token */
	struct job *next_free;
};

/* Starts the step; record is in the arena and its first fields are filled. */
void job_start_domain(struct job *job, struct domain_record *record, struct requests *out);
void job_start_host(struct job *job, struct host_record *record, struct requests *out);
void job_carry_out(struct job *job, const struct requests *requests);
/* The operation of this id, or NULL when it is over. */
struct operation *job_operation(struct job *job, uint32_t id);
bool job_is_done(const struct job *job);

/* Its answer is there. */
void operation_ready(struct job_desk *desk, struct operation *operation);
/* The next ready one, taken from the list; NULL for none. */
struct operation *operation_take_ready(struct job_desk *desk);
/* Ends the operation and tells the step. */
void operation_feed(struct operation *operation, struct requests *out);

/* Will not be recorded: ends, untold, all operations but open connections. */
void job_abandon(struct job *job);
/* Does it wait for what will not come once the scan is being stopped? */
bool job_is_stuck(const struct job *job);
void job_drop_operations(struct job *job);

#endif
