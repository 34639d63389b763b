/*
 * The gatekeeper by its messages: the test plays two workers and the reader. Time is real here, in
 * tens of milliseconds; the limiter and the roster behind it are tested exactly on their own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <poll.h>
#include <pthread.h>

#include "workers/control.h"
#include "workers/engine.h"
#include "workers/gatekeeper.h"
#include "workers/message.h"
#include "workers/queue.h"

enum { WORKERS = 2, WAIT_MS = 5000, QUIET_MS = 60, ROOM = 10, STARTED_MAX = 100 };

struct started {
	struct roster_provider *provider;
	uint32_t worker;
	char host[64];
	char provider_name[64];
};

static struct limits limits;
static struct step_settings steps;
static struct engine_settings settings;
static struct queue *inboxes[WORKERS];
static struct control *control;
static struct metrics *metrics;
static struct gatekeeper *gatekeeper;
static pthread_t thread;
static struct started started[STARTED_MAX];
static int64_t connections_count;
static size_t started_count;
static struct leave_message granted[STARTED_MAX];
static size_t granted_count;

static bool is_known(void *context, struct span host)
{
	(void)context;
	return span_equal(host, span_text("mx.known.example"));
}

static int set_up(void **state)
{
	(void)state;
	limits = limits_defaults();
	limits.provider_connections_count = 2;
	limits.provider_rate_per_minute = 6000000;
	limits.address_rate_per_minute = 6000000;
	steps = (struct step_settings){.limits = &limits};
	settings = (struct engine_settings){
		.limits = &limits,
		.steps = &steps,
		.threads = WORKERS,
		.psl = psl_builtin(),
		.host_known = is_known,
	};
	control = control_new(ROOM, WORKERS);
	metrics = metrics_new(WORKERS + 1);
	for (unsigned i = 0; i < WORKERS; i++)
		inboxes[i] = queue_new();
	started_count = granted_count = 0;
	connections_count = STARTED_MAX;
	return 0;
}

static void *run(void *context)
{
	gatekeeper_run(context);
	return NULL;
}

/* After the test has set its limits. */
static void begin(void)
{
	gatekeeper = gatekeeper_new(&(struct gatekeeper_settings){
		.engine = &settings,
		.control = control,
		.metrics = metrics,
		.block = WORKERS,
		.clock = clock_start(),
		.connections_count = connections_count,
		.workers = inboxes,
	});
	control_watch(control, gatekeeper_inbox(gatekeeper));
	assert_int_equal(pthread_create(&thread, NULL, run, gatekeeper), 0);
}

static int tear_down(void **state)
{
	(void)state;
	control_raise(control, CONTROL_QUIT);
	pthread_join(thread, NULL);
	gatekeeper_free(gatekeeper);
	for (unsigned i = 0; i < WORKERS; i++)
		queue_free(inboxes[i]);
	control_free(control);
	metrics_free(metrics);
	return 0;
}

/* --- what workers say ------------------------------------------------------------------------- */

static void post(struct batch *batch)
{
	queue_post(gatekeeper_inbox(gatekeeper), batch);
	batch_free(batch);
}

static void want_host(const char *host)
{
	struct batch batch = {0};
	struct want_host_message *message = batch_add(&batch, sizeof(*message) + strlen(host));

	message->kind = GATEKEEPER_WANT_HOST;
	message->host_len = (uint32_t)strlen(host);
	memcpy(message->host, host, strlen(host));
	post(&batch);
}

static void want_leave(uint32_t worker, uint32_t slot, const char *address, const char *provider)
{
	struct batch batch = {0};
	struct want_leave_message *message = batch_add(&batch, sizeof(*message) + strlen(provider));

	message->kind = GATEKEEPER_WANT_LEAVE;
	message->worker = worker;
	message->reference = (struct job_reference){.slot = slot, .generation = 7, .operation = 3};
	message->address = address_from_text(span_text(address));
	message->provider_len = (uint32_t)strlen(provider);
	memcpy(message->provider, provider, strlen(provider));
	post(&batch);
}

