/*
 * Counters of a running scan. Each worker and the gatekeeper writes a block of its own, in cache lines of its own, without
 * a lock; the main thread sums the blocks when it shows progress. Sums of a moment are approximate, those after the end of
 * the scan exact. Knows nothing of how they are shown.
 */
#ifndef STSWEEP_WORKERS_METRICS_H
#define STSWEEP_WORKERS_METRICS_H

#include <stddef.h>
#include <stdint.h>

#include "record/vocabulary.h"

enum {
	METRICS_DNS_STATUSES = DNS_STATUS_NOT_ASKED + 1,
	METRICS_STAGES = STAGE_SYNTAX + 1,
	METRICS_OUTCOMES = OUTCOME_NOT_ATTEMPTED + 1,
	METRICS_POLICY_ERRORS = POLICY_ERROR_BAD_MX + 1,
};

/* Sums over all blocks. Members are uint64_t or arrays of it and nothing else: a block is an array of the same size. */
struct metrics_totals {
	uint64_t targets_taken;   /* given to a worker */
	uint64_t targets_done;    /* recorded, invalid ones too */
	uint64_t targets_invalid; /* of those done */
	uint64_t targets_dropped; /* begun, and given up because the scan was stopped */
	uint64_t targets_mx;      /* done, with an MX host or an implicit MX */
	uint64_t targets_sts;     /* done, with some TXT record at _mta-sts */
	uint64_t targets_tlsrpt;  /* done, with some TXT record at _smtp._tls */
	uint64_t targets_policy;  /* done, with a policy body fetched */
	uint64_t hosts_wanted;    /* distinct hosts, those known from an earlier run left out */
	uint64_t hosts_begun;
	uint64_t hosts_done;    /* recorded; waiting are hosts_wanted - hosts_begun */
	uint64_t hosts_dropped; /* begun, and given up because the scan was stopped */
	uint64_t hosts_tls;     /* done, with TLS on some address */
	uint64_t connections_opened;
	uint64_t connections_closed;
	uint64_t bytes_sent; /* of connections, as on the wire */
	uint64_t bytes_received;
	uint64_t certificates; /* handed to the sink, repeated ones too */
	uint64_t queries_sent; /* UDP and TCP, retries too */
	uint64_t queries_tcp;  /* of those, over TCP */
	uint64_t lookups_begun;
	uint64_t lookups[METRICS_DNS_STATUSES];                  /* finished, by outcome */
	uint64_t fetches_begun;                                  /* first connection asked for */
	uint64_t fetches[METRICS_STAGES][METRICS_POLICY_ERRORS]; /* finished; [0][0] with a body */
	uint64_t probes_begun;
	uint64_t probes[METRICS_STAGES][METRICS_OUTCOMES]; /* finished, by stage and outcome */
};

/* A counter's number is its place in struct metrics_totals. */
#define METRIC(member) (offsetof(struct metrics_totals, member) / sizeof(uint64_t))

struct metrics;

/* `blocks` is the number of workers and one more for the gatekeeper. NULL without memory. */
struct metrics *metrics_new(unsigned blocks);
void metrics_free(struct metrics *metrics);

/* Only the thread that owns the block may add to it. */
void metrics_add(struct metrics *metrics, unsigned block, size_t metric, uint64_t amount);
void metrics_lookup(struct metrics *metrics, unsigned block, enum dns_status status);
void metrics_fetch(struct metrics *metrics, unsigned block, enum stage stage,
		   enum policy_error error);
void metrics_probe(struct metrics *metrics, unsigned block, enum stage stage, enum outcome outcome);

/* Any thread. */
uint64_t metrics_value(const struct metrics *metrics, unsigned block, size_t metric);
void metrics_read(const struct metrics *metrics, struct metrics_totals *totals);

#endif
