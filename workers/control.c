/*
 * See control.h. The level is an atomic that anybody may read at any time; the rest is under one mutex.
 */
#include "workers/control.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "workers/clock.h"
#include "workers/queue.h"

struct control {
	_Atomic int level;
	_Atomic bool failed;
	pthread_mutex_t mutex;
	pthread_cond_t room;
	pthread_cond_t end;
	size_t in_flight;
	size_t in_flight_most;
	unsigned workers;
	unsigned idle;
	bool complete;
	struct queue *queues[CONTROL_QUEUES_MAX];
	size_t queues_count;
};

struct control *control_new(size_t in_flight_count, unsigned workers)
{
	struct control *control = calloc(1, sizeof(*control));
	pthread_condattr_t monotonic;

	if (control == NULL)
		return NULL;
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_mutex_init(&control->mutex, NULL);
	pthread_cond_init(&control->room, NULL);
	pthread_cond_init(&control->end, &monotonic);
	pthread_condattr_destroy(&monotonic);
	atomic_init(&control->level, CONTROL_RUN);
	atomic_init(&control->failed, false);
	control->in_flight_most = in_flight_count;
	control->workers = workers;
	return control;
}

void control_free(struct control *control)
{
	if (control == NULL)
		return;
	pthread_cond_destroy(&control->room);
	pthread_cond_destroy(&control->end);
	pthread_mutex_destroy(&control->mutex);
	free(control);
}

void control_watch(struct control *control, struct queue *queue)
{
	if (control->queues_count == CONTROL_QUEUES_MAX)
		abort();
	control->queues[control->queues_count++] = queue;
}

enum control_level control_level(const struct control *control)
{
	return (enum control_level)atomic_load(&control->level);
}

void control_raise(struct control *control, enum control_level level)
{
	pthread_mutex_lock(&control->mutex);
	if ((int)level > atomic_load(&control->level))
		atomic_store(&control->level, (int)level);
	pthread_cond_broadcast(&control->room);
	pthread_cond_broadcast(&control->end);
	pthread_mutex_unlock(&control->mutex);
	for (size_t i = 0; i < control->queues_count; i++)
		queue_wake(control->queues[i]);
}

void control_fail(struct control *control)
{
	atomic_store(&control->failed, true);
	control_raise(control, CONTROL_STOP);
}

bool control_failed(const struct control *control)
{
	return atomic_load(&control->failed);
}

size_t control_take_room(struct control *control, size_t wanted)
{
	size_t taken = 0;

	pthread_mutex_lock(&control->mutex);
	while (control_level(control) == CONTROL_RUN &&
	       control->in_flight >= control->in_flight_most)
		pthread_cond_wait(&control->room, &control->mutex);
	if (control_level(control) == CONTROL_RUN) {
		size_t room = control->in_flight_most - control->in_flight;

		taken = wanted < room ? wanted : room;
		control->in_flight += taken;
	}
	pthread_mutex_unlock(&control->mutex);
	return taken;
}

void control_give_room(struct control *control, size_t count)
{
	pthread_mutex_lock(&control->mutex);
	control->in_flight -= count;
	pthread_cond_signal(&control->room);
	pthread_mutex_unlock(&control->mutex);
}

void control_lend_room(struct control *control, size_t count)
{
	pthread_mutex_lock(&control->mutex);
	control->in_flight += count;
	pthread_mutex_unlock(&control->mutex);
}

void control_complete(struct control *control)
{
	pthread_mutex_lock(&control->mutex);
	control->complete = true;
	pthread_cond_broadcast(&control->end);
	pthread_mutex_unlock(&control->mutex);
}

void control_idle(struct control *control)
{
	pthread_mutex_lock(&control->mutex);
	control->idle++;
	pthread_cond_broadcast(&control->end);
	pthread_mutex_unlock(&control->mutex);
}

bool control_wait(struct control *control, int64_t timeout_ms)
{
	int64_t until_us = clock_read_us(CLOCK_MONOTONIC) + timeout_ms * US_PER_MS;
	struct timespec until = {
		.tv_sec = until_us / US_PER_S,
		.tv_nsec = until_us % US_PER_S * NS_PER_US,
	};
	int result = 0;

	pthread_mutex_lock(&control->mutex);
	while (!control->complete && control->idle < control->workers && result != ETIMEDOUT)
		result = pthread_cond_timedwait(&control->end, &control->mutex, &until);
	bool done = control->complete || control->idle == control->workers;

	pthread_mutex_unlock(&control->mutex);
	return done;
}
