/*
 * The evidence store: what a scan gathers, in DIR/evidence/ as domains-, hosts- and certs- parts of
 * framed msgpack (frame.h). Every worker has a sink of its own that encodes on the worker's thread;
 * one writer thread, owned here, takes the full buffers (and every `flush_ms` also those that are
 * not full) and writes them: certificates and hosts before the domains of the same hand-over, so
 * that no domain stands there without what it names. Certificates are kept once each. An error
 * stops the store: sinks refuse from then on and the owner is told. Never judges, never reads.
 */
#ifndef STSWEEP_OUTPUT_EVIDENCE_H
#define STSWEEP_OUTPUT_EVIDENCE_H

#include "output/part.h"
#include "record/sink.h"

/* The families of the store, in the order in which they are written. */
enum evidence_family { EVIDENCE_CERTIFICATES, EVIDENCE_HOSTS, EVIDENCE_DOMAINS };

enum { EVIDENCE_FAMILIES_COUNT = 3 };

struct evidence_settings {
	const char *dir;     /* of the scan; exists. Copied. */
	uint64_t part_bytes; /* 0 takes 256 MiB */
	size_t buffer_bytes; /* a sink hands over what has grown to this; 0 takes 256 KiB */
	size_t queued_bytes; /* sinks wait while more than this waits to be written; 0 takes 32 MiB
			      */
	int64_t flush_ms;    /* 0 takes one second */
	/* Called once when the store has failed, on the thread that finds out; must only wake
	   somebody.
	 * May be NULL. */
	void (*failed)(void *context);
	void *context;
};

struct evidence;

/* Makes DIR/evidence and starts the writer. NULL on an error, which is then in `error`. */
struct evidence *evidence_open(const struct evidence_settings *settings,
			       struct output_error *error);
/* A sink for one thread; it belongs to the store and lives as long. NULL without memory. */
struct sink *evidence_sink(struct evidence *evidence);
/* True once an error has stopped the store; any thread. */
bool evidence_has_failed(const struct evidence *evidence);
/* Records written so far, certificates counted once; any thread. */
uint64_t evidence_count(const struct evidence *evidence, enum evidence_family family);
/* Writes all that the sinks hold and waits until it is in the files; the sinks must be idle. False
 * on an error. */
bool evidence_flush(struct evidence *evidence);
/*
 * Ends it: flushes, makes all parts whole, stops the writer. No sink may be in use. False on an
 * error, then or earlier; parts that were not finished then stay as .part files, readable up to
 * their last whole frame.
 */
bool evidence_finish(struct evidence *evidence, struct output_error *error);
/* The finished parts of a family, after evidence_finish; they belong to the store. */
struct part_list evidence_parts(const struct evidence *evidence, enum evidence_family family);
/* Without evidence_finish before it: an unclean end, for what cannot go on. */
void evidence_free(struct evidence *evidence);

#endif
