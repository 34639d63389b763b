/*
 * Messages of any size, in order, from several threads, each once; and the descriptor that wakes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <poll.h>
#include <pthread.h>

#include "workers/queue.h"

enum { SENDERS = 4, MESSAGES = 20000, WAIT_MS = 5000 };

struct message {
	uint32_t sender;
	uint32_t number;
	uint32_t len;
	uint8_t bytes[];
};

static void add(struct batch *batch, uint32_t sender, uint32_t number)
{
	uint32_t len = number * 7 % 300;
	struct message *message = batch_add(batch, sizeof(*message) + len);

	assert_int_equal((uintptr_t)message % _Alignof(max_align_t), 0);
	message->sender = sender;
	message->number = number;
	message->len = len;
	memset(message->bytes, (int)(number & 0xff), len);
}

static void check_message(const struct message *message)
{
	assert_int_equal(message->len, message->number * 7 % 300);
	for (uint32_t i = 0; i < message->len; i++)
		assert_int_equal(message->bytes[i], message->number & 0xff);
}

static bool is_readable(const struct queue *queue, int wait_ms)
{
	struct pollfd watched = {.fd = queue_descriptor(queue), .events = POLLIN};

	return poll(&watched, 1, wait_ms) == 1;
}

static void test_one_thread(void **state)
{
	struct queue *queue = queue_new();
	struct batch out = {0}, in = {0};
	const struct message *message;
	uint32_t expected = 0;

	(void)state;
	assert_false(is_readable(queue, 0));
	queue_post(queue, &out); /* nothing */
	assert_false(is_readable(queue, 0));
	for (uint32_t i = 0; i < 3000; i++) {
		add(&out, 0, i);
		if (i % 7 == 0)
			queue_post(queue, &out);
	}
	queue_post(queue, &out);
	assert_true(batch_is_empty(&out));
	assert_true(is_readable(queue, 0));
	queue_take(queue, &in);
	assert_false(is_readable(queue, 0));
	while ((message = batch_next(&in)) != NULL) {
		assert_int_equal(message->number, expected++);
		check_message(message);
	}
	assert_int_equal(expected, 3000);
	queue_take(queue, &in);
	assert_null(batch_next(&in));
	queue_wake(queue);
	assert_true(is_readable(queue, 0));
	batch_free(&out);
	batch_free(&in);
	queue_free(queue);
}

struct sender {
	struct queue *queue;
	uint32_t number;
};

static void *send_all(void *context)
{
	const struct sender *sender = context;
	struct batch batch = {0};

	for (uint32_t i = 0; i < MESSAGES; i++) {
		add(&batch, sender->number, i);
		if (i % (sender->number + 1) == 0)
			queue_post(sender->queue, &batch);
	}
	queue_post(sender->queue, &batch);
	batch_free(&batch);
	return NULL;
}

static void test_many_threads(void **state)
{
	struct queue *queue = queue_new();
	struct sender senders[SENDERS];
	pthread_t threads[SENDERS];
	uint32_t next[SENDERS] = {0};
	struct batch batch = {0};
	const struct message *message;
	uint32_t got = 0;

	(void)state;
	for (uint32_t i = 0; i < SENDERS; i++) {
		senders[i] = (struct sender){.queue = queue, .number = i};
		assert_int_equal(pthread_create(&threads[i], NULL, send_all, &senders[i]), 0);
	}
	while (got < SENDERS * MESSAGES) {
		assert_true(is_readable(queue, WAIT_MS));
		queue_take(queue, &batch);
		while ((message = batch_next(&batch)) != NULL) {
			assert_true(message->sender < SENDERS);
			assert_int_equal(message->number, next[message->sender]++);
			check_message(message);
			got++;
		}
	}
	for (uint32_t i = 0; i < SENDERS; i++)
		pthread_join(threads[i], NULL);
	queue_take(queue, &batch);
	assert_null(batch_next(&batch));
	batch_free(&batch);
	queue_free(queue);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_thread),
		cmocka_unit_test(test_many_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
