/*
 * Any bytes as a certificate: digests always, the error queue never, and names that match are there
 * to be matched.
 */
#include <openssl/err.h>
#include <stdlib.h>

#include "facts/certificate.h"

enum { ARENA_CAP_BYTES = 4 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
	if (!holds)
		abort();
}

/* Every dNSName without a star matches itself. */
static void check_names(const struct certificate *certificate)
{
	struct span prefix = span_text("dns:");

	for (size_t i = 0; i < certificate->san.count; i++) {
		struct span entry = certificate->san.items[i], name = span_skip(entry, prefix.len);

		if (span_starts_with(entry, prefix) && name.len > 0)
			check(certificate_matches(certificate, name));
	}
	check(certificate->san.count > 0 ||
	      !certificate_matches(certificate, span_text("mx.example.com")));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct certificate certificate;
	struct arena arena;

	arena_init(&arena, ARENA_CAP_BYTES);
	if (certificate_read(&arena, span_of(data, size), &certificate) && !arena.exhausted) {
		check(certificate.spki_sha256.len == SHA256_BYTES);
		check(!span_is_null(certificate.key_type) && certificate.key_bits >= -1);
		check(!span_is_null(certificate.signature));
		check_names(&certificate);
	}
	check(certificate.sha256.len == SHA256_BYTES);
	check(ERR_peek_error() == 0);
	arena_free(&arena);
	return 0;
}