static void tell_leave(enum gatekeeper_message kind, struct leave *leave)
{
	struct batch batch = {0};
	struct leave_event_message *message = batch_add(&batch, sizeof(*message));

	message->kind = kind;
	message->leave = leave;
	message->at_us = clock_read_us(CLOCK_REALTIME);
	post(&batch);
}

static void host_done(const struct started *host)
{
	struct batch batch = {0};
	struct host_done_message *message = batch_add(&batch, sizeof(*message));

	message->kind = GATEKEEPER_HOST_DONE;
	message->worker = host->worker;
	message->provider = host->provider;
	post(&batch);
}

static void targets(enum gatekeeper_message kind, uint64_t count)
{
	struct batch batch = {0};
	struct targets_message *message = batch_add(&batch, sizeof(*message));

	message->kind = kind;
	message->count = count;
	post(&batch);
}

/* --- what workers hear ------------------------------------------------------------------------ */

static void note_host(const struct host_message *message, uint32_t worker)
{
	struct started *host = &started[started_count++];

	assert_true(started_count < STARTED_MAX);
	host->provider = message->provider;
	host->worker = worker;
	snprintf(host->host, sizeof(host->host), "%.*s", (int)message->host_len,
		 (const char *)message->texts);
	snprintf(host->provider_name, sizeof(host->provider_name), "%.*s",
		 (int)message->provider_len, (const char *)message->texts + message->host_len);
}

static void take_inbox(uint32_t worker)
{
	struct batch batch = {0};
	const void *message;

	queue_take(inboxes[worker], &batch);
	while ((message = batch_next(&batch)) != NULL) {
		switch (*(const enum worker_message *)message) {
		case WORKER_HOST:
			note_host(message, worker);
			break;
		case WORKER_LEAVE:
			granted[granted_count++] = *(const struct leave_message *)message;
			assert_true(granted_count < STARTED_MAX);
			break;
		case WORKER_TARGET:
			fail();
		}
	}
	batch_free(&batch);
}

static bool listen_for(int wait_ms)
{
	struct pollfd watched[WORKERS];
	int ready;

	for (unsigned i = 0; i < WORKERS; i++)
		watched[i] = (struct pollfd){.fd = queue_descriptor(inboxes[i]), .events = POLLIN};
	ready = poll(watched, WORKERS, wait_ms);
	for (unsigned i = 0; i < WORKERS; i++) {
		if (watched[i].revents != 0)
			take_inbox(i);
	}
	return ready > 0;
}

static void expect(const size_t *counter, size_t count)
{
	int64_t until_us = clock_read_us(CLOCK_MONOTONIC) + WAIT_MS * US_PER_MS;

	while (*counter < count) {
		assert_true(clock_read_us(CLOCK_MONOTONIC) < until_us);
		listen_for(WAIT_MS);
	}
	assert_int_equal(*counter, count);
}

static void expect_quiet(void)
{
	size_t hosts = started_count, leaves = granted_count;

	while (listen_for(QUIET_MS))
		;
	assert_int_equal(started_count, hosts);
	assert_int_equal(granted_count, leaves);
}

/* --- hosts ------------------------------------------------------------------------------------ */

static void test_each_host_once(void **state)
{
	uint32_t by_worker[WORKERS] = {0};

	(void)state;
	begin();
	want_host("mx1.one.example");
	want_host("mx1.two.example");
	want_host("mx1.one.example");
	want_host("mx.known.example");
	want_host("MX1.One.example");
	want_host("mx1.three.example");
	want_host("mx1.four.example");
	expect(&started_count, 4);
	expect_quiet();
	for (size_t i = 0; i < 4; i++)
		by_worker[started[i].worker]++;
	assert_int_equal(by_worker[0], 2);
	assert_string_equal(started[0].host, "mx1.one.example");
	assert_string_equal(started[0].provider_name, "one.example");
	for (size_t i = 0; i < 4; i++)
		host_done(&started[i]);
	want_host("mx1.one.example");
	expect_quiet();
	assert_int_equal(metrics_value(metrics, WORKERS, METRIC(hosts_wanted)), 4);
	assert_int_equal(metrics_value(metrics, WORKERS, METRIC(hosts_begun)), 4);
}

