/*
 * See gatekeeper.h. Hosts are told apart by a keyed digest of their name (base/seen.h), those that wait are in the roster,
 * the limits in the limiter; here is only who asked and who is answered.
 */
#include "workers/gatekeeper.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <utlist.h>

#include "base/seen.h"
#include "judge/judge.h"
#include "workers/control.h"
#include "workers/engine.h"
#include "workers/limiter.h"
#include "workers/message.h"
#include "workers/metrics.h"
#include "workers/queue.h"
#include "workers/random.h"
#include "workers/roster.h"

enum {
	SECRET_BYTES = 16,
	SECONDS_PER_MINUTE = 60,
	/* Hosts in work for each connection that the provider may have: the next one's lookups are done meanwhile. */
	HOSTS_PER_CONNECTION = 2,
	/* Targets that wait for leave to fetch a policy make room for others, up to so many. */
	PARKED_MOST_COUNT = 16384,
	BACKLOG_MOST_COUNT = 64,
	BACKLOG_WAIT_MS = 1000,
};

/* A lease and who asked for it. */
struct leave {
	struct lease lease; /* first, so that one is the other */
	uint32_t worker;
	struct job_reference reference;
	bool policy;
	bool parked;
	struct leave *previous; /* of all that are out */
	struct leave *next;
};

struct report {
	pthread_mutex_t mutex;
	pthread_cond_t filled;
	_Atomic bool wanted;
	struct backlog items[BACKLOG_MOST_COUNT];
	size_t count;
};

struct gatekeeper {
	struct gatekeeper_settings settings;
	struct queue *inbox;
	struct batch batch;
	struct batch *outboxes; /* one a worker */
	size_t *hosts_in_work;  /* one a worker */
	struct seen *hosts;
	uint8_t secret[SECRET_BYTES];
	struct roster *roster;
	struct limiter *limiter;
	struct leave *leaves;
	size_t parked;
	uint64_t targets_done;
	size_t targets_through;  /* in this pass */
	uint64_t targets_pushed; /* UINT64_MAX until the input has ended */
	bool stopped;
	bool completed;
	struct report report;
};

/* --- limits ------------------------------------------------------------------------------- */

static struct pace pace_of(int64_t per_minute, int64_t connections_count)
{
	return (struct pace){
		.spacing_us = (int64_t)SECONDS_PER_MINUTE * US_PER_S / per_minute,
		.connections_count = connections_count,
	};
}

static struct pace provider_pace(const struct gatekeeper *gatekeeper, struct span provider)
{
	const struct engine_settings *engine = gatekeeper->settings.engine;
	const struct limits *limits = engine->limits;
	struct pace pace =
		pace_of(limits->provider_rate_per_minute, limits->provider_connections_count);

	if (engine->provider_pace != NULL)
		engine->provider_pace(engine->context, provider, &pace);
	return pace;
}

static void claim_add(struct lease *lease, enum limiter_rank rank, struct seen_key key,
		      struct pace pace)
{
	lease->claims[lease->claims_count++] = (struct limiter_claim){
		.rank = rank,
		.key = key,
		.spacing_us = pace.spacing_us,
		.open_count = pace.connections_count,
	};
}

/* Every limit that concerns one connection; a new kind of limit is a line here. */
static void claims_fill(const struct gatekeeper *gatekeeper, struct lease *lease,
			struct address address, struct span provider)
{
	const struct limits *limits = gatekeeper->settings.engine->limits;
	struct span bytes = span_of(&address, sizeof(address));

	claim_add(lease, LIMITER_ADDRESS, seen_key_bytes(bytes, gatekeeper->secret),
		  pace_of(limits->address_rate_per_minute, limits->address_connections_count));
	if (provider.len > 0)
		claim_add(lease, LIMITER_PROVIDER, seen_key_text(provider, gatekeeper->secret),
			  provider_pace(gatekeeper, provider));
	claim_add(lease, LIMITER_ALL, seen_key_text(span_text(""), gatekeeper->secret),
		  (struct pace){.connections_count = gatekeeper->settings.connections_count});
}

static struct span roster_provider_of(void *context, struct span host)
{
	struct gatekeeper *gatekeeper = context;
	const struct engine_settings *engine = gatekeeper->settings.engine;

	return judge_provider_name(engine->psl, engine->providers, host);
}

