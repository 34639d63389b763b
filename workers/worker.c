/*
 * See worker.h. After each pass of the event loop, what became ready is fed to the steps, what they ask for goes out in
 * batches (queries to the name servers, messages to the gatekeeper), and the loop sleeps again.
 */
#include "workers/worker.h"

#include <event2/event.h>
#include <stdlib.h>

#include "workers/control.h"
#include "workers/engine.h"
#include "workers/metrics.h"
#include "workers/queue.h"
#include "workers/slots.h"
#include "workers/socket.h"
#include "workers/stub_resolver.h"

#define FAULT_TEXT(P, code, text, meaning) [P##_##code] = text,
static const char *const fault_texts[] = {NAME_FAULTS(FAULT_TEXT, NAME_FAULT)};

struct worker {
	struct worker_settings settings;
	struct resolver_settings resolver_settings;
	struct event_base *base;
	struct event *inbox_event;
	struct event *stop_timer; /* the end of a graceful stop's patience */
	struct connector *connector;
	struct job_desk desk;
	struct slots slots;
	struct batch inbox;
	struct batch outbox;
	bool stopping;
	bool cut;
	bool idle;
};

static void count(struct worker *worker, size_t metric)
{
	metrics_add(worker->settings.metrics, worker->settings.number, metric, 1);
}

/* --- what visits want ------------------------------------------------------------------------ */

static void want_leave(void *context, struct visit *visit)
{
	struct worker *worker = context;
	struct operation *operation = visit->owner;
	struct want_leave_message *message;

	operation->waits_for_leave = true;
	if (worker->stopping) {
		operation->job->abandoned = true;
		operation_ready(&worker->desk, operation);
		return;
	}
	message = batch_add(&worker->outbox, sizeof(*message) + visit->provider.len);
	message->kind = GATEKEEPER_WANT_LEAVE;
	message->worker = worker->settings.number;
	message->reference = slots_reference(operation);
	message->address = visit->address;
	message->provider_len = (uint32_t)visit->provider.len;
	if (visit->provider.len > 0)
		memcpy(message->provider, visit->provider.data, visit->provider.len);
}

static void tell_leave(struct worker *worker, enum gatekeeper_message kind, struct leave *leave,
		       int64_t at_us)
{
	struct leave_event_message *message = batch_add(&worker->outbox, sizeof(*message));

	message->kind = kind;
	message->leave = leave;
	message->at_us = at_us;
}

static void begun(void *context, struct leave *leave, int64_t at_us)
{
	tell_leave(context, GATEKEEPER_BEGUN, leave, at_us);
}

static void release(void *context, struct leave *leave)
{
	tell_leave(context, GATEKEEPER_RELEASE, leave, 0);
}

static bool certificate(void *context, struct span sha256, struct span der)
{
	struct worker *worker = context;
	struct sink *sink = worker->settings.sink;

	count(worker, METRIC(certificates));
	if (sink->certificate(sink, sha256, der))
		return true;
	control_fail(worker->settings.control);
	return false;
}

static void visit_done(void *context, struct visit *visit)
{
	struct worker *worker = context;

	operation_ready(&worker->desk, visit->owner);
}

/* --- records --------------------------------------------------------------------------------- */

static void count_domain(struct worker *worker, const struct domain_record *record)
{
	count(worker, METRIC(targets_done));
	if (record->mx.kind == MX_KIND_EXPLICIT || record->mx.kind == MX_KIND_IMPLICIT)
		count(worker, METRIC(targets_mx));
	if (record->sts.record.txt.count > 0)
		count(worker, METRIC(targets_sts));
	if (record->tlsrpt.txt.count > 0)
		count(worker, METRIC(targets_tlsrpt));
	if (!span_is_null(record->sts.policy.body))
		count(worker, METRIC(targets_policy));
}

static void want_host(struct worker *worker, struct span host)
{
	struct want_host_message *message;

	if (host.len == 0 || host.len > NAME_MAX_BYTES || span_equal(host, span_text(".")))
		return;
	message = batch_add(&worker->outbox, sizeof(*message) + host.len);
	message->kind = GATEKEEPER_WANT_HOST;
	message->host_len = (uint32_t)host.len;
	memcpy(message->host, host.data, host.len);
}

static void want_hosts(struct worker *worker, const struct domain_record *record)
{
	if (!worker->settings.engine->steps->stage_smtp)
		return;
	for (size_t i = 0; i < record->mx.hosts.count; i++)
		want_host(worker, record->mx.hosts.items[i].host);
}

