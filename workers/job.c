/*
 * See job.h.
 */
#include "workers/job.h"

#include <event2/event.h>
#include <utlist.h>

#include "workers/engine.h"
#include "workers/fetcher.h"
#include "workers/prober.h"

static int64_t now_ms(const struct job *job)
{
	return clock_now_ms(&job->desk->clock);
}

void job_start_domain(struct job *job, struct domain_record *record, struct requests *out)
{
	domain_step_start(&job->step.domain, job->desk->engine->steps, &job->arena, record,
			  now_ms(job), out);
}

void job_start_host(struct job *job, struct host_record *record, struct requests *out)
{
	host_step_start(&job->step.host, job->desk->engine->steps, &job->arena, record, now_ms(job),
			out);
}

bool job_is_done(const struct job *job)
{
	switch (job->kind) {
	case JOB_DOMAIN:
		return job->step.domain.done;
	case JOB_HOST:
		return job->step.host.done;
	case JOB_NONE:
		break;
	}
	return false;
}

/* --- ready operations ----------------------------------------------------------------------- */

void operation_ready(struct job_desk *desk, struct operation *operation)
{
	if (operation->ready)
		return;
	operation->ready = true;
	operation->next_ready = NULL;
	if (desk->ready_last != NULL)
		desk->ready_last->next_ready = operation;
	else
		desk->ready_first = operation;
	desk->ready_last = operation;
}

struct operation *operation_take_ready(struct job_desk *desk)
{
	struct operation *operation = desk->ready_first;

	if (operation == NULL)
		return NULL;
	desk->ready_first = operation->next_ready;
	if (desk->ready_first == NULL)
		desk->ready_last = NULL;
	operation->ready = false;
	return operation;
}

/* Before its arena goes, an operation must be off the list. */
static void leave_ready(struct job_desk *desk, struct operation *operation)
{
	struct operation *before = NULL, *at = desk->ready_first;

	if (!operation->ready)
		return;
	while (at != operation) {
		before = at;
		at = at->next_ready;
	}
	if (before != NULL)
		before->next_ready = operation->next_ready;
	else
		desk->ready_first = operation->next_ready;
	if (desk->ready_last == operation)
		desk->ready_last = before;
	operation->ready = false;
}

/* --- carrying out --------------------------------------------------------------------------- */

static void on_resolved(struct resolution *resolution, const struct lookup_result *result)
{
	struct operation *operation = resolution->context;

	operation->result = *result;
	operation_ready(operation->job->desk, operation);
}

static void on_delay(evutil_socket_t descriptor, short what, void *context)
{
	struct operation *operation = context;

	(void)descriptor;
	(void)what;
	operation_ready(operation->job->desk, operation);
}

static void resolve(struct operation *operation, const struct request *request)
{
	struct job *job = operation->job;

	operation->resolution = (struct resolution){
		.question = request->question,
		.arena = &job->arena,
		.done = on_resolved,
		.context = operation,
	};
	job->desk->resolver->lookup(job->desk->resolver, &operation->resolution);
}

static void visit(struct operation *operation, const struct request *request)
{
	struct job *job = operation->job;
	struct visit_order order = {
		.desk = &job->desk->visits,
		.owner = operation,
		.arena = &job->arena,
		.request = request,
	};

	if (request->kind == REQUEST_PROBE) {
		order.provider = job->step.host.record->provider;
		operation->visit = prober_new(&order);
		if (operation->visit == NULL)
			prober_refuse(request);
	} else {
		operation->visit = fetcher_new(&order);
		if (operation->visit == NULL)
			fetcher_refuse(request);
	}
	if (operation->visit != NULL)
		visit_start(operation->visit);
	else
		operation_ready(job->desk, operation);
}

static void delay(struct operation *operation, const struct request *request)
{
	struct job_desk *desk = operation->job->desk;
	int64_t delay_ms = request->delay_ms;
	struct timeval own = {
		.tv_sec = delay_ms / MS_PER_S,
		.tv_usec = delay_ms % MS_PER_S * US_PER_MS,
	};

	operation->delay = evtimer_new(desk->base, on_delay, operation);
	if (operation->delay == NULL)
		operation_ready(desk, operation);
	else
		event_add(operation->delay, delay_ms == desk->engine->limits->retry_delay_ms
						    ? desk->retry_delay
						    : &own);
}

static void carry_out(struct operation *operation, const struct request *request)
{
	switch (request->kind) {
	case REQUEST_RESOLVE:
		resolve(operation, request);
		break;
	case REQUEST_FETCH:
	case REQUEST_PROBE:
		visit(operation, request);
		break;
	case REQUEST_DELAY:
		delay(operation, request);
		break;
	}
}