static size_t roster_provider_in_work(void *context, struct span provider)
{
	struct pace pace = provider_pace(context, provider);

	return (size_t)pace.connections_count * HOSTS_PER_CONNECTION;
}

/* --- answers to workers ------------------------------------------------------------------- */

static void count(struct gatekeeper *gatekeeper, size_t metric, uint64_t amount)
{
	metrics_add(gatekeeper->settings.metrics, gatekeeper->settings.block, metric, amount);
}

static void unpark(struct gatekeeper *gatekeeper, struct leave *leave)
{
	if (!leave->parked)
		return;
	leave->parked = false;
	gatekeeper->parked--;
	control_lend_room(gatekeeper->settings.control, 1);
}

static void grant(struct gatekeeper *gatekeeper, struct leave *leave)
{
	struct leave_message *message =
		batch_add(&gatekeeper->outboxes[leave->worker], sizeof(*message));

	unpark(gatekeeper, leave);
	message->kind = WORKER_LEAVE;
	message->reference = leave->reference;
	message->leave = leave;
}

/* The worker with the fewest hosts in work. */
static unsigned idlest_worker(const struct gatekeeper *gatekeeper)
{
	unsigned idlest = 0;

	for (unsigned i = 1; i < gatekeeper->settings.engine->threads; i++) {
		if (gatekeeper->hosts_in_work[i] < gatekeeper->hosts_in_work[idlest])
			idlest = i;
	}
	return idlest;
}

static void start_host(struct gatekeeper *gatekeeper, const struct roster_turn *turn)
{
	unsigned worker = idlest_worker(gatekeeper);
	size_t host_len = turn->host.len, provider_len = turn->provider_name.len;
	struct host_message *message = batch_add(&gatekeeper->outboxes[worker],
						 sizeof(*message) + host_len + provider_len);

	message->kind = WORKER_HOST;
	message->provider = turn->provider;
	message->host_len = (uint32_t)host_len;
	message->provider_len = (uint32_t)provider_len;
	memcpy(message->texts, turn->host.data, host_len);
	memcpy(message->texts + host_len, turn->provider_name.data, provider_len);
	gatekeeper->hosts_in_work[worker]++;
	count(gatekeeper, METRIC(hosts_begun), 1);
}

/* --- messages from workers ---------------------------------------------------------------- */

static void on_want_host(struct gatekeeper *gatekeeper, const struct want_host_message *message)
{
	const struct engine_settings *engine = gatekeeper->settings.engine;
	struct span host = span_of(message->host, message->host_len);
	bool added = false;

	if (gatekeeper->stopped)
		return;
	if (seen_add(gatekeeper->hosts, seen_key_text(host, gatekeeper->secret), &added) == NULL) {
		control_fail(gatekeeper->settings.control);
		return;
	}
	if (!added)
		return;
	if (engine->host_known != NULL && engine->host_known(engine->context, host))
		return;
	roster_add(gatekeeper->roster, host);
	count(gatekeeper, METRIC(hosts_wanted), 1);
}

/* A target that has to wait for a policy host in demand holds up nobody else. */
static void park(struct gatekeeper *gatekeeper, struct leave *leave)
{
	if (!leave->policy || gatekeeper->parked >= PARKED_MOST_COUNT)
		return;
	leave->parked = true;
	gatekeeper->parked++;
	control_give_room(gatekeeper->settings.control, 1);
}

static void on_want_leave(struct gatekeeper *gatekeeper, const struct want_leave_message *message,
			  int64_t now_us)
{
	struct leave *leave = calloc(1, sizeof(*leave));

	if (leave == NULL) {
		control_fail(gatekeeper->settings.control);
		return;
	}
	leave->worker = message->worker;
	leave->reference = message->reference;
	leave->policy = message->provider_len == 0;
	claims_fill(gatekeeper, &leave->lease, message->address,
		    span_of(message->provider, message->provider_len));
	if (!limiter_ask(gatekeeper->limiter, &leave->lease, now_us)) {
		free(leave);
		control_fail(gatekeeper->settings.control);
		return;
	}
	DL_APPEND2(gatekeeper->leaves, leave, previous, next);
	if (leave->lease.held < leave->lease.claims_count)
		park(gatekeeper, leave);
}

static void on_release(struct gatekeeper *gatekeeper, struct leave *leave, int64_t now_us)
{
	unpark(gatekeeper, leave);
	limiter_release(gatekeeper->limiter, &leave->lease, now_us);
	DL_DELETE2(gatekeeper->leaves, leave, previous, next);
	free(leave);
}

