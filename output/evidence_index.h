/*
 * Evidence by key: hosts by name, certificates by SHA-256, CA certificates by subject. The index
 * holds at most 64 bytes a host or certificate; records are read from disk when asked for and the
 * latest are kept decoded. The index is made once and then shared by threads; each thread asks
 * through a cache of its own. Never judges, but keeps what the caller judged.
 */
#ifndef STSWEEP_OUTPUT_EVIDENCE_INDEX_H
#define STSWEEP_OUTPUT_EVIDENCE_INDEX_H

#include "output/evidence_reader.h"

struct evidence_index;

/* Reads hosts and certificates through once. NULL on an error. `files` must outlive it. */
struct evidence_index *evidence_index_new(const struct evidence_files *files,
					  struct output_error *error);
void evidence_index_free(struct evidence_index *index);
size_t evidence_index_hosts(const struct evidence_index *index);
size_t evidence_index_certificates(const struct evidence_index *index);
/* Is the record at `location` the one that the index gives for its key? A host found twice counts
 * once: the later one. */
bool evidence_index_is_current(const struct evidence_index *index, enum evidence_family family,
			       struct span key, evidence_location location);

struct evidence_cache_settings {
	size_t hosts_count;        /* decoded hosts kept; 0 takes 256 */
	size_t certificates_count; /* certificates kept; 0 takes 256 */
	size_t host_arena_bytes;   /* cap of one decoded and judged host; 0 takes 4 MiB */
};

struct evidence_cache;

/* For one thread. NULL without memory. */
struct evidence_cache *evidence_cache_new(const struct evidence_index *index,
					  const struct evidence_cache_settings *settings);
void evidence_cache_free(struct evidence_cache *cache);
/*
 * The host of this name (ASCII case ignored), or NULL: not gathered, or an error
 * (evidence_cache_error). `fresh` is true when it was read just now: what the caller then fills in,
 * with memory of `arena`, stays as long as the host is kept. Valid until the next call for a host.
 */
struct host_record *evidence_cache_host(struct evidence_cache *cache, struct span host,
					struct arena **arena, bool *fresh);
/* The DER, valid until the next call for a certificate; no value when it is not there. */
struct span evidence_cache_certificate(struct evidence_cache *cache, struct span sha256);
/*
 * The n-th distinct CA certificate (basicConstraints cA) whose subject is encoded so; no value
 * after the last. At most EVIDENCE_CA_PER_SUBJECT of one subject and EVIDENCE_CA_COUNT in all are
 * known.
 */
struct span evidence_cache_certificate_by_subject(struct evidence_cache *cache,
						  struct span subject_der, size_t n);
const struct output_error *evidence_cache_error(const struct evidence_cache *cache);

enum { EVIDENCE_CA_PER_SUBJECT = 64, EVIDENCE_CA_COUNT = 100000 };

#endif