static void target_through(struct worker *worker)
{
	struct targets_message *message = batch_add(&worker->outbox, sizeof(*message));

	message->kind = GATEKEEPER_TARGETS_DONE;
	message->count = 1;
}

/* Evidence first, then what follows from it: a host must not be wanted for a domain that is not kept. */
static void record_domain(struct worker *worker, const struct domain_record *record)
{
	struct sink *sink = worker->settings.sink;

	if (!sink->domain(sink, record)) {
		control_fail(worker->settings.control);
		return;
	}
	count_domain(worker, record);
	want_hosts(worker, record);
	target_through(worker);
}

static bool has_tls(const struct host_record *record)
{
	for (size_t i = 0; i < record->addresses.count; i++) {
		if (!span_is_null(record->addresses.items[i].tls.version))
			return true;
	}
	return false;
}

static void record_host(struct worker *worker, struct job *job)
{
	struct sink *sink = worker->settings.sink;
	const struct host_record *record = job->step.host.record;
	struct host_done_message *message;

	if (!sink->host(sink, record)) {
		control_fail(worker->settings.control);
		return;
	}
	count(worker, METRIC(hosts_done));
	if (has_tls(record))
		count(worker, METRIC(hosts_tls));
	message = batch_add(&worker->outbox, sizeof(*message));
	message->kind = GATEKEEPER_HOST_DONE;
	message->worker = worker->settings.number;
	message->provider = job->provider;
}

static void finish_job(struct worker *worker, struct job *job)
{
	if (job->kind == JOB_DOMAIN)
		record_domain(worker, job->step.domain.record);
	else
		record_host(worker, job);
	slots_give_back(&worker->slots, job);
}

static void drop_job(struct worker *worker, struct job *job)
{
	count(worker, job->kind == JOB_DOMAIN ? METRIC(targets_dropped) : METRIC(hosts_dropped));
	job_drop_operations(job);
	slots_give_back(&worker->slots, job);
}

/* --- driving ---------------------------------------------------------------------------------- */

/* What a step asked for is carried out, or, once the scan is being stopped, given up with its job. */
static void go_on(struct worker *worker, struct job *job, const struct requests *requests)
{
	if (worker->stopping && requests->count > 0)
		job_abandon(job);
	if (!job->abandoned)
		job_carry_out(job, requests);
	if (job->abandoned && job->operations == NULL)
		drop_job(worker, job);
	else if (!job->abandoned && job_is_done(job))
		finish_job(worker, job);
}

static void feed(struct worker *worker, struct operation *operation)
{
	struct job *job = operation->job;
	struct requests requests;

	requests.count = 0;
	if (job->abandoned)
		job_abandon(job);
	else
		operation_feed(operation, &requests);
	go_on(worker, job, &requests);
}

static struct job *take_job(struct worker *worker, enum job_kind kind)
{
	const struct limits *limits = worker->settings.engine->limits;
	int64_t bytes = kind == JOB_DOMAIN ? limits->domain_arena_bytes : limits->host_arena_bytes;
	struct job *job = slots_take(&worker->slots, kind, (size_t)bytes);

	if (job == NULL)
		control_fail(worker->settings.control);
	else
		job->desk = &worker->desk;
	return job;
}

/* The next `len` bytes of a message's texts, copied into the arena. */
static struct span take_text(struct arena *arena, const uint8_t **texts, uint32_t len)
{
	struct span text;

	if (len == NO_TEXT)
		return (struct span){0};
	text = arena_copy(arena, span_of(*texts, len));
	*texts += len;
	return text;
}

static struct domain_record *make_record(struct worker *worker, struct arena *arena,
					 const struct target_message *message)
{
	struct domain_record *record = record_new(arena, &schema_domain_record);
	const uint8_t *texts = message->texts;

	if (record == NULL)
		return NULL;
	record->schema = RECORD_SCHEMA_VERSION;
	record->index = message->index;
	record->rank = message->rank;
	record->status = message->status;
	record->vantage = worker->settings.engine->steps->vantage;
	record->domain = take_text(arena, &texts, message->name_len);
	record->input = take_text(arena, &texts, message->input_len);
	record->metadata = take_text(arena, &texts, message->metadata_len);
	record->reason = take_text(arena, &texts, message->reason_len);
	if (message->invalid != NAME_FAULT_NULL) {
		record->status = RECORD_STATUS_INVALID_INPUT;
		record->reason = span_text(fault_texts[message->invalid]);
	}
	return record;
}

