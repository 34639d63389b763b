/* Evidence by key: hosts, certificates and CA certificates are found, the later of two hosts
 * counts, and the cache keeps what its caller judged for as long as it says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <openssl/evp.h>
#include <openssl/x509v3.h>
#include <stdio.h>

#include "output/evidence_index.h"
#include "tests/output/helper_dir.h"
#include "tests/output/helper_store.h"

enum { HOSTS = 1000, DER_MOST_BYTES = 4096, FEW = 4 };

struct opened {
	struct output_error error;
	struct evidence_files *files;
	struct evidence_index *index;
	struct evidence_cache *cache;
};

static struct opened open_all(size_t cached)
{
	const struct evidence_cache_settings settings = {.hosts_count = cached,
							 .certificates_count = cached};
	struct opened opened = {0};

	opened.files = evidence_files_open(helper_dir, &opened.error);
	assert_non_null(opened.files);
	opened.index = evidence_index_new(opened.files, &opened.error);
	assert_non_null(opened.index);
	opened.cache = evidence_cache_new(opened.index, &settings);
	assert_non_null(opened.cache);
	return opened;
}

static void close_all(struct opened *opened)
{
	assert_int_equal(evidence_cache_error(opened->cache)->code, 0);
	evidence_cache_free(opened->cache);
	evidence_index_free(opened->index);
	evidence_files_close(opened->files);
}

/* --- hosts ----------------------------------------------------------------------------------- */

static void assert_host(struct opened *opened, const char *name, int64_t duration_ms,
			bool expect_fresh)
{
	struct arena *arena;
	bool fresh;
	const struct host_record *host =
		evidence_cache_host(opened->cache, span_text(name), &arena, &fresh);

	assert_non_null(host);
	assert_int_equal(host->duration_ms, duration_ms);
	assert_int_equal(fresh, expect_fresh);
}

static void test_hosts(void **state)
{
	struct helper_store store = helper_store_open(20000);
	char name[64];
	struct arena *arena;
	bool fresh;

	(void)state;
	for (int i = 0; i < HOSTS; i++) {
		snprintf(name, sizeof(name), "mx%d.example", i);
		helper_put_host(store, name, i);
	}
	helper_store_finish(store);
	struct opened opened = open_all(FEW);

	assert_int_equal(evidence_index_hosts(opened.index), HOSTS);
	for (int i = 0; i < 3 * HOSTS; i++) {
		snprintf(name, sizeof(name), "MX%d.example", i * 7 % HOSTS);
		assert_host(&opened, name, i * 7 % HOSTS, true);
	}
	assert_null(evidence_cache_host(opened.cache, span_text("mx.example"), &arena, &fresh));
	assert_false(fresh);
	close_all(&opened);
}

/* The least recently used host makes room; what is kept is the record that the caller filled in. */
static void test_cache_keeps(void **state)
{
	static const char *const names[] = {"a", "b", "c", "d", "e"};
	struct helper_store store = helper_store_open(0);
	struct arena *arena;
	bool fresh;

	(void)state;
	for (int i = 0; i < 5; i++)
		helper_put_host(store, names[i], i);
	helper_store_finish(store);
	struct opened opened = open_all(FEW);
	struct host_record *host =
		evidence_cache_host(opened.cache, span_text("a"), &arena, &fresh);

	assert_true(fresh);
	host->result = HOST_RESULT_SUCCESS;
	host->detail = arena_printf(arena, "judged");
	for (int i = 1; i < FEW; i++)
		assert_host(&opened, names[i], i, true);
	host = evidence_cache_host(opened.cache, span_text("a"), &arena, &fresh);
	assert_false(fresh);
	assert_int_equal(host->result, HOST_RESULT_SUCCESS);
	assert_true(span_equal(host->detail, span_text("judged")));
	assert_host(&opened, "e", 4, true); /* in place of b, unused for the longest */
	assert_host(&opened, "a", 0, false);
	assert_host(&opened, "b", 1, true); /* in place of c */
	assert_host(&opened, "d", 3, false);
	assert_host(&opened, "c", 2, true);
	close_all(&opened);
}

