/*
 * Evidence by key: two sets of digests with locations as values, and the CA certificates by subject
 * in chains. Made once by finish and by judge, then only asked.
 */
#include "output/evidence_index.h"

#include <errno.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <sodium/randombytes.h>
#include <stdlib.h>

#include "base/seen.h"
#include "record/record.h"

enum {
	SECRET_BYTES = 16,
	INDEX_ARENA_BYTES = 16 * 1024 * 1024, /* one record while the index is made */
	CA_LEAST_COUNT = 64,
};

/* A CA certificate, and the next one of its subject (index + 1; 0: none). */
struct ca_link {
	evidence_location location;
	uint32_t next;
};

struct evidence_index {
	const struct evidence_files *files;
	uint8_t secret[SECRET_BYTES];
	struct seen *hosts;
	struct seen *certificates;
	struct seen *subjects; /* value: index + 1 of the first link */
	struct ca_link *links;
	size_t links_count;
	size_t links_capacity;
};

/* --- CA certificates ------------------------------------------------------------------------- */

/* OID 2.5.29.19 as its extension holds it: without it a certificate is no CA's (RFC 5280 4.2.1.9),
 * and most are not parsed. */
static const uint8_t basic_constraints_oid[] = {0x06, 0x03, 0x55, 0x1d, 0x13};

static bool may_be_ca(struct span der)
{
	static const uint8_t true_value[] = {0x01, 0x01, 0xff};
	const uint8_t *oid =
		memmem(der.data, der.len, basic_constraints_oid, sizeof(basic_constraints_oid));

	if (oid == NULL)
		return false;
	/* OID, perhaps `critical`, OCTET STRING and SEQUENCE heads, then cA TRUE. */
	struct span rest = span_skip(der, (size_t)(oid - der.data) + sizeof(basic_constraints_oid));

	if (span_starts_with(rest, span_of(true_value, sizeof(true_value))))
		rest = span_skip(rest, sizeof(true_value));
	return span_starts_with(span_skip(rest, 4), span_of(true_value, sizeof(true_value)));
}

/* The subject's encoding, in the arena; no value when this is no CA certificate. */
static struct span ca_subject(struct arena *arena, struct span der)
{
	const uint8_t *place = der.data;
	struct span subject = {0};
	unsigned char *encoded = NULL;

	if (!may_be_ca(der))
		return subject;
	X509 *certificate = d2i_X509(NULL, &place, (long)der.len);

	if (certificate == NULL)
		return subject;
	if (X509_check_ca(certificate) == 1) {
		int len = i2d_X509_NAME(X509_get_subject_name(certificate), &encoded);

		if (len > 0)
			subject = arena_copy(arena, span_of(encoded, (size_t)len));
		OPENSSL_free(encoded);
	}
	X509_free(certificate);
	return subject;
}

static bool links_reserve(struct evidence_index *index)
{
	size_t capacity = index->links_capacity == 0 ? CA_LEAST_COUNT : index->links_capacity * 2;

	if (index->links_count < index->links_capacity)
		return true;
	struct ca_link *links = reallocarray(index->links, capacity, sizeof(*links));

	if (links == NULL)
		return false;
	index->links = links;
	index->links_capacity = capacity;
	return true;
}

/* Puts the certificate behind the others of its subject. */
static bool add_ca(struct evidence_index *index, struct span subject, evidence_location location)
{
	bool added;

	if (index->links_count == EVIDENCE_CA_COUNT)
		return true;
	uint64_t *first = seen_add(index->subjects, seen_key_bytes(subject, index->secret), &added);

	if (first == NULL || !links_reserve(index))
		return false;
	uint32_t last = (uint32_t)*first;
	size_t count = added ? 0 : 1;

	for (; last != 0 && index->links[last - 1].next != 0; count++)
		last = index->links[last - 1].next;
	if (count == EVIDENCE_CA_PER_SUBJECT)
		return true;
	index->links[index->links_count++] = (struct ca_link){.location = location};
	if (last == 0)
		*first = index->links_count;
	else
		index->links[last - 1].next = (uint32_t)index->links_count;
	return true;
}

/* --- making the index ------------------------------------------------------------------------ */

