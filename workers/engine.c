/*
 * See engine.h. Makes the threads and their queues; spreads targets over workers, each to the one with the fewest in work.
 */
#include "workers/engine.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

#include "workers/control.h"
#include "workers/descriptors.h"
#include "workers/gatekeeper.h"
#include "workers/message.h"
#include "workers/queue.h"
#include "workers/worker.h"

struct engine {
	const struct engine_settings *settings;
	struct metrics *metrics;
	struct descriptor_shares descriptors;
	struct control *control;
	struct gatekeeper *gatekeeper;
	struct worker **workers;
	struct queue **inboxes;     /* of the workers */
	struct batch *outboxes;     /* the reader's, one a worker */
	uint64_t *pushed;           /* the reader's, by worker */
	struct batch to_gatekeeper; /* the reader's */
	uint64_t targets_pushed;
	pthread_t gatekeeper_thread;
	pthread_t *threads;
	unsigned threads_started;
	bool gatekeeper_started;
};

/* --- making --------------------------------------------------------------------------------- */

static bool make_inboxes(struct engine *engine)
{
	for (unsigned i = 0; i < engine->settings->threads; i++) {
		engine->inboxes[i] = queue_new();
		if (engine->inboxes[i] == NULL)
			return false;
		control_watch(engine->control, engine->inboxes[i]);
	}
	return true;
}

static bool make_gatekeeper(struct engine *engine, struct clock clock)
{
	engine->gatekeeper = gatekeeper_new(&(struct gatekeeper_settings){
		.engine = engine->settings,
		.control = engine->control,
		.metrics = engine->metrics,
		.block = engine->settings->threads,
		.clock = clock,
		.connections_count = engine->descriptors.connections_count,
		.workers = engine->inboxes,
	});
	if (engine->gatekeeper == NULL)
		return false;
	control_watch(engine->control, gatekeeper_inbox(engine->gatekeeper));
	return true;
}

static bool make_workers(struct engine *engine, struct sink *const *sinks, struct clock clock)
{
	for (unsigned i = 0; i < engine->settings->threads; i++) {
		engine->workers[i] = worker_new(&(struct worker_settings){
			.engine = engine->settings,
			.number = i,
			.inbox = engine->inboxes[i],
			.gatekeeper = gatekeeper_inbox(engine->gatekeeper),
			.control = engine->control,
			.sink = sinks[i],
			.metrics = engine->metrics,
			.clock = clock,
			.udp_sockets_count = engine->descriptors.udp_sockets_count,
			.dns_tcp_count = engine->descriptors.dns_tcp_count,
		});
		if (engine->workers[i] == NULL)
			return false;
	}
	return true;
}

struct engine *engine_new(const struct engine_settings *settings, struct sink *const *sinks,
			  struct metrics *metrics)
{
	struct engine *engine;
	struct clock clock = clock_start();
	unsigned threads = settings->threads;

	if (threads == 0 || threads >= CONTROL_QUEUES_MAX)
		return NULL;
	engine = calloc(1, sizeof(*engine));
	if (engine == NULL)
		return NULL;
	engine->settings = settings;
	engine->metrics = metrics;
	engine->descriptors =
		descriptors_share(descriptors_limit(), threads, settings->name_servers_count);
	engine->control = control_new((size_t)settings->limits->domains_in_flight, threads);
	engine->workers = calloc(threads, sizeof(struct worker *));
	engine->inboxes = calloc(threads, sizeof(struct queue *));
	engine->outboxes = calloc(threads, sizeof(struct batch));
	engine->pushed = calloc(threads, sizeof(uint64_t));
	engine->threads = calloc(threads, sizeof(pthread_t));
	if (engine->control == NULL || engine->workers == NULL || engine->inboxes == NULL ||
	    engine->outboxes == NULL || engine->pushed == NULL || engine->threads == NULL ||
	    !make_inboxes(engine) || !make_gatekeeper(engine, clock) ||
	    !make_workers(engine, sinks, clock)) {
		engine_free(engine);
		return NULL;
	}
	return engine;
}

/* --- threads -------------------------------------------------------------------------------- */

static void *run_worker(void *worker)
{
	worker_run(worker);
	return NULL;
}

static void *run_gatekeeper(void *gatekeeper)
{
	gatekeeper_run(gatekeeper);
	return NULL;
}

