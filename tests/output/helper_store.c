/* Evidence folders for tests. */
#include "tests/output/helper_store.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/output/helper_dir.h"

static void check(bool holds)
{
	if (!holds)
		abort();
}

struct helper_store helper_store_open(uint64_t part_bytes)
{
	/* The smallest buffers, so that parts can roll over after any record. */
	const struct evidence_settings settings = {
		.dir = helper_dir, .part_bytes = part_bytes, .buffer_bytes = 1};
	struct output_error error = {0};
	struct evidence *evidence = evidence_open(&settings, &error);

	check(evidence != NULL);
	return (struct helper_store){.evidence = evidence, .sink = evidence_sink(evidence)};
}

void helper_put_domain(struct helper_store store, int64_t index)
{
	struct domain_record domain;

	record_init(&schema_domain_record, &domain);
	domain.index = index;
	domain.input = span_text("the target as the list gave it");
	check(store.sink->domain(store.sink, &domain));
}

void helper_put_host(struct helper_store store, const char *name, int64_t duration_ms)
{
	struct host_record host;

	record_init(&schema_host_record, &host);
	host.host = span_text(name);
	host.duration_ms = duration_ms;
	check(store.sink->host(store.sink, &host));
}

void helper_hash(struct span der, uint8_t sha256[32])
{
	check(EVP_Digest(der.data, der.len, sha256, NULL, EVP_sha256(), NULL) == 1);
}

void helper_put_certificate(struct helper_store store, struct span der)
{
	uint8_t sha256[32];

	helper_hash(der, sha256);
	check(store.sink->certificate(store.sink, span_of(sha256, sizeof(sha256)), der));
}

void helper_store_finish(struct helper_store store)
{
	struct output_error error = {0};

	check(evidence_finish(store.evidence, &error));
	evidence_free(store.evidence);
}
