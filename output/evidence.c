/*
 * The evidence store: the sinks that workers write to, and the thread that writes their chunks to
 * the parts. The lock of a sink is taken by its worker for every record and by the writer once in
 * `flush_ms`, so it is nearly always free.
 */
#include "output/evidence.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sodium/randombytes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/seen.h"
#include "output/evidence_chunk.h"
#include "output/evidence_reader.h"

enum {
	RECENT_COUNT = 512, /* certificates that a sink remembers having handed over */
	DEFAULT_BUFFER_BYTES = 256 * 1024,
	DEFAULT_QUEUED_BYTES = 32 * 1024 * 1024,
	DEFAULT_PART_BYTES = 256 * 1024 * 1024,
	DEFAULT_FLUSH_MS = 1000,
	SECRET_BYTES = 16,
};

struct evidence_sink {
	struct sink sink; /* first: what the worker holds */
	struct evidence *evidence;
	struct evidence_sink *next;
	pthread_mutex_t lock;
	struct chunk *chunk; /* NULL: nothing gathered */
	uint8_t recent[RECENT_COUNT][32];
};

struct evidence {
	struct evidence_settings settings;
	char dir[PATH_MAX];
	struct part_family *families[EVIDENCE_FAMILIES_COUNT];
	atomic_uint_fast64_t counts[EVIDENCE_FAMILIES_COUNT];

	struct chunk_queue queue;
	pthread_t writer;
	bool running; /* the writer's thread has been made and not yet joined */

	pthread_mutex_t lock; /* of `sinks` and `error` */
	struct evidence_sink *sinks;
	struct output_error error;
	atomic_bool failed;

	/* The writer's own. */
	struct seen *certificates;
	uint8_t secret[SECRET_BYTES];
};

/* The first failure stops everything: sinks refuse, the writer ends, the owner is told. */
static void fail(struct evidence *evidence, const struct output_error *error)
{
	pthread_mutex_lock(&evidence->lock);
	output_error_set(&evidence->error, error->code, error->doing, error->path);
	bool is_first = !atomic_exchange(&evidence->failed, true);

	pthread_mutex_unlock(&evidence->lock);
	chunk_queue_stop(&evidence->queue);
	if (is_first && evidence->settings.failed != NULL)
		evidence->settings.failed(evidence->settings.context);
}

static void fail_of_memory(struct evidence *evidence)
{
	struct output_error error = {0};

	output_error_set(&error, ENOMEM, "hold evidence for", evidence->dir);
	fail(evidence, &error);
}

/* --- sinks ----------------------------------------------------------------------------------- */

/* The sink is locked. */
static bool hand_over(struct evidence_sink *sink, bool may_wait)
{
	struct chunk *chunk = sink->chunk;

	sink->chunk = NULL;
	return chunk == NULL || chunk_queue_put(&sink->evidence->queue, chunk, may_wait);
}

/* The sink is locked. */
static bool add_record(struct evidence_sink *sink, enum evidence_family family, const void *record)
{
	if (sink->chunk == NULL)
		sink->chunk = chunk_new();
	if (sink->chunk == NULL || !chunk_add(sink->chunk, family, record)) {
		fail_of_memory(sink->evidence);
		return false;
	}
	if (chunk_bytes(sink->chunk) < sink->evidence->settings.buffer_bytes)
		return true;
	return hand_over(sink, true);
}

static bool sink_record(struct evidence_sink *sink, enum evidence_family family, const void *record)
{
	if (evidence_has_failed(sink->evidence))
		return false;
	pthread_mutex_lock(&sink->lock);
	bool taken = add_record(sink, family, record);

	pthread_mutex_unlock(&sink->lock);
	return taken;
}

static bool sink_domain(struct sink *sink, const struct domain_record *domain)
{
	return sink_record((struct evidence_sink *)sink, EVIDENCE_DOMAINS, domain);
}

static bool sink_host(struct sink *sink, const struct host_record *host)
{
	return sink_record((struct evidence_sink *)sink, EVIDENCE_HOSTS, host);
}

/* The certificates of large providers come again with every host; most are dropped here, before
 * they are copied. The rest is the writer's business. */
static bool sink_certificate(struct sink *base, struct span sha256, struct span der)
{
	struct evidence_sink *sink = (struct evidence_sink *)base;
	struct certificate_record record;
	uint64_t slot;

	if (sha256.len != sizeof(sink->recent[0]))
		abort();
	memcpy(&slot, sha256.data, sizeof(slot));
	uint8_t *recent = sink->recent[slot % RECENT_COUNT];

	if (memcmp(recent, sha256.data, sha256.len) == 0)
		return !evidence_has_failed(sink->evidence);
	record_init(&schema_certificate_record, &record);
	record.sha256 = sha256;
	record.der = der;
	if (!sink_record(sink, EVIDENCE_CERTIFICATES, &record))
		return false;
	memcpy(recent, sha256.data, sha256.len);
	return true;
}

struct sink *evidence_sink(struct evidence *evidence)
{
	struct evidence_sink *sink = calloc(1, sizeof(*sink));

