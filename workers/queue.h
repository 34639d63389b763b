/*
 * Messages between threads. A sender collects messages of any size in a batch of its own and posts the batch; the queue
 * holds what was posted until its one reader takes all of it. Neither ever waits: what bounds a queue is said where it is
 * used. A post into an empty queue wakes the reader through an eventfd, which its event loop watches.
 */
#ifndef STSWEEP_WORKERS_QUEUE_H
#define STSWEEP_WORKERS_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Messages one behind the other, each aligned for any type. Starts as {0}; owned by one thread. */
struct batch {
	uint8_t *bytes;
	size_t len;
	size_t size; /* of `bytes` */
	size_t at;   /* reader's place */
};

/* Room for one message, to be filled by the caller; aborts without memory, as a lost message would hang the scan. */
void *batch_add(struct batch *batch, size_t message_bytes);
/* The next message, or NULL after the last one. Valid until the batch is changed. */
void *batch_next(struct batch *batch);
bool batch_is_empty(const struct batch *batch);
/* Forgets all messages; keeps the room, unless it is much. */
void batch_clear(struct batch *batch);
void batch_free(struct batch *batch);

struct queue;

/* NULL without memory or descriptor. */
struct queue *queue_new(void);
void queue_free(struct queue *queue);
/* To be watched for reading. */
int queue_descriptor(const struct queue *queue);
/* Any thread. Appends what is in `batch` and empties it. */
void queue_post(struct queue *queue, struct batch *batch);
/* Any thread. Wakes the reader without a message. */
void queue_wake(struct queue *queue);
/* The reader's: exchanges `batch` (cleared before) for all that was posted, and quiets the descriptor. */
void queue_take(struct queue *queue, struct batch *batch);

#endif