static void test_a_provider_has_its_share(void **state)
{
	struct backlog backlog[3];
	char name[64];

	(void)state;
	begin();
	for (unsigned i = 0; i < 10; i++) {
		snprintf(name, sizeof(name), "mx%u.big.example", i);
		want_host(name);
	}
	want_host("mx.small.example");
	expect(&started_count, 5); /* two for each of its two connections, and the small one */
	expect_quiet();
	assert_int_equal(gatekeeper_backlog(gatekeeper, backlog, 3), 2);
	assert_string_equal(backlog[0].provider, "big.example");
	assert_int_equal(backlog[0].waiting, 6);
	assert_int_equal(backlog[0].in_work, 4);
	host_done(&started[0]);
	expect(&started_count, 6);
	expect_quiet();
}

/* --- leave ------------------------------------------------------------------------------------ */

static void test_leave_by_address(void **state)
{
	(void)state;
	limits.address_connections_count = 1;
	begin();
	want_leave(0, 1, "192.0.2.1", "one.example");
	want_leave(1, 2, "192.0.2.1", "");
	want_leave(1, 3, "192.0.2.2", "");
	expect(&granted_count, 2);
	assert_int_equal(granted[0].reference.generation, 7);
	assert_int_equal(granted[0].reference.operation, 3);
	expect_quiet();
	size_t first = granted[0].reference.slot == 1 ? 0 : 1;

	tell_leave(GATEKEEPER_BEGUN, granted[first].leave);
	expect_quiet();
	tell_leave(GATEKEEPER_RELEASE, granted[first].leave);
	expect(&granted_count, 3);
	assert_int_equal(granted[2].reference.slot, 2);
	/* A release without a beginning frees as well. */
	want_leave(0, 4, "192.0.2.1", "");
	expect_quiet();
	tell_leave(GATEKEEPER_RELEASE, granted[2].leave);
	expect(&granted_count, 4);
	assert_int_equal(granted[3].reference.slot, 4);
}

/* Descriptors are few: whoever it is for, the third connection waits for one of two to end. */
static void test_no_more_than_descriptors(void **state)
{
	(void)state;
	connections_count = 2;
	begin();
	want_leave(0, 1, "192.0.2.1", "one.example");
	want_leave(1, 2, "192.0.2.2", "two.example");
	expect(&granted_count, 2);
	want_leave(0, 3, "192.0.2.3", "three.example");
	want_leave(1, 4, "192.0.2.4", "");
	expect_quiet();
	tell_leave(GATEKEEPER_BEGUN, granted[0].leave);
	expect_quiet();
	tell_leave(GATEKEEPER_RELEASE, granted[0].leave);
	expect(&granted_count, 3);
	tell_leave(GATEKEEPER_RELEASE, granted[1].leave);
	expect(&granted_count, 4);
}

static void test_spacing_of_a_provider(void **state)
{
	int64_t begun_us;

	(void)state;
	limits.provider_rate_per_minute = 600; /* 100 ms */
	begin();
	want_leave(0, 1, "192.0.2.1", "one.example");
	want_leave(0, 2, "192.0.2.2", "one.example");
	expect(&granted_count, 1);
	begun_us = clock_read_us(CLOCK_MONOTONIC);
	tell_leave(GATEKEEPER_BEGUN, granted[0].leave);
	expect(&granted_count, 2);
	assert_true(clock_read_us(CLOCK_MONOTONIC) - begun_us >= 99 * US_PER_MS);
}