static void on_target(struct worker *worker, const struct target_message *message)
{
	struct requests requests;
	struct domain_record *record;
	struct job *job;

	if (worker->stopping)
		return;
	job = take_job(worker, JOB_DOMAIN);
	if (job == NULL)
		return;
	count(worker, METRIC(targets_taken));
	record = make_record(worker, &job->arena, message);
	if (record == NULL) { /* the least arena holds one: limits.h */
		control_fail(worker->settings.control);
		drop_job(worker, job);
		return;
	}
	if (record->status != RECORD_STATUS_NULL) {
		if (record->status == RECORD_STATUS_INVALID_INPUT)
			count(worker, METRIC(targets_invalid));
		record_domain(worker, record);
		slots_give_back(&worker->slots, job);
		return;
	}
	requests.count = 0;
	job_start_domain(job, record, &requests);
	go_on(worker, job, &requests);
}

static void on_host(struct worker *worker, const struct host_message *message)
{
	struct requests requests;
	struct host_record *record;
	const uint8_t *texts = message->texts;
	struct job *job;

	if (worker->stopping) {
		count(worker, METRIC(hosts_dropped));
		return;
	}
	job = take_job(worker, JOB_HOST);
	if (job == NULL)
		return;
	job->provider = message->provider;
	record = record_new(&job->arena, &schema_host_record);
	if (record == NULL) {
		control_fail(worker->settings.control);
		drop_job(worker, job);
		return;
	}
	record->schema = RECORD_SCHEMA_VERSION;
	record->vantage = worker->settings.engine->steps->vantage;
	record->host = take_text(&job->arena, &texts, message->host_len);
	record->provider = take_text(&job->arena, &texts, message->provider_len);
	requests.count = 0;
	job_start_host(job, record, &requests);
	go_on(worker, job, &requests);
}

/* Leave for a job that is over, or that wants it no more, is given back at once. */
static void on_leave(struct worker *worker, const struct leave_message *message)
{
	struct job *job = slots_find(&worker->slots, message->reference);
	struct operation *operation = NULL;

	if (job != NULL && !job->abandoned && !worker->stopping)
		operation = job_operation(job, message->reference.operation);
	if (operation == NULL || !operation->waits_for_leave) {
		release(worker, message->leave);
		return;
	}
	operation->waits_for_leave = false;
	visit_on_leave(operation->visit, message->leave);
}

static void on_inbox(evutil_socket_t descriptor, short what, void *context)
{
	struct worker *worker = context;
	const void *message;

	(void)descriptor;
	(void)what;
	queue_take(worker->settings.inbox, &worker->inbox);
	while ((message = batch_next(&worker->inbox)) != NULL) {
		switch (*(const enum worker_message *)message) {
		case WORKER_TARGET:
			on_target(worker, message);
			break;
		case WORKER_HOST:
			on_host(worker, message);
			break;
		case WORKER_LEAVE:
			on_leave(worker, message);
			break;
		}
	}
}

/* --- stopping --------------------------------------------------------------------------------- */

/* Jobs that would wait for leave or for a second try are given up; the others may still come to their end. */
static void stop(struct worker *worker)
{
	int64_t patience_ms = worker->settings.engine->limits->target_timeout_ms;
	struct timeval patience = {
		.tv_sec = patience_ms / MS_PER_S,
		.tv_usec = patience_ms % MS_PER_S * US_PER_MS,
	};

	worker->stopping = true;
	event_add(worker->stop_timer, &patience);
	for (size_t i = 0; i < worker->slots.count; i++) {
		struct job *job = slots_at(&worker->slots, i);

		if (job == NULL || !job_is_stuck(job))
			continue;
		job_abandon(job);
		if (job->operations == NULL)
			drop_job(worker, job);
	}
}

static void cut(struct worker *worker)
{
	worker->cut = true;
	for (size_t i = 0; i < worker->slots.count; i++) {
		struct job *job = slots_at(&worker->slots, i);

		if (job != NULL)
			drop_job(worker, job);
	}
}

static void on_stop_timer(evutil_socket_t descriptor, short what, void *context)
{
	(void)descriptor;
	(void)what;
	cut(context);
}

static void heed_level(struct worker *worker)
{
	enum control_level level = control_level(worker->settings.control);

	if (level >= CONTROL_STOP && !worker->stopping)
		stop(worker);
	if (level >= CONTROL_CUT && !worker->cut)
		cut(worker);
	if (worker->stopping && !worker->idle && worker->slots.used == 0) {
		worker->idle = true;
		event_del(worker->stop_timer);
		control_idle(worker->settings.control);
	}
}

/* --- the thread ------------------------------------------------------------------------------- */