	if (sink == NULL)
		return NULL;
	if (pthread_mutex_init(&sink->lock, NULL) != 0) {
		free(sink);
		return NULL;
	}
	sink->sink = (struct sink){
		.domain = sink_domain,
		.host = sink_host,
		.certificate = sink_certificate,
	};
	sink->evidence = evidence;
	pthread_mutex_lock(&evidence->lock);
	sink->next = evidence->sinks;
	evidence->sinks = sink;
	pthread_mutex_unlock(&evidence->lock);
	return &sink->sink;
}

/* Sinks are only ever added in front, so what was read once can be walked without the lock. */
static struct evidence_sink *first_sink(struct evidence *evidence)
{
	pthread_mutex_lock(&evidence->lock);
	struct evidence_sink *sink = evidence->sinks;

	pthread_mutex_unlock(&evidence->lock);
	return sink;
}

/* --- the writer's thread --------------------------------------------------------------------- */

/* A sink that is busy is left alone: its worker may be waiting for room, which only this thread can
 * make. */
static void collect(struct evidence *evidence)
{
	for (struct evidence_sink *sink = first_sink(evidence); sink != NULL; sink = sink->next) {
		if (pthread_mutex_trylock(&sink->lock) != 0)
			continue;
		hand_over(sink, false);
		pthread_mutex_unlock(&sink->lock);
	}
}

static bool write_part(struct evidence *evidence, enum evidence_family family, struct span bytes,
		       uint64_t records)
{
	if (records == 0)
		return true;
	if (!part_write(evidence->families[family], bytes, records)) {
		fail(evidence, part_error(evidence->families[family]));
		return false;
	}
	atomic_fetch_add_explicit(&evidence->counts[family], records, memory_order_relaxed);
	return true;
}

static bool write_certificate(struct evidence *evidence, const struct chunk *chunk,
			      const struct chunk_certificate *certificate)
{
	struct span sha256 = span_of(certificate->sha256, sizeof(certificate->sha256));
	struct span frames = buffer_span(&chunk->frames[EVIDENCE_CERTIFICATES]);
	bool added;

	if (seen_add(evidence->certificates, seen_key_bytes(sha256, evidence->secret), &added) ==
	    NULL) {
		fail_of_memory(evidence);
		return false;
	}
	return !added ||
	       write_part(evidence, EVIDENCE_CERTIFICATES,
			  span_first(span_skip(frames, certificate->offset), certificate->len), 1);
}

static bool write_chunk(struct evidence *evidence, const struct chunk *chunk)
{
	for (uint64_t i = 0; i < chunk->counts[EVIDENCE_CERTIFICATES]; i++) {
		if (!write_certificate(evidence, chunk, &chunk->certificates[i]))
			return false;
	}
	return write_part(evidence, EVIDENCE_HOSTS, buffer_span(&chunk->frames[EVIDENCE_HOSTS]),
			  chunk->counts[EVIDENCE_HOSTS]) &&
	       write_part(evidence, EVIDENCE_DOMAINS, buffer_span(&chunk->frames[EVIDENCE_DOMAINS]),
			  chunk->counts[EVIDENCE_DOMAINS]);
}

static void flush_parts(struct evidence *evidence)
{
	for (int family = 0; family < EVIDENCE_FAMILIES_COUNT; family++) {
		if (!part_flush(evidence->families[family])) {
			fail(evidence, part_error(evidence->families[family]));
			return;
		}
	}
}

/* The chunks are in the files when they are said to be done. */
static void write_chunks(struct evidence *evidence, struct chunk *chunks)
{
	for (struct chunk *chunk = chunks; chunk != NULL; chunk = chunk->next) {
		if (!evidence_has_failed(evidence))
			write_chunk(evidence, chunk);
	}
	if (!evidence_has_failed(evidence))
		flush_parts(evidence);
	while (chunks != NULL) {
		struct chunk *chunk = chunks;

		chunks = chunk->next;
		chunk_queue_done(&evidence->queue, chunk_bytes(chunk));
		chunk_free(chunk);
	}
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
}

static void *writer_run(void *context)
{
	struct evidence *evidence = context;
	int64_t flush_ms = evidence->settings.flush_ms;
	int64_t next_flush_ms = now_ms() + flush_ms;
	bool closed = false;

	while (!closed) {
		int64_t wait_ms = next_flush_ms - now_ms();
		struct chunk *chunks =
			chunk_queue_take(&evidence->queue, wait_ms < 0 ? 0 : wait_ms, &closed);

		write_chunks(evidence, chunks);
		if (now_ms() >= next_flush_ms) {
			collect(evidence);
			next_flush_ms = now_ms() + flush_ms;
		}
	}
	return NULL;
}

/* Signals are the main thread's. */
static bool writer_start(struct evidence *evidence)
{
	sigset_t all, before;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	evidence->running = pthread_create(&evidence->writer, NULL, writer_run, evidence) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return evidence->running;
}

static void writer_join(struct evidence *evidence)
{
	if (!evidence->running)
		return;
	pthread_join(evidence->writer, NULL);
	evidence->running = false;
}

