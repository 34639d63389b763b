/*
 * Chunks and the queue on which sinks hand them to the writer. Used by the evidence store only.
 */
#include "output/evidence_chunk.h"

#include <stdlib.h>
#include <time.h>

#include "output/encode.h"
#include "output/evidence_reader.h"
#include "output/frame.h"
#include "record/record.h"

enum {
	CERTIFICATES_LEAST_COUNT = 32,
	NS_PER_MS = 1000000,
	MS_PER_SECOND = 1000,
	NS_PER_SECOND = 1000000000,
};

/* --- chunks ---------------------------------------------------------------------------------- */

struct chunk *chunk_new(void)
{
	return calloc(1, sizeof(struct chunk));
}

void chunk_free(struct chunk *chunk)
{
	if (chunk == NULL)
		return;
	for (int family = 0; family < EVIDENCE_FAMILIES_COUNT; family++)
		buffer_free(&chunk->frames[family]);
	free(chunk->certificates);
	free(chunk);
}

size_t chunk_bytes(const struct chunk *chunk)
{
	size_t bytes = 0;

	for (int family = 0; family < EVIDENCE_FAMILIES_COUNT; family++)
		bytes += chunk->frames[family].len;
	return bytes;
}

/* Room to note one more certificate. */
static bool certificates_reserve(struct chunk *chunk)
{
	size_t capacity = chunk->certificates_capacity;

	if (chunk->counts[EVIDENCE_CERTIFICATES] < capacity)
		return true;
	capacity = capacity == 0 ? CERTIFICATES_LEAST_COUNT : capacity * 2;
	struct chunk_certificate *items = realloc(chunk->certificates, capacity * sizeof(*items));

	if (items == NULL)
		return false;
	chunk->certificates = items;
	chunk->certificates_capacity = capacity;
	return true;
}

static void note_certificate(struct chunk *chunk, const struct certificate_record *record,
			     size_t begin)
{
	struct chunk_certificate *noted =
		&chunk->certificates[chunk->counts[EVIDENCE_CERTIFICATES]];

	memcpy(noted->sha256, record->sha256.data, sizeof(noted->sha256));
	noted->offset = begin;
	noted->len = chunk->frames[EVIDENCE_CERTIFICATES].len - begin;
}

bool chunk_add(struct chunk *chunk, enum evidence_family family, const void *record)
{
	struct buffer *frames = &chunk->frames[family];

	if (family == EVIDENCE_CERTIFICATES && !certificates_reserve(chunk))
		return false;
	size_t begin = frame_begin(frames);

	encode_record(frames, evidence_schema(family), record, VIEW_EVIDENCE, OUTPUT_MSGPACK, NULL);
	frame_end(frames, begin);
	if (frames->failed) {
		buffer_cut(frames, begin);
		return false;
	}
	if (family == EVIDENCE_CERTIFICATES)
		note_certificate(chunk, record, begin);
	chunk->counts[family]++;
	return true;
}

/* --- the queue ------------------------------------------------------------------------------- */

static bool conditions_init(struct chunk_queue *queue)
{
	pthread_condattr_t attributes;

	if (pthread_condattr_init(&attributes) != 0)
		return false;
	bool done = pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) == 0 &&
		    pthread_cond_init(&queue->filled, &attributes) == 0;

	if (done && pthread_cond_init(&queue->drained, NULL) != 0) {
		pthread_cond_destroy(&queue->filled);
		done = false;
	}
	pthread_condattr_destroy(&attributes);
	return done;
}

bool chunk_queue_init(struct chunk_queue *queue, size_t most_bytes)
{
	*queue = (struct chunk_queue){.most_bytes = most_bytes};
	if (pthread_mutex_init(&queue->lock, NULL) != 0)
		return false;
	if (conditions_init(queue))
		return true;
	pthread_mutex_destroy(&queue->lock);
	return false;
}

static void free_all(struct chunk *chunk)
{
	while (chunk != NULL) {
		struct chunk *next = chunk->next;

		chunk_free(chunk);
		chunk = next;
	}
}

void chunk_queue_free(struct chunk_queue *queue)
{
	free_all(queue->first);
	pthread_cond_destroy(&queue->filled);
	pthread_cond_destroy(&queue->drained);
	pthread_mutex_destroy(&queue->lock);
}

static void append(struct chunk_queue *queue, struct chunk *chunk)
{
	chunk->next = NULL;
	if (queue->last == NULL)
		queue->first = chunk;
	else
		queue->last->next = chunk;
	queue->last = chunk;
	queue->bytes += chunk_bytes(chunk);
	queue->pending++;
}

bool chunk_queue_put(struct chunk_queue *queue, struct chunk *chunk, bool may_wait)
{
	pthread_mutex_lock(&queue->lock);
	while (may_wait && !queue->stopped && queue->bytes > queue->most_bytes)
		pthread_cond_wait(&queue->drained, &queue->lock);
	bool taken = !queue->stopped;

	if (taken) {
		append(queue, chunk);
		pthread_cond_signal(&queue->filled);
	}
	pthread_mutex_unlock(&queue->lock);
	if (!taken)
		chunk_free(chunk);
	return taken;
}

static struct timespec deadline_after(int64_t wait_ms)
{
	struct timespec deadline;

	clock_gettime(CLOCK_MONOTONIC, &deadline);
	deadline.tv_sec += wait_ms / MS_PER_SECOND;
	deadline.tv_nsec += wait_ms % MS_PER_SECOND * NS_PER_MS;
	if (deadline.tv_nsec >= NS_PER_SECOND) {
		deadline.tv_nsec -= NS_PER_SECOND;
		deadline.tv_sec++;
	}
	return deadline;
}

struct chunk *chunk_queue_take(struct chunk_queue *queue, int64_t wait_ms, bool *closed)
{
	struct timespec deadline = deadline_after(wait_ms);
	int result = 0;

	pthread_mutex_lock(&queue->lock);
	while (result == 0 && queue->first == NULL && !queue->closed && !queue->stopped)
		result = pthread_cond_timedwait(&queue->filled, &queue->lock, &deadline);
	struct chunk *all = queue->first;

	queue->first = NULL;
	queue->last = NULL;
	*closed = queue->closed || queue->stopped;
	pthread_mutex_unlock(&queue->lock);
	return all;
}

void chunk_queue_done(struct chunk_queue *queue, size_t bytes)
{
	pthread_mutex_lock(&queue->lock);
	queue->bytes -= bytes;
	queue->pending--;
	pthread_cond_broadcast(&queue->drained);
	pthread_mutex_unlock(&queue->lock);
}

bool chunk_queue_wait(struct chunk_queue *queue)
{
	pthread_mutex_lock(&queue->lock);
	while (!queue->stopped && queue->pending > 0)
		pthread_cond_wait(&queue->drained, &queue->lock);
	bool done = !queue->stopped;

	pthread_mutex_unlock(&queue->lock);
	return done;
}

void chunk_queue_stop(struct chunk_queue *queue)
{
	pthread_mutex_lock(&queue->lock);
	queue->stopped = true;
	pthread_cond_broadcast(&queue->filled);
	pthread_cond_broadcast(&queue->drained);
	pthread_mutex_unlock(&queue->lock);
}

void chunk_queue_close(struct chunk_queue *queue)
{
	pthread_mutex_lock(&queue->lock);
	queue->closed = true;
	pthread_cond_broadcast(&queue->filled);
	pthread_mutex_unlock(&queue->lock);
}