static void test_later_host_counts(void **state)
{
	struct helper_store store = helper_store_open(0);

	(void)state;
	helper_put_host(store, "mx.example", 1);
	helper_put_host(store, "MX.example", 2);
	helper_store_finish(store);
	store = helper_store_open(0);
	helper_put_host(store, "mx.example", 3);
	helper_store_finish(store);
	struct opened opened = open_all(FEW);
	struct evidence_reader *reader = evidence_reader_new(opened.files, EVIDENCE_HOSTS);
	struct host_record host;
	struct arena arena;

	assert_int_equal(evidence_index_hosts(opened.index), 1);
	assert_host(&opened, "mx.example", 3, true);
	arena_init(&arena, 65536);
	for (int i = 1; i <= 3; i++) {
		assert_int_equal(evidence_next(reader, &arena, &host), EVIDENCE_RECORD);
		assert_int_equal(evidence_index_is_current(opened.index, EVIDENCE_HOSTS, host.host,
							   evidence_reader_location(reader)),
				 i == 3);
	}
	arena_free(&arena);
	evidence_reader_free(reader);
	close_all(&opened);
}

/* --- certificates ---------------------------------------------------------------------------- */

enum authority {
	AUTHORITY_NONE,     /* no basicConstraints */
	AUTHORITY_FALSE,    /* basicConstraints, not cA */
	AUTHORITY_TRUE,     /* cA */
	AUTHORITY_CRITICAL, /* cA, critical, with a path length */
};

static void add_constraints(X509 *certificate, enum authority authority)
{
	static const char *const values[] = {
		[AUTHORITY_FALSE] = "CA:FALSE",
		[AUTHORITY_TRUE] = "CA:TRUE",
		[AUTHORITY_CRITICAL] = "critical,CA:TRUE,pathlen:0",
	};

	if (authority == AUTHORITY_NONE)
		return;
	X509_EXTENSION *extension =
		X509V3_EXT_conf_nid(NULL, NULL, NID_basic_constraints, values[authority]);

	assert_non_null(extension);
	assert_int_equal(X509_add_ext(certificate, extension, -1), 1);
	X509_EXTENSION_free(extension);
}

/* A self-signed certificate of this subject into `der`; its subject's encoding into `subject`. */
static struct span make_certificate(const char *name, int serial, enum authority authority,
				    uint8_t der[DER_MOST_BYTES], uint8_t subject[DER_MOST_BYTES],
				    size_t *subject_len)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *certificate = X509_new();
	uint8_t *place = der;

	X509_set_version(certificate, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial);
	X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
	X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
	X509_set_pubkey(certificate, key);
	X509_NAME *subject_name = X509_get_subject_name(certificate);

	X509_NAME_add_entry_by_txt(subject_name, "CN", MBSTRING_UTF8, (const uint8_t *)name, -1, -1,
				   0);
	X509_set_issuer_name(certificate, subject_name);
	add_constraints(certificate, authority);
	assert_true(X509_sign(certificate, key, EVP_sha256()) > 0);
	assert_in_range(i2d_X509(certificate, NULL), 1, DER_MOST_BYTES);
	int len = i2d_X509(certificate, &place);

	place = subject;
	*subject_len = (size_t)i2d_X509_NAME(subject_name, &place);
	X509_free(certificate);
	EVP_PKEY_free(key);
	return span_of(der, (size_t)len);
}

