/*
 * Owns the reader thread. Reads the list; never looks at what becomes of a target.
 */
#include "commands/feed.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "workers/engine.h"

enum { BATCH_COUNT = 64, TARGET_ARENA_BYTES = 1 << 20 };

/* A target with the memory that its spans lie in. */
struct held_target {
	struct arena arena;
	struct target target;
};

struct feed {
	struct feed_settings settings;
	pthread_t thread;
	struct held_target *held; /* the batch, or the window of the shuffle */
	size_t held_max;
	size_t held_count;
	uint64_t random;
	uint64_t targets;
	uint64_t targets_done; /* of them, what the resumed scan has */
	bool failed;
};

/* SplitMix64: the order must be the same everywhere for one seed, and needs no secrecy. */
static uint64_t next_random(uint64_t *state)
{
	uint64_t mixed = (*state += UINT64_C(0x9e3779b97f4a7c15));

	mixed = (mixed ^ (mixed >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94d049bb133111eb);
	return mixed ^ (mixed >> 31);
}

static void shuffle(struct feed *feed)
{
	for (size_t i = feed->held_count; i > 1; i--) {
		size_t other = (size_t)(next_random(&feed->random) % i);
		struct held_target swapped = feed->held[i - 1];

		feed->held[i - 1] = feed->held[other];
		feed->held[other] = swapped;
	}
}

/* False when the engine is stopping. */
static bool push_held(struct feed *feed)
{
	struct target batch[BATCH_COUNT];
	bool taken = true;

	if (feed->settings.shuffle_window > 0)
		shuffle(feed);
	for (size_t at = 0; taken && at < feed->held_count; at += BATCH_COUNT) {
		size_t left = feed->held_count - at;
		size_t count = left < BATCH_COUNT ? left : BATCH_COUNT;

		for (size_t i = 0; i < count; i++)
			batch[i] = feed->held[at + i].target;
		taken = engine_push(feed->settings.engine, batch, count) == count;
	}
	for (size_t i = 0; i < feed->held_count; i++)
		arena_reset(&feed->held[i].arena);
	feed->held_count = 0;
	return taken;
}

static struct target target_of(const struct list_target *read)
{
	return (struct target){
		.index = (int64_t)read->index,
		.rank = read->rank,
		.name = read->name,
		.input = read->input,
		.metadata = read->metadata,
		.invalid = read->fault,
	};
}

/* The list is another one: what it names is none of this scan's business. */
static void give_up(struct feed *feed)
{
	feed->failed = true;
	engine_stop(feed->settings.engine, true);
}

/* A list that lacks what the evidence holds was cut, or is another one. */
static void check_all_done_seen(struct feed *feed)
{
	const struct resume *resume = feed->settings.resume;

	if (resume == NULL || feed->failed || feed->targets_done >= resume_targets_done(resume))
		return;
	fprintf(stderr,
		"stsweep: %llu targets of the scan to resume are not in the list; it was made of "
		"another list\n",
		(unsigned long long)(resume_targets_done(resume) - feed->targets_done));
	give_up(feed);
}

/* False to end: the input is another one. */
static bool hold(struct feed *feed, const struct list_target *read)
{
	struct held_target *held = &feed->held[feed->held_count];

	feed->targets++;
	if (feed->settings.resume != NULL) {
		switch (resume_target(feed->settings.resume, (int64_t)read->index, read->input)) {
		case RESUME_NEW:
			break;
		case RESUME_DONE:
			arena_reset(&held->arena);
			feed->targets_done++;
			return true;
		case RESUME_OTHER_INPUT:
			fprintf(stderr,
				"stsweep: %s:%llu: the scan to resume has another target here; it "
				"was made of another list\n",
				read->path, (unsigned long long)read->line);
			give_up(feed);
			return false;
		}
	}
	held->target = target_of(read);
	feed->held_count++;
	return true;
}

static void read_list(struct feed *feed)
{
	struct dataset_error error;
	struct list_target read;

	for (;;) {
		switch (list_next(feed->settings.list, &feed->held[feed->held_count].arena, &read,
				  &error)) {
		case LIST_TARGET:
			if (!hold(feed, &read))
				return;
			if (feed->held_count == feed->held_max && !push_held(feed))
				return;
			break;
		case LIST_FAILED:
			/*
			 * What can be read is scanned; the exit status tells that it was not all.
			 */
			fprintf(stderr, "stsweep: %s\n", error.text);
			feed->failed = true;
			break;
		case LIST_END:
			if (push_held(feed))
				check_all_done_seen(feed);
			return;
		case LIST_STOPPED:
			return;
		}
	}
}

static void *run(void *context)
{
	struct feed *feed = context;

	if (feed->settings.resume != NULL && feed->settings.want_hosts &&
	    !resume_want_hosts(feed->settings.resume, feed->settings.engine))
		feed->failed = true;
	if (!feed->failed)
		read_list(feed);
	engine_finish_input(feed->settings.engine);
	return NULL;
}

struct feed *feed_start(const struct feed_settings *settings)
{
	struct feed *feed = calloc(1, sizeof(*feed));
	sigset_t all;
	sigset_t before;
	int fault;

	if (feed == NULL)
		return NULL;
	feed->settings = *settings;
	feed->random = (uint64_t)settings->seed;
	feed->held_max =
		settings->shuffle_window > 0 ? (size_t)settings->shuffle_window : BATCH_COUNT;
	feed->held = calloc(feed->held_max, sizeof(*feed->held));
	if (feed->held == NULL) {
		free(feed);
		return NULL;
	}
	for (size_t i = 0; i < feed->held_max; i++)
		arena_init(&feed->held[i].arena, TARGET_ARENA_BYTES);
	/* Signals belong to the main thread. */
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	fault = pthread_create(&feed->thread, NULL, run, feed);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (fault != 0) {
		free(feed->held);
		free(feed);
		return NULL;
	}
	return feed;
}

void feed_join(struct feed *feed)
{
	pthread_join(feed->thread, NULL);
}

bool feed_succeeded(const struct feed *feed)
{
	return !feed->failed;
}

uint64_t feed_targets(const struct feed *feed)
{
	return feed->targets;
}

void feed_free(struct feed *feed)
{
	if (feed == NULL)
		return;
	for (size_t i = 0; i < feed->held_max; i++)
		arena_free(&feed->held[i].arena);
	free(feed->held);
	free(feed);
}