static void on_host_done(struct gatekeeper *gatekeeper, const struct host_done_message *message)
{
	gatekeeper->hosts_in_work[message->worker]--;
	roster_done(gatekeeper->roster, message->provider);
}

static void on_message(struct gatekeeper *gatekeeper, const void *message, int64_t now_us)
{
	const struct leave_event_message *event = message;
	const struct targets_message *targets = message;

	switch (*(const enum gatekeeper_message *)message) {
	case GATEKEEPER_WANT_HOST:
		on_want_host(gatekeeper, message);
		break;
	case GATEKEEPER_WANT_LEAVE:
		on_want_leave(gatekeeper, message, now_us);
		break;
	case GATEKEEPER_BEGUN:
		limiter_begun(gatekeeper->limiter, &event->leave->lease, event->at_us, now_us);
		break;
	case GATEKEEPER_RELEASE:
		on_release(gatekeeper, event->leave, now_us);
		break;
	case GATEKEEPER_HOST_DONE:
		on_host_done(gatekeeper, message);
		break;
	case GATEKEEPER_TARGETS_DONE:
		gatekeeper->targets_done += targets->count;
		gatekeeper->targets_through += targets->count;
		break;
	case GATEKEEPER_INPUT_END:
		gatekeeper->targets_pushed = targets->count;
		break;
	}
}

/* --- the thread --------------------------------------------------------------------------- */

/* Hands out what may be handed out by now. */
static void serve(struct gatekeeper *gatekeeper, int64_t now_us)
{
	struct roster_turn turn;
	struct lease *lease;

	while ((lease = limiter_next(gatekeeper->limiter, now_us)) != NULL)
		grant(gatekeeper, (struct leave *)lease);
	while (roster_next(gatekeeper->roster, &turn))
		start_host(gatekeeper, &turn);
}

static void stop(struct gatekeeper *gatekeeper)
{
	if (gatekeeper->stopped)
		return;
	gatekeeper->stopped = true;
	roster_drop_waiting(gatekeeper->roster);
}

static void check_complete(struct gatekeeper *gatekeeper)
{
	if (gatekeeper->completed || gatekeeper->stopped ||
	    gatekeeper->targets_done != gatekeeper->targets_pushed ||
	    roster_waiting(gatekeeper->roster) + roster_in_work(gatekeeper->roster) > 0)
		return;
	gatekeeper->completed = true;
	control_complete(gatekeeper->settings.control);
}

static void answer_report(struct gatekeeper *gatekeeper)
{
	struct report *report = &gatekeeper->report;

	if (!atomic_load(&report->wanted))
		return;
	pthread_mutex_lock(&report->mutex);
	report->count = roster_report(gatekeeper->roster, report->items, BACKLOG_MOST_COUNT);
	atomic_store(&report->wanted, false);
	pthread_cond_broadcast(&report->filled);
	pthread_mutex_unlock(&report->mutex);
}

/* Until a message comes or a limit frees. */
static void wait(struct gatekeeper *gatekeeper)
{
	struct pollfd watched = {.fd = queue_descriptor(gatekeeper->inbox), .events = POLLIN};
	int64_t due_us = gatekeeper->stopped ? INT64_MAX : limiter_due_us(gatekeeper->limiter);
	int64_t left_us = 0;
	struct timespec timeout;

	if (due_us != INT64_MAX) {
		int64_t now_us = clock_now_us(&gatekeeper->settings.clock);

		left_us = due_us > now_us ? due_us - now_us : 0;
	}
	timeout.tv_sec = left_us / US_PER_S;
	timeout.tv_nsec = left_us % US_PER_S * NS_PER_US;
	(void)!ppoll(&watched, 1, due_us != INT64_MAX ? &timeout : NULL, NULL);
}

static void pass(struct gatekeeper *gatekeeper)
{
	int64_t now_us = clock_now_us(&gatekeeper->settings.clock);
	const void *message;

	queue_take(gatekeeper->inbox, &gatekeeper->batch);
	while ((message = batch_next(&gatekeeper->batch)) != NULL)
		on_message(gatekeeper, message, now_us);
	if (gatekeeper->targets_through > 0)
		control_give_room(gatekeeper->settings.control, gatekeeper->targets_through);
	gatekeeper->targets_through = 0;
	if (control_level(gatekeeper->settings.control) == CONTROL_RUN)
		serve(gatekeeper, now_us);
	else
		stop(gatekeeper);
	for (unsigned i = 0; i < gatekeeper->settings.engine->threads; i++)
		queue_post(gatekeeper->settings.workers[i], &gatekeeper->outboxes[i]);
	check_complete(gatekeeper);
	answer_report(gatekeeper);
}