static void test_certificates(void **state)
{
	static const struct {
		const char *name;
		enum authority authority;
		bool is_ca;
	} cases[] = {
		{"leaf", AUTHORITY_NONE, false},
		{"leaf with constraints", AUTHORITY_FALSE, false},
		{"ca", AUTHORITY_TRUE, true},
		{"critical", AUTHORITY_CRITICAL, true},
	};
	static uint8_t ders[ARRAY_LENGTH(cases)][DER_MOST_BYTES];
	static uint8_t subjects[ARRAY_LENGTH(cases)][DER_MOST_BYTES];
	size_t lens[ARRAY_LENGTH(cases)], subject_lens[ARRAY_LENGTH(cases)];
	struct helper_store store = helper_store_open(0);
	uint8_t sha256[32];

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct span der = make_certificate(cases[i].name, 1, cases[i].authority, ders[i],
						   subjects[i], &subject_lens[i]);

		lens[i] = der.len;
		helper_put_certificate(store, der);
	}
	helper_put_certificate(store, span_text("no certificate at all"));
	helper_store_finish(store);
	struct opened opened = open_all(1);

	assert_int_equal(evidence_index_certificates(opened.index), ARRAY_LENGTH(cases) + 1);
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct span der = span_of(ders[i], lens[i]);
		struct span subject = span_of(subjects[i], subject_lens[i]);
		struct span none = {0};

		helper_hash(der, sha256);
		assert_true(span_equal(
			evidence_cache_certificate(opened.cache, span_of(sha256, 32)), der));
		assert_true(
			span_equal(evidence_cache_certificate_by_subject(opened.cache, subject, 0),
				   cases[i].is_ca ? der : none));
		assert_true(span_is_null(
			evidence_cache_certificate_by_subject(opened.cache, subject, 1)));
	}
	memset(sha256, 0, sizeof(sha256));
	assert_true(span_is_null(evidence_cache_certificate(opened.cache, span_of(sha256, 32))));
	close_all(&opened);
}

/* Several of one subject come in the order of the evidence, each once, and no more than the bound.
 */
static void test_many_of_one_subject(void **state)
{
	static uint8_t der[DER_MOST_BYTES], subject[DER_MOST_BYTES];
	static uint8_t hashes[EVIDENCE_CA_PER_SUBJECT][32];
	struct helper_store store = helper_store_open(0);
	size_t subject_len = 0;
	uint8_t sha256[32];

	(void)state;
	for (int i = 0; i < EVIDENCE_CA_PER_SUBJECT + 3; i++) {
		struct span made = make_certificate("the same", i + 1, AUTHORITY_TRUE, der, subject,
						    &subject_len);

		if (i < EVIDENCE_CA_PER_SUBJECT)
			helper_hash(made, hashes[i]);
		helper_put_certificate(store, made);
	}
	helper_store_finish(store);
	/* A later run of the scan does not know the first, and keeps the last one again. */
	store = helper_store_open(0);
	helper_put_certificate(store, span_of(der, (size_t)(der[2] << 8 | der[3]) + 4));
	helper_store_finish(store);
	struct opened opened = open_all(FEW);

	for (size_t n = 0; n < EVIDENCE_CA_PER_SUBJECT; n++) {
		helper_hash(evidence_cache_certificate_by_subject(opened.cache,
								  span_of(subject, subject_len), n),
			    sha256);
		assert_memory_equal(sha256, hashes[n], sizeof(sha256));
	}
	assert_true(span_is_null(evidence_cache_certificate_by_subject(
		opened.cache, span_of(subject, subject_len), EVIDENCE_CA_PER_SUBJECT)));
	assert_int_equal(evidence_index_certificates(opened.index), EVIDENCE_CA_PER_SUBJECT + 3);
	close_all(&opened);
}

static void test_empty(void **state)
{
	(void)state;
	helper_store_finish(helper_store_open(0));
	struct opened opened = open_all(0);

	assert_int_equal(evidence_index_hosts(opened.index), 0);
	assert_int_equal(evidence_index_find(opened.index, EVIDENCE_HOSTS, span_text("a")), 0);
	close_all(&opened);
}

int main(void)
{
#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, helper_dir_make, helper_dir_remove)
	const struct CMUnitTest tests[] = {
		IN_FOLDER(test_hosts),
		IN_FOLDER(test_cache_keeps),
		IN_FOLDER(test_later_host_counts),
		IN_FOLDER(test_certificates),
		IN_FOLDER(test_many_of_one_subject),
		IN_FOLDER(test_empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