bool engine_start(struct engine *engine)
{
	sigset_t all, before;
	bool started = true;

	/* SIGPIPE too: it comes to the thread that writes, and stays blocked there. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	engine->gatekeeper_started = pthread_create(&engine->gatekeeper_thread, NULL,
						    run_gatekeeper, engine->gatekeeper) == 0;
	while (started && engine->threads_started < engine->settings->threads) {
		unsigned i = engine->threads_started;

		started = pthread_create(&engine->threads[i], NULL, run_worker,
					 engine->workers[i]) == 0;
		engine->threads_started += started ? 1 : 0;
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return started && engine->gatekeeper_started;
}

static void join_threads(struct engine *engine)
{
	for (unsigned i = 0; i < engine->threads_started; i++)
		pthread_join(engine->threads[i], NULL);
	if (engine->gatekeeper_started)
		pthread_join(engine->gatekeeper_thread, NULL);
}

void engine_free(struct engine *engine)
{
	unsigned threads;

	if (engine == NULL)
		return;
	threads = engine->settings->threads;
	if (engine->control != NULL)
		control_raise(engine->control, CONTROL_QUIT);
	if (engine->threads != NULL)
		join_threads(engine);
	for (unsigned i = 0; engine->workers != NULL && i < threads; i++)
		worker_free(engine->workers[i]);
	gatekeeper_free(engine->gatekeeper);
	for (unsigned i = 0; engine->inboxes != NULL && i < threads; i++)
		queue_free(engine->inboxes[i]);
	for (unsigned i = 0; engine->outboxes != NULL && i < threads; i++)
		batch_free(&engine->outboxes[i]);
	batch_free(&engine->to_gatekeeper);
	control_free(engine->control);
	free(engine->workers);
	free(engine->inboxes);
	free(engine->outboxes);
	free(engine->pushed);
	free(engine->threads);
	free(engine);
}

/* --- input ---------------------------------------------------------------------------------- */

/* Targets that a worker was given and has not recorded. */
static uint64_t in_work(const struct engine *engine, unsigned worker)
{
	return engine->pushed[worker] -
	       metrics_value(engine->metrics, worker, METRIC(targets_done));
}

static unsigned idlest_worker(const struct engine *engine)
{
	unsigned idlest = 0;

	for (unsigned i = 1; i < engine->settings->threads; i++) {
		if (in_work(engine, i) < in_work(engine, idlest))
			idlest = i;
	}
	return idlest;
}

static uint32_t text_len(struct span text)
{
	return span_is_null(text) ? NO_TEXT : (uint32_t)text.len;
}

static void add_text(uint8_t **at, struct span text)
{
	if (text.len > 0)
		memcpy(*at, text.data, text.len);
	*at += text.len;
}

static void add_target(struct batch *batch, const struct target *target)
{
	size_t texts_len =
		target->name.len + target->input.len + target->metadata.len + target->reason.len;
	struct target_message *message = batch_add(batch, sizeof(*message) + texts_len);
	uint8_t *at = message->texts;

	message->kind = WORKER_TARGET;
	message->index = target->index;
	message->rank = target->rank;
	message->invalid = target->invalid;
	message->status = target->status;
	message->name_len = text_len(target->name);
	message->input_len = text_len(target->input);
	message->metadata_len = text_len(target->metadata);
	message->reason_len = text_len(target->reason);
	add_text(&at, target->name);
	add_text(&at, target->input);
	add_text(&at, target->metadata);
	add_text(&at, target->reason);
}

size_t engine_push(struct engine *engine, const struct target *targets, size_t count)
{
	size_t taken = 0;

	while (taken < count) {
		size_t room = control_take_room(engine->control, count - taken);

		if (room == 0)
			break;
		for (size_t i = 0; i < room; i++) {
			unsigned worker = idlest_worker(engine);

			add_target(&engine->outboxes[worker], &targets[taken++]);
			engine->pushed[worker]++;
		}
		for (unsigned i = 0; i < engine->settings->threads; i++)
			queue_post(engine->inboxes[i], &engine->outboxes[i]);
	}
	engine->targets_pushed += taken;
	return taken;
}

void engine_finish_input(struct engine *engine)
{
	struct targets_message *message = batch_add(&engine->to_gatekeeper, sizeof(*message));

	message->kind = GATEKEEPER_INPUT_END;
	message->count = engine->targets_pushed;
	queue_post(gatekeeper_inbox(engine->gatekeeper), &engine->to_gatekeeper);
}

void engine_want_host(struct engine *engine, struct span host)
{
	struct want_host_message *message;

	if (host.len == 0 || host.len > NAME_MAX_BYTES || span_equal(host, span_text(".")))
		return;
	message = batch_add(&engine->to_gatekeeper, sizeof(*message) + host.len);
	message->kind = GATEKEEPER_WANT_HOST;
	message->host_len = (uint32_t)host.len;
	memcpy(message->host, host.data, host.len);
	queue_post(gatekeeper_inbox(engine->gatekeeper), &engine->to_gatekeeper);
}

/* --- watching and stopping ------------------------------------------------------------------- */

void engine_stop(struct engine *engine, bool immediately)
{
	control_raise(engine->control, immediately ? CONTROL_CUT : CONTROL_STOP);
}

bool engine_wait(struct engine *engine, int64_t timeout_ms)
{
	return control_wait(engine->control, timeout_ms);
}

bool engine_failed(const struct engine *engine)
{
	return control_failed(engine->control);
}

size_t engine_backlog(struct engine *engine, struct backlog *items, size_t max)
{
	return gatekeeper_backlog(engine->gatekeeper, items, max);
}