/* --- opening and ending ---------------------------------------------------------------------- */

static void settings_complete(struct evidence_settings *settings)
{
	if (settings->buffer_bytes == 0)
		settings->buffer_bytes = DEFAULT_BUFFER_BYTES;
	if (settings->queued_bytes == 0)
		settings->queued_bytes = DEFAULT_QUEUED_BYTES;
	if (settings->part_bytes == 0)
		settings->part_bytes = DEFAULT_PART_BYTES;
	if (settings->flush_ms == 0)
		settings->flush_ms = DEFAULT_FLUSH_MS;
}

static bool families_open(struct evidence *evidence, struct output_error *error)
{
	for (int family = 0; family < EVIDENCE_FAMILIES_COUNT; family++) {
		struct part_settings settings = {
			.dir = evidence->dir,
			.family = evidence_family_name((enum evidence_family)family),
			.ending = "msgpack",
			.most_bytes = evidence->settings.part_bytes,
		};

		evidence->families[family] = part_family_new(&settings);
		if (evidence->families[family] == NULL)
			return output_error_set(error, ENOMEM, "open", evidence->dir);
		if (part_error(evidence->families[family])->code != 0) {
			*error = *part_error(evidence->families[family]);
			return false;
		}
	}
	return true;
}

static bool evidence_prepare(struct evidence *evidence, struct output_error *error)
{
	snprintf(evidence->dir, sizeof(evidence->dir), "%s/evidence", evidence->settings.dir);
	if (mkdir(evidence->dir, 0755) != 0 && errno != EEXIST)
		return output_error_set(error, errno, "create", evidence->dir);
	randombytes_buf(evidence->secret, sizeof(evidence->secret));
	evidence->certificates = seen_new();
	if (evidence->certificates == NULL)
		return output_error_set(error, ENOMEM, "open", evidence->dir);
	return families_open(evidence, error) &&
	       (writer_start(evidence) ||
		output_error_set(error, EAGAIN, "start a thread for", evidence->dir));
}

struct evidence *evidence_open(const struct evidence_settings *settings, struct output_error *error)
{
	struct evidence *evidence = calloc(1, sizeof(*evidence));

	if (evidence == NULL) {
		output_error_set(error, ENOMEM, "open", settings->dir);
		return NULL;
	}
	evidence->settings = *settings;
	settings_complete(&evidence->settings);
	if (pthread_mutex_init(&evidence->lock, NULL) != 0 ||
	    !chunk_queue_init(&evidence->queue, evidence->settings.queued_bytes)) {
		free(evidence);
		output_error_set(error, ENOMEM, "open", settings->dir);
		return NULL;
	}
	if (evidence_prepare(evidence, error))
		return evidence;
	evidence_free(evidence);
	return NULL;
}

bool evidence_has_failed(const struct evidence *evidence)
{
	return atomic_load(&evidence->failed);
}

uint64_t evidence_count(const struct evidence *evidence, enum evidence_family family)
{
	return atomic_load_explicit(&evidence->counts[family], memory_order_relaxed);
}

bool evidence_flush(struct evidence *evidence)
{
	for (struct evidence_sink *sink = first_sink(evidence); sink != NULL; sink = sink->next) {
		pthread_mutex_lock(&sink->lock);
		hand_over(sink, true);
		pthread_mutex_unlock(&sink->lock);
	}
	return chunk_queue_wait(&evidence->queue) && !evidence_has_failed(evidence);
}

static void families_finish(struct evidence *evidence)
{
	for (int family = 0; family < EVIDENCE_FAMILIES_COUNT; family++) {
		if (!part_finish(evidence->families[family])) {
			fail(evidence, part_error(evidence->families[family]));
			return;
		}
	}
}

bool evidence_finish(struct evidence *evidence, struct output_error *error)
{
	if (evidence_flush(evidence)) {
		chunk_queue_close(&evidence->queue);
		writer_join(evidence);
		families_finish(evidence);
	}
	if (!evidence_has_failed(evidence))
		return true;
	chunk_queue_stop(&evidence->queue);
	writer_join(evidence);
	return output_error_set(error, evidence->error.code, evidence->error.doing,
				evidence->error.path);
}

struct part_list evidence_parts(const struct evidence *evidence, enum evidence_family family)
{
	return part_family_finished(evidence->families[family]);
}

static void sinks_free(struct evidence_sink *sink)
{
	while (sink != NULL) {
		struct evidence_sink *next = sink->next;

		chunk_free(sink->chunk);
		pthread_mutex_destroy(&sink->lock);
		free(sink);
		sink = next;
	}
}

void evidence_free(struct evidence *evidence)
{
	if (evidence == NULL)
		return;
	chunk_queue_stop(&evidence->queue);
	writer_join(evidence);
	sinks_free(evidence->sinks);
	for (int family = 0; family < EVIDENCE_FAMILIES_COUNT; family++)
		part_family_free(evidence->families[family]);
	seen_free(evidence->certificates);
	chunk_queue_free(&evidence->queue);
	pthread_mutex_destroy(&evidence->lock);
	free(evidence);
}
