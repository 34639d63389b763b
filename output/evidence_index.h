/*
 * Evidence by key: hosts by name, certificates by SHA-256, CA certificates by subject. The index
 * holds at most 64 bytes a host or certificate; records stay on disk. Made once, then shared by
 * threads, each of which asks through a cache of its own: there the records used last are kept
 * decoded. Never judges, but keeps what the caller judged.
 */
#ifndef STSWEEP_OUTPUT_EVIDENCE_INDEX_H
#define STSWEEP_OUTPUT_EVIDENCE_INDEX_H

#include "output/evidence_reader.h"
#include "record/record.h"

struct evidence_index;

/* Reads hosts and certificates through once. NULL on an error. `files` must outlive it. */
struct evidence_index *evidence_index_new(const struct evidence_files *files,
					  struct output_error *error);
void evidence_index_free(struct evidence_index *index);
size_t evidence_index_hosts(const struct evidence_index *index);
size_t evidence_index_certificates(const struct evidence_index *index);
/*
 * Where the host of this name (ASCII case ignored) or the certificate of this SHA-256 lies; 0:
 * nowhere. Of a host found twice the later record counts: whoever walks the hosts leaves out those
 * that are not where this says.
 */
evidence_location evidence_index_find(const struct evidence_index *index,
				      enum evidence_family family, struct span key);
/* Is the record at `location` the one that the index gives for its key? */
static inline bool evidence_index_is_current(const struct evidence_index *index,
					     enum evidence_family family, struct span key,
					     evidence_location location)
{
	return evidence_index_find(index, family, key) == location;
}
/* Where the n-th distinct CA certificate (basicConstraints cA) whose subject is encoded so lies; 0:
 * no more. */
evidence_location evidence_index_find_ca(const struct evidence_index *index,
					 struct span subject_der, size_t n);
const struct evidence_files *evidence_index_files(const struct evidence_index *index);

/* More CA certificates than these, of one subject and in all, are left out: no remote can make the
 * judge try without end. */
enum { EVIDENCE_CA_PER_SUBJECT = 64, EVIDENCE_CA_COUNT = 100000 };

struct evidence_cache_settings {
	size_t hosts_count;        /* hosts kept; 0 takes 256 */
	size_t certificates_count; /* certificates kept; 0 takes 256 */
	size_t host_arena_bytes;   /* cap of one decoded and judged host; 0 takes 4 MiB */
};

struct evidence_cache;

/* `settings` may be NULL. NULL without memory. */
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
/* The n-th CA certificate whose subject is encoded so (evidence_index_find_ca); no value after the
 * last. */
struct span evidence_cache_certificate_by_subject(struct evidence_cache *cache,
						  struct span subject_der, size_t n);
/* The first error; its code is 0 when there was none. */
const struct output_error *evidence_cache_error(const struct evidence_cache *cache);

#endif