void gatekeeper_run(struct gatekeeper *gatekeeper)
{
	while (control_level(gatekeeper->settings.control) < CONTROL_QUIT) {
		pass(gatekeeper);
		wait(gatekeeper);
	}
}

struct queue *gatekeeper_inbox(struct gatekeeper *gatekeeper)
{
	return gatekeeper->inbox;
}

size_t gatekeeper_backlog(struct gatekeeper *gatekeeper, struct backlog *items, size_t max)
{
	struct report *report = &gatekeeper->report;
	int64_t until_us = clock_read_us(CLOCK_REALTIME) + BACKLOG_WAIT_MS * US_PER_MS;
	struct timespec until = {
		.tv_sec = until_us / US_PER_S,
		.tv_nsec = until_us % US_PER_S * NS_PER_US,
	};
	size_t given = 0;

	pthread_mutex_lock(&report->mutex);
	atomic_store(&report->wanted, true);
	queue_wake(gatekeeper->inbox);
	while (atomic_load(&report->wanted) &&
	       pthread_cond_timedwait(&report->filled, &report->mutex, &until) == 0)
		;
	if (!atomic_load(&report->wanted))
		given = report->count < max ? report->count : max;
	memcpy(items, report->items, given * sizeof(*items));
	pthread_mutex_unlock(&report->mutex);
	return given;
}

struct gatekeeper *gatekeeper_new(const struct gatekeeper_settings *settings)
{
	struct gatekeeper *gatekeeper = calloc(1, sizeof(*gatekeeper));
	struct roster_settings roster = {
		.in_work_count = (size_t)settings->engine->limits->host_jobs_count,
		.secret = gatekeeper != NULL ? gatekeeper->secret : NULL,
		.context = gatekeeper,
		.provider_of = roster_provider_of,
		.provider_in_work_count = roster_provider_in_work,
	};
	struct random_pool random = {.left = 0};

	if (gatekeeper == NULL)
		return NULL;
	gatekeeper->settings = *settings;
	gatekeeper->targets_pushed = UINT64_MAX;
	random_bytes(&random, gatekeeper->secret, SECRET_BYTES);
	pthread_mutex_init(&gatekeeper->report.mutex, NULL);
	pthread_cond_init(&gatekeeper->report.filled, NULL);
	gatekeeper->inbox = queue_new();
	gatekeeper->hosts = seen_new();
	gatekeeper->roster = roster_new(&roster);
	gatekeeper->limiter = limiter_new();
	gatekeeper->outboxes = calloc(settings->engine->threads, sizeof(struct batch));
	gatekeeper->hosts_in_work = calloc(settings->engine->threads, sizeof(size_t));
	if (gatekeeper->inbox == NULL || gatekeeper->hosts == NULL || gatekeeper->roster == NULL ||
	    gatekeeper->limiter == NULL || gatekeeper->outboxes == NULL ||
	    gatekeeper->hosts_in_work == NULL) {
		gatekeeper_free(gatekeeper);
		return NULL;
	}
	return gatekeeper;
}

void gatekeeper_free(struct gatekeeper *gatekeeper)
{
	struct leave *leave, *next;

	if (gatekeeper == NULL)
		return;
	DL_FOREACH_SAFE2(gatekeeper->leaves, leave, next, next)
	free(leave);
	for (unsigned i = 0;
	     gatekeeper->outboxes != NULL && i < gatekeeper->settings.engine->threads; i++)
		batch_free(&gatekeeper->outboxes[i]);
	free(gatekeeper->outboxes);
	free(gatekeeper->hosts_in_work);
	limiter_free(gatekeeper->limiter);
	roster_free(gatekeeper->roster);
	seen_free(gatekeeper->hosts);
	queue_free(gatekeeper->inbox);
	batch_free(&gatekeeper->batch);
	pthread_cond_destroy(&gatekeeper->report.filled);
	pthread_mutex_destroy(&gatekeeper->report.mutex);
	free(gatekeeper);
}