static void after_pass(struct worker *worker)
{
	struct job_desk *desk = &worker->desk;
	struct operation *operation;

	do {
		while ((operation = operation_take_ready(desk)) != NULL)
			feed(worker, operation);
		if (desk->resolver->flush != NULL)
			desk->resolver->flush(desk->resolver);
	} while (desk->ready_first != NULL);
	heed_level(worker);
	queue_post(worker->settings.gatekeeper, &worker->outbox);
}

void worker_run(struct worker *worker)
{
	while (control_level(worker->settings.control) < CONTROL_QUIT) {
		event_base_loop(worker->base, EVLOOP_ONCE);
		after_pass(worker);
	}
}

static struct event_base *make_base(void)
{
	struct event_config *config = event_config_new();
	struct event_base *base;

	if (config == NULL)
		return NULL;
	/* A base is used by one thread only; other threads wake it through its inbox. */
	event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
	base = event_base_new_with_config(config);
	event_config_free(config);
	return base;
}

static void make_visit_desk(struct worker *worker)
{
	worker->desk.visits = (struct visit_desk){
		.engine = worker->settings.engine,
		.connector = worker->connector,
		.clock = worker->settings.clock,
		.metrics = worker->settings.metrics,
		.block = worker->settings.number,
		.context = worker,
		.want_leave = want_leave,
		.begun = begun,
		.release = release,
		.certificate = certificate,
		.done = visit_done,
	};
}

static struct resolver *make_resolver(struct worker *worker)
{
	const struct engine_settings *engine = worker->settings.engine;

	worker->resolver_settings = (struct resolver_settings){
		.limits = engine->limits,
		.name_servers = engine->name_servers,
		.name_servers_count = engine->name_servers_count,
		.local_addresses = engine->local_addresses,
		.local_addresses_count = engine->local_addresses_count,
		.udp_sockets_count = worker->settings.udp_sockets_count,
		.tcp_count = worker->settings.dns_tcp_count,
		.share = engine->threads,
		.clock = worker->settings.clock,
		.metrics = worker->settings.metrics,
		.block = worker->settings.number,
	};
	if (engine->resolver_new != NULL)
		return engine->resolver_new(engine->context, worker->base,
					    &worker->resolver_settings);
	return stub_resolver_new(worker->base, &worker->resolver_settings);
}

static struct connector *make_connector(struct worker *worker)
{
	const struct engine_settings *engine = worker->settings.engine;

	return connector_new(&(struct connector_settings){
		.base = worker->base,
		.limits = engine->limits,
		.local_addresses = engine->local_addresses,
		.local_addresses_count = engine->local_addresses_count,
		.metrics = worker->settings.metrics,
		.block = worker->settings.number,
	});
}

static bool prepare(struct worker *worker)
{
	const struct engine_settings *engine = worker->settings.engine;

	worker->base = make_base();
	if (worker->base == NULL)
		return false;
	worker->connector = make_connector(worker);
	worker->desk.base = worker->base;
	worker->desk.engine = engine;
	worker->desk.clock = worker->settings.clock;
	worker->desk.resolver = make_resolver(worker);
	worker->desk.retry_delay = timer_common(worker->base, engine->limits->retry_delay_ms);
	make_visit_desk(worker);
	worker->stop_timer = evtimer_new(worker->base, on_stop_timer, worker);
	worker->inbox_event = event_new(worker->base, queue_descriptor(worker->settings.inbox),
					EV_READ | EV_PERSIST, on_inbox, worker);
	return worker->connector != NULL && worker->desk.resolver != NULL &&
	       worker->desk.retry_delay != NULL && worker->stop_timer != NULL &&
	       worker->inbox_event != NULL && event_add(worker->inbox_event, NULL) == 0;
}

struct worker *worker_new(const struct worker_settings *settings)
{
	struct worker *worker = calloc(1, sizeof(*worker));

	if (worker == NULL)
		return NULL;
	worker->settings = *settings;
	if (!prepare(worker)) {
		worker_free(worker);
		return NULL;
	}
	return worker;
}

void worker_free(struct worker *worker)
{
	if (worker == NULL)
		return;
	cut(worker);
	slots_free(&worker->slots);
	if (worker->desk.resolver != NULL)
		worker->desk.resolver->free(worker->desk.resolver);
	connector_free(worker->connector);
	if (worker->inbox_event != NULL)
		event_free(worker->inbox_event);
	if (worker->stop_timer != NULL)
		event_free(worker->stop_timer);
	if (worker->base != NULL)
		event_base_free(worker->base);
	batch_free(&worker->inbox);
	batch_free(&worker->outbox);
	free(worker);
}
