/*
 * A chunk is what a sink has gathered since it last handed over: frames of the three families. It
 * belongs to the sink, then to the queue, then to the writer, who frees it. The queue between them
 * is bounded in bytes: a disk slower than the scan slows the scan down, and memory stays what it
 * is. Within output/ only.
 */
#ifndef STSWEEP_OUTPUT_EVIDENCE_CHUNK_H
#define STSWEEP_OUTPUT_EVIDENCE_CHUNK_H

#include <pthread.h>

#include "output/buffer.h"
#include "output/evidence.h"

struct chunk_certificate {
	uint8_t sha256[32];
	size_t offset; /* of its frame */
	size_t len;
};

struct chunk {
	struct chunk *next;
	struct buffer frames[EVIDENCE_FAMILIES_COUNT];
	uint64_t counts[EVIDENCE_FAMILIES_COUNT];
	struct chunk_certificate *certificates; /* as many as counted */
	size_t certificates_capacity;
};

/* NULL without memory. */
struct chunk *chunk_new(void);
void chunk_free(struct chunk *chunk);
size_t chunk_bytes(const struct chunk *chunk);
/* Adds a record's evidence as a frame; false without memory, the chunk is then as before. */
bool chunk_add(struct chunk *chunk, enum evidence_family family, const void *record);

struct chunk_queue {
	pthread_mutex_t lock;
	pthread_cond_t filled;  /* something to take, or stopped, or closed */
	pthread_cond_t drained; /* room again, or all is done */
	struct chunk *first;
	struct chunk *last;
	size_t bytes;      /* put and not done */
	size_t most_bytes; /* whoever may wait does so above it */
	uint64_t pending;  /* chunks put and not done */
	bool stopped;      /* nothing is taken any more */
	bool closed;       /* nothing will be put any more */
};

bool chunk_queue_init(struct chunk_queue *queue, size_t most_bytes);
/* Frees what was never taken. */
void chunk_queue_free(struct chunk_queue *queue);
/* Hands the chunk over, waiting for room if it may; false when the queue is stopped: the chunk is
 * freed all the same. */
bool chunk_queue_put(struct chunk_queue *queue, struct chunk *chunk, bool may_wait);
/* All there is, in order, waiting up to `wait_ms` for it; NULL after that or when the queue is
 * closed and empty. */
struct chunk *chunk_queue_take(struct chunk_queue *queue, int64_t wait_ms, bool *closed);
/* A chunk that was taken is written; `bytes` of it are no longer waited for. */
void chunk_queue_done(struct chunk_queue *queue, size_t bytes);
/* Waits until all that was put is done; false when the queue is stopped. */
bool chunk_queue_wait(struct chunk_queue *queue);
void chunk_queue_stop(struct chunk_queue *queue);
void chunk_queue_close(struct chunk_queue *queue);

#endif
