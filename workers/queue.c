/*
 * See queue.h. A batch is one growing block of bytes; taking exchanges the reader's empty block for the queue's full one, so
 * the lock is held for a copy at most.
 */
#include "workers/queue.h"

#include <pthread.h>
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum {
	BATCH_FIRST_BYTES = 4096,
	BATCH_KEPT_BYTES = 1048576, /* a block over this is given back when it is empty */
	MESSAGE_ALIGNMENT = alignof(max_align_t),
};

/* In front of each message, and of its alignment. */
struct header {
	alignas(MESSAGE_ALIGNMENT) size_t message_bytes; /* with its padding */
};

struct queue {
	pthread_mutex_t mutex;
	struct batch posted;
	int descriptor;
};

static void batch_reserve(struct batch *batch, size_t more)
{
	size_t size = batch->size != 0 ? batch->size : BATCH_FIRST_BYTES;

	if (batch->size - batch->len >= more)
		return;
	while (size - batch->len < more)
		size *= 2;
	uint8_t *bytes = realloc(batch->bytes, size);

	if (bytes == NULL)
		abort();
	batch->bytes = bytes;
	batch->size = size;
}

void *batch_add(struct batch *batch, size_t message_bytes)
{
	size_t padded =
		(message_bytes + MESSAGE_ALIGNMENT - 1) / MESSAGE_ALIGNMENT * MESSAGE_ALIGNMENT;
	struct header header = {.message_bytes = padded};

	batch_reserve(batch, sizeof(header) + padded);
	memcpy(batch->bytes + batch->len, &header, sizeof(header));
	void *message = batch->bytes + batch->len + sizeof(header);

	memset(message, 0, padded);
	batch->len += sizeof(header) + padded;
	return message;
}

void *batch_next(struct batch *batch)
{
	struct header header;

	if (batch->at == batch->len)
		return NULL;
	memcpy(&header, batch->bytes + batch->at, sizeof(header));
	void *message = batch->bytes + batch->at + sizeof(header);

	batch->at += sizeof(header) + header.message_bytes;
	return message;
}

bool batch_is_empty(const struct batch *batch)
{
	return batch->len == 0;
}

void batch_clear(struct batch *batch)
{
	if (batch->size > BATCH_KEPT_BYTES) {
		batch_free(batch);
		return;
	}
	batch->len = 0;
	batch->at = 0;
}

void batch_free(struct batch *batch)
{
	free(batch->bytes);
	*batch = (struct batch){0};
}

struct queue *queue_new(void)
{
	struct queue *queue = calloc(1, sizeof(*queue));

	if (queue == NULL)
		return NULL;
	queue->descriptor = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (queue->descriptor < 0 || pthread_mutex_init(&queue->mutex, NULL) != 0) {
		if (queue->descriptor >= 0)
			close(queue->descriptor);
		free(queue);
		return NULL;
	}
	return queue;
}

void queue_free(struct queue *queue)
{
	if (queue == NULL)
		return;
	close(queue->descriptor);
	pthread_mutex_destroy(&queue->mutex);
	batch_free(&queue->posted);
	free(queue);
}

int queue_descriptor(const struct queue *queue)
{
	return queue->descriptor;
}

void queue_post(struct queue *queue, struct batch *batch)
{
	if (batch_is_empty(batch))
		return;
	pthread_mutex_lock(&queue->mutex);
	bool was_empty = batch_is_empty(&queue->posted);

	if (was_empty) {
		struct batch spare = queue->posted;

		queue->posted = *batch;
		queue->posted.at = 0;
		*batch = spare;
	} else {
		batch_reserve(&queue->posted, batch->len);
		memcpy(queue->posted.bytes + queue->posted.len, batch->bytes, batch->len);
		queue->posted.len += batch->len;
	}
	pthread_mutex_unlock(&queue->mutex);
	batch_clear(batch);
	if (was_empty)
		queue_wake(queue);
}

void queue_wake(struct queue *queue)
{
	/* Fails only when the counter is full, and then the reader is awake. */
	(void)!eventfd_write(queue->descriptor, 1);
}

void queue_take(struct queue *queue, struct batch *batch)
{
	eventfd_t count;

	/* Quieted before the exchange: a post in between wakes once too often, never once too few. */
	(void)!eventfd_read(queue->descriptor, &count);
	batch_clear(batch);
	pthread_mutex_lock(&queue->mutex);
	struct batch posted = queue->posted;

	queue->posted = *batch;
	*batch = posted;
	pthread_mutex_unlock(&queue->mutex);
	batch->at = 0;
}