static bool index_certificate(struct evidence_index *index, struct arena *arena,
			      const struct certificate_record *record, evidence_location location)
{
	bool added;
	uint64_t *place = seen_add(index->certificates,
				   seen_key_bytes(record->sha256, index->secret), &added);

	if (place == NULL)
		return false;
	*place = location;
	if (!added)
		return true;
	struct span subject = ca_subject(arena, record->der);

	return span_is_null(subject) || add_ca(index, subject, location);
}

static bool index_host(struct evidence_index *index, const struct host_record *record,
		       evidence_location location)
{
	bool added;
	uint64_t *place =
		seen_add(index->hosts, seen_key_text(record->host, index->secret), &added);

	if (place == NULL)
		return false;
	*place = location;
	return true;
}

static bool index_record(struct evidence_index *index, enum evidence_family family,
			 struct arena *arena, const void *record, evidence_location location)
{
	switch (family) {
	case EVIDENCE_CERTIFICATES:
		return index_certificate(index, arena, record, location);
	case EVIDENCE_HOSTS:
		return index_host(index, record, location);
	case EVIDENCE_DOMAINS:
		break;
	}
	return true;
}

/* Room for a record of either family. */
union indexed_record {
	struct certificate_record certificate;
	struct host_record host;
};

static bool index_family(struct evidence_index *index, enum evidence_family family,
			 struct output_error *error)
{
	struct evidence_reader *reader = evidence_reader_new(index->files, family);
	enum evidence_result result = EVIDENCE_END;
	union indexed_record record;
	struct arena arena;
	bool done = reader != NULL;

	arena_init(&arena, INDEX_ARENA_BYTES);
	while (done && (result = evidence_next(reader, &arena, &record)) == EVIDENCE_RECORD) {
		done = index_record(index, family, &arena, &record,
				    evidence_reader_location(reader));
		arena_reset(&arena);
	}
	if (!done)
		output_error_set(error, ENOMEM, "index", evidence_family_name(family));
	else if (result == EVIDENCE_FAILED)
		*error = *evidence_reader_error(reader);
	arena_free(&arena);
	evidence_reader_free(reader);
	return done && result == EVIDENCE_END;
}

struct evidence_index *evidence_index_new(const struct evidence_files *files,
					  struct output_error *error)
{
	struct evidence_index *index = calloc(1, sizeof(*index));

	if (index != NULL) {
		index->files = files;
		randombytes_buf(index->secret, sizeof(index->secret));
		index->hosts = seen_new();
		index->certificates = seen_new();
		index->subjects = seen_new();
	}
	if (index == NULL || index->hosts == NULL || index->certificates == NULL ||
	    index->subjects == NULL)
		output_error_set(error, ENOMEM, "index", "evidence");
	else if (index_family(index, EVIDENCE_CERTIFICATES, error) &&
		 index_family(index, EVIDENCE_HOSTS, error))
		return index;
	evidence_index_free(index);
	return NULL;
}

void evidence_index_free(struct evidence_index *index)
{
	if (index == NULL)
		return;
	seen_free(index->hosts);
	seen_free(index->certificates);
	seen_free(index->subjects);
	free(index->links);
	free(index);
}

size_t evidence_index_hosts(const struct evidence_index *index)
{
	return seen_count(index->hosts);
}

size_t evidence_index_certificates(const struct evidence_index *index)
{
	return seen_count(index->certificates);
}

const struct evidence_files *evidence_index_files(const struct evidence_index *index)
{
	return index->files;
}

evidence_location evidence_index_find(const struct evidence_index *index,
				      enum evidence_family family, struct span key)
{
	const uint64_t *place = NULL;

	switch (family) {
	case EVIDENCE_CERTIFICATES:
		place = seen_find(index->certificates, seen_key_bytes(key, index->secret));
		break;
	case EVIDENCE_HOSTS:
		place = seen_find(index->hosts, seen_key_text(key, index->secret));
		break;
	case EVIDENCE_DOMAINS:
		break;
	}
	return place == NULL ? 0 : *place;
}

evidence_location evidence_index_find_ca(const struct evidence_index *index,
					 struct span subject_der, size_t n)
{
	const uint64_t *first =
		seen_find(index->subjects, seen_key_bytes(subject_der, index->secret));
	uint64_t link = first == NULL ? 0 : *first;

	for (; link != 0 && n > 0; n--)
		link = index->links[link - 1].next;
	return link == 0 ? 0 : index->links[link - 1].location;
}
