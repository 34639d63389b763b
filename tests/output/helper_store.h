/* An evidence folder with a few records, for tests of its readers. */
#ifndef STSWEEP_TESTS_OUTPUT_HELPER_STORE_H
#define STSWEEP_TESTS_OUTPUT_HELPER_STORE_H

#include "output/evidence.h"

/* A store in helper_dir, with its one sink. */
struct helper_store {
	struct evidence *evidence;
	struct sink *sink;
};

/* `part_bytes` 0 for one part. */
struct helper_store helper_store_open(uint64_t part_bytes);
/* Puts a domain of this index; a host of this name with this duration; a certificate with its
 * SHA-256. */
void helper_put_domain(struct helper_store store, int64_t index);
void helper_put_host(struct helper_store store, const char *name, int64_t duration_ms);
void helper_put_certificate(struct helper_store store, struct span der);
void helper_hash(struct span der, uint8_t sha256[32]);
/* Ends the store; its parts are whole. */
void helper_store_finish(struct helper_store store);

#endif