static void slow_down(void *context, struct span provider, struct pace *pace)
{
	(void)context;
	if (span_equal(provider, span_text("one.example")))
		pace->connections_count = 1;
}

static void test_a_pace_of_its_own(void **state)
{
	(void)state;
	settings.provider_pace = slow_down;
	begin();
	want_leave(0, 1, "192.0.2.1", "one.example");
	want_leave(0, 2, "192.0.2.2", "one.example");
	want_leave(0, 3, "192.0.2.3", "two.example");
	want_leave(0, 4, "192.0.2.4", "two.example");
	expect(&granted_count, 3);
	expect_quiet();
}

/* --- the end ---------------------------------------------------------------------------------- */

static void test_complete(void **state)
{
	(void)state;
	begin();
	assert_int_equal(control_take_room(control, 3), 3);
	want_host("mx.one.example");
	targets(GATEKEEPER_TARGETS_DONE, 2);
	targets(GATEKEEPER_INPUT_END, 3);
	expect(&started_count, 1);
	assert_false(control_wait(control, QUIET_MS));
	host_done(&started[0]);
	assert_false(control_wait(control, QUIET_MS));
	targets(GATEKEEPER_TARGETS_DONE, 1);
	assert_true(control_wait(control, WAIT_MS));
}

static void test_stop(void **state)
{
	(void)state;
	limits.address_connections_count = 1;
	limits.host_jobs_count = 1;
	begin();
	want_host("mx.one.example");
	want_host("mx.two.example");
	want_leave(0, 1, "192.0.2.1", "");
	want_leave(0, 2, "192.0.2.1", "");
	expect(&started_count, 1);
	expect(&granted_count, 1);
	control_raise(control, CONTROL_STOP);
	host_done(&started[0]);
	tell_leave(GATEKEEPER_RELEASE, granted[0].leave);
	want_host("mx.three.example");
	expect_quiet();
	assert_int_equal(control_take_room(control, 1), 0);
	control_idle(control);
	assert_false(control_wait(control, 0));
	control_idle(control);
	assert_true(control_wait(control, WAIT_MS));
}

static void wait_for_room(size_t wanted)
{
	size_t got = 0;

	for (int i = 0; i < WAIT_MS && got < wanted; i++)
		got += control_take_room(control, wanted - got);
	assert_int_equal(got, wanted);
}

/*
 * A target that waits for a policy host makes room, and takes it again; nothing is lost on the way.
 */
static void test_parking(void **state)
{
	(void)state;
	limits.address_connections_count = 1;
	begin();
	assert_int_equal(control_take_room(control, ROOM), ROOM);
	for (uint32_t i = 0; i < 4; i++)
		want_leave(0, i, "192.0.2.1", "");
	wait_for_room(3);
	want_leave(0, 4, "192.0.2.2", "one.example");
	want_leave(0, 5, "192.0.2.2", "one.example"); /* a probe is no target: it parks nothing */
	for (size_t i = 0; i < 4; i++) {
		size_t before = granted_count;

		while (granted_count == before)
			listen_for(WAIT_MS);
		for (size_t n = before; n < granted_count; n++)
			tell_leave(GATEKEEPER_RELEASE, granted[n].leave);
	}
	while (granted_count < 6) {
		size_t before = granted_count;

		listen_for(WAIT_MS);
		for (size_t n = before; n < granted_count; n++)
			tell_leave(GATEKEEPER_RELEASE, granted[n].leave);
	}
	targets(GATEKEEPER_TARGETS_DONE, ROOM + 3);
	wait_for_room(ROOM);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_each_host_once),
		TEST(test_a_provider_has_its_share),
		TEST(test_leave_by_address),
		TEST(test_no_more_than_descriptors),
		TEST(test_spacing_of_a_provider),
		TEST(test_a_pace_of_its_own),
		TEST(test_complete),
		TEST(test_stop),
		TEST(test_parking),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