/* Over the arena's cap there is no place even for the operation: the step is told at once that it failed here. */
static void refuse(struct job *job, const struct request *request, struct requests *out)
{
	struct operation operation = {
		.job = job,
		.kind = request->kind,
		.tag = request->tag,
		.result =
			{
				.answer = {.status = DNS_STATUS_LOCAL_LIMIT, .extended_error = -1},
				.secure = TRISTATE_UNKNOWN,
			},
	};

	if (request->kind == REQUEST_FETCH)
		fetcher_refuse(request);
	if (request->kind == REQUEST_PROBE)
		prober_refuse(request);
	DL_APPEND2(job->operations, &operation, previous, next);
	operation_feed(&operation, out);
}

void job_carry_out(struct job *job, const struct requests *requests)
{
	struct requests more = {.count = 0};

	for (size_t i = 0; i < requests->count; i++) {
		const struct request *request = &requests->items[i];
		struct operation *operation = arena_alloc(&job->arena, sizeof(*operation));

		if (operation == NULL) {
			more.count = 0;
			refuse(job, request, &more);
			/* A step that cannot be served asks for no more than the second try: the depth is small. */
			job_carry_out(job, &more);
			continue;
		}
		operation->job = job;
		operation->id = job->next_operation++;
		operation->kind = request->kind;
		operation->tag = request->tag;
		DL_APPEND2(job->operations, operation, previous, next);
		carry_out(operation, request);
	}
}

struct operation *job_operation(struct job *job, uint32_t id)
{
	struct operation *operation;

	DL_FOREACH2(job->operations, operation, next)
	{
		if (operation->id == id)
			return operation;
	}
	return NULL;
}

/* --- the end of operations ------------------------------------------------------------------- */

/* Lets go of all that an operation holds outside of its arena. */
static void close_operation(struct operation *operation)
{
	struct job_desk *desk = operation->job->desk;

	leave_ready(desk, operation);
	if (operation->visit != NULL)
		visit_drop(operation->visit);
	operation->visit = NULL;
	if (operation->delay != NULL)
		event_free(operation->delay);
	operation->delay = NULL;
	if (operation->kind == REQUEST_RESOLVE && operation->resolution.resolvers_own != NULL)
		desk->resolver->cancel(desk->resolver, &operation->resolution);
	DL_DELETE2(operation->job->operations, operation, previous, next);
}

static void feed_domain(struct operation *operation, struct requests *out)
{
	struct domain_step *step = &operation->job->step.domain;
	int64_t now = now_ms(operation->job);

	switch (operation->kind) {
	case REQUEST_RESOLVE:
		domain_step_on_lookup(step, operation->tag, &operation->result, now, out);
		break;
	case REQUEST_FETCH:
		domain_step_on_fetched(step, operation->tag, now, out);
		break;
	case REQUEST_DELAY:
		domain_step_on_delay(step, operation->tag, now, out);
		break;
	case REQUEST_PROBE: /* a domain asks for none */
		break;
	}
}

static void feed_host(struct operation *operation, struct requests *out)
{
	struct host_step *step = &operation->job->step.host;
	int64_t now = now_ms(operation->job);

	switch (operation->kind) {
	case REQUEST_RESOLVE:
		host_step_on_lookup(step, operation->tag, &operation->result, now, out);
		break;
	case REQUEST_PROBE:
		host_step_on_probed(step, operation->tag, now, out);
		break;
	case REQUEST_DELAY:
		host_step_on_delay(step, operation->tag, now, out);
		break;
	case REQUEST_FETCH: /* a host asks for none */
		break;
	}
}

void operation_feed(struct operation *operation, struct requests *out)
{
	close_operation(operation);
	if (operation->job->kind == JOB_DOMAIN)
		feed_domain(operation, out);
	else
		feed_host(operation, out);
}

void job_drop_operations(struct job *job)
{
	while (job->operations != NULL)
		close_operation(job->operations);
}

void job_abandon(struct job *job)
{
	struct operation *operation, *next;

	job->abandoned = true;
	DL_FOREACH_SAFE2(job->operations, operation, next, next)
	{
		if (operation->visit == NULL || !visit_is_connected(operation->visit))
			close_operation(operation);
	}
}

bool job_is_stuck(const struct job *job)
{
	const struct operation *operation;

	DL_FOREACH2(job->operations, operation, next)
	{
		if (operation->kind == REQUEST_DELAY || operation->waits_for_leave)
			return true;
	}
	return false;
}
