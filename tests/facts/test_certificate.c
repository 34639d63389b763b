/*
 * Certificates made here and real ones: every value, odd names byte for byte, names matched as
 * OpenSSL matches them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <glob.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "facts/certificate.h"
#include "tests/corpus.h"

enum { DER_MOST_BYTES = 65536 };

static struct arena arena;

static int set_up(void **state)
{
	(void)state;
	arena_init(&arena, 4 << 20);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	arena_free(&arena);
	return 0;
}

static void assert_span(struct span span, const char *text)
{
	if (!span_equal(span, span_text(text)))
		fail_msg("\"%.*s\" instead of \"%s\"", (int)span.len, (const char *)span.data,
			 text);
}

/* --- certificates made for the test --- */

static void push_name(GENERAL_NAMES *names, int type, const char *bytes, int len)
{
	GENERAL_NAME *name = GENERAL_NAME_new();
	ASN1_STRING *string = type == GEN_IPADD ? ASN1_OCTET_STRING_new() : ASN1_IA5STRING_new();

	ASN1_STRING_set(string, bytes, len);
	GENERAL_NAME_set0_value(name, type, string);
	sk_GENERAL_NAME_push(names, name);
}

static void push_object(GENERAL_NAMES *names, int type, const char *oid)
{
	GENERAL_NAME *name = GENERAL_NAME_new();
	ASN1_OBJECT *object = OBJ_txt2obj(oid, 1);
	ASN1_TYPE *value = ASN1_TYPE_new();

	if (type == GEN_RID) {
		GENERAL_NAME_set0_value(name, GEN_RID, object);
		ASN1_TYPE_free(value);
	} else {
		ASN1_TYPE_set1(value, V_ASN1_NULL, NULL);
		GENERAL_NAME_set0_othername(name, object, value);
	}
	sk_GENERAL_NAME_push(names, name);
}

static void push_directory(GENERAL_NAMES *names)
{
	GENERAL_NAME *name = GENERAL_NAME_new();
	X509_NAME *directory = X509_NAME_new();

	X509_NAME_add_entry_by_txt(directory, "O", MBSTRING_UTF8, (const unsigned char *)"Org, Inc",
				   -1, -1, 0);
	GENERAL_NAME_set0_value(name, GEN_DIRNAME, directory);
	sk_GENERAL_NAME_push(names, name);
}

/* Signed by its own key; gives it back with the certificate's DER in `der`. */
static X509 *make(EVP_PKEY *key, GENERAL_NAMES *names, struct span *der)
{
	X509 *x509 = X509_new();
	X509_NAME *name = X509_get_subject_name(x509);
	unsigned char *bytes = NULL;

	X509_set_version(x509, X509_VERSION_3);
	X509_NAME_add_entry_by_txt(name, "C", MBSTRING_ASC, (const unsigned char *)"DE", -1, -1, 0);
	X509_NAME_add_entry_by_txt(name, "O", MBSTRING_UTF8,
				   (const unsigned char *)"B\xc3\xbc"
							  "cher, \"GmbH\"",
				   -1, -1, 0);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)"cn.example",
				   -1, -1, 0);
	X509_set_issuer_name(x509, name);
	ASN1_TIME_set_string_X509(X509_getm_notBefore(x509), "20260101000000Z");
	ASN1_TIME_set_string_X509(X509_getm_notAfter(x509), "20991231235959Z");
	X509_set_pubkey(x509, key);
	if (names != NULL)
		X509_add1_ext_i2d(x509, NID_subject_alt_name, names, 0, 0);
	X509_sign(x509, key, EVP_PKEY_get_base_id(key) == EVP_PKEY_ED25519 ? NULL : EVP_sha256());
	int len = i2d_X509(x509, &bytes);

	*der = arena_copy(&arena, span_of(bytes, (size_t)len));
	OPENSSL_free(bytes);
	return x509;
}

static void test_every_value(void **state)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	GENERAL_NAMES *names = GENERAL_NAMES_new();
	struct certificate certificate;
	struct span der;

	(void)state;
	push_name(names, GEN_DNS, "MX.example", 10);
	push_name(names, GEN_DNS, "good.example\0.evil.example", 26);
	push_name(names, GEN_DNS, "", 0);
	push_name(names, GEN_DNS, "b\xfc.example", 10);
	push_name(names, GEN_IPADD, "\xc0\0\2\1", 4);
	push_name(names, GEN_IPADD, "\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\1", 16);
	push_name(names, GEN_IPADD, "\xc0\0\2", 3);
	push_name(names, GEN_EMAIL, "a@b.example", 11);
	push_name(names, GEN_URI, "https://x/", 10);
	push_object(names, GEN_OTHERNAME, "1.3.6.1.5.5.7.8.9");
	push_object(names, GEN_RID, "1.2.3.4");
	push_directory(names);
	X509 *x509 = make(key, names, &der);

	assert_true(certificate_read(&arena, der, &certificate));
	assert_ptr_equal(certificate.der.data, der.data);
	assert_span(certificate.subject, "CN=cn.example,O=B\xc3\xbc"
					 "cher\\, \\\"GmbH\\\",C=DE");
	assert_true(span_equal(certificate.issuer, certificate.subject));
	assert_true(certificate.not_before_ms == 1767225600000);
	assert_true(certificate.not_after_ms == 4102444799000);
	assert_span(certificate.key_type, "ec-P-256");
	assert_int_equal(certificate.key_bits, 256);
	assert_span(certificate.signature, "ecdsa-with-SHA256");
	assert_int_equal(certificate.san.count, 12);
	assert_span(certificate.san.items[0], "dns:MX.example");
	assert_true(span_equal(certificate.san.items[1],
			       span_of("dns:good.example\0.evil.example", 30)));
	assert_span(certificate.san.items[2], "dns:");
	assert_span(certificate.san.items[3], "dns:b\xfc.example");
	assert_span(certificate.san.items[4], "ip:192.0.2.1");
	assert_span(certificate.san.items[5], "ip:2001:db8::1");
	assert_span(certificate.san.items[6], "ip:malformed");
	assert_span(certificate.san.items[7], "email:a@b.example");
	assert_span(certificate.san.items[8], "uri:https://x/");
	assert_span(certificate.san.items[9], "other:1.3.6.1.5.5.7.8.9");
	assert_span(certificate.san.items[10], "rid:1.2.3.4");
	assert_span(certificate.san.items[11], "dirname:O=Org\\, Inc");
	/* What a NUL hides, and the Common Name, match nothing (RFC 8461 3.3). */
	assert_true(certificate_matches(&certificate, span_text("mx.EXAMPLE")));
	assert_false(certificate_matches(&certificate, span_text("good.example")));
	assert_false(certificate_matches(&certificate, span_text("cn.example")));
	assert_false(certificate_matches(&certificate, span_text("192.0.2.1")));
	assert_false(certificate_matches(&certificate, span_text("a@b.example")));
	assert_false(certificate_matches(&certificate, span_text("")));
	assert_false(certificate_matches(&certificate, (struct span){0}));
	X509_free(x509);
	GENERAL_NAMES_free(names);
	EVP_PKEY_free(key);
}

static void test_digests(void **state)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	unsigned char whole[EVP_MAX_MD_SIZE], spki[EVP_MAX_MD_SIZE], *bytes = NULL;
	struct certificate certificate;
	struct span der;
	unsigned len = 0;
	X509 *x509 = make(key, NULL, &der);

	(void)state;
	assert_true(certificate_read(&arena, der, &certificate));
	X509_digest(x509, EVP_sha256(), whole, &len);
	assert_true(span_equal(certificate.sha256, span_of(whole, SHA256_BYTES)));
	/* The key by itself, encoded afresh: what TLSA selector 1 is about (RFC 6698 2.1.2). */
	int size = i2d_PUBKEY(key, &bytes);

	EVP_Digest(bytes, (size_t)size, spki, &len, EVP_sha256(), NULL);
	assert_true(span_equal(certificate.spki_sha256, span_of(spki, SHA256_BYTES)));
	assert_int_equal(certificate.san.count, 0);
	OPENSSL_free(bytes);
	X509_free(x509);
	EVP_PKEY_free(key);
}

static void check_key(EVP_PKEY *key, const char *type, int bits, const char *signature)
{
	struct certificate certificate;
	struct span der;
	X509 *x509 = make(key, NULL, &der);

	assert_true(certificate_read(&arena, der, &certificate));
	assert_span(certificate.key_type, type);
	assert_int_equal(certificate.key_bits, bits);
	assert_span(certificate.signature, signature);
	X509_free(x509);
	EVP_PKEY_free(key);
}

static void test_keys(void **state)
{
	(void)state;
	check_key(EVP_RSA_gen(1024), "rsa", 1024, "sha256WithRSAEncryption");
	check_key(EVP_EC_gen("P-384"), "ec-P-384", 384, "ecdsa-with-SHA256");
	check_key(EVP_EC_gen("secp256k1"), "ec-secp256k1", 256, "ecdsa-with-SHA256");
	check_key(EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"), "ed25519", 256, "ED25519");
}

/*
 * The curve's identifier made one that nobody knows: the algorithm and the digest are still there.
 */
static void test_a_key_that_cannot_be_read(void **state)
{
	static const uint8_t curve[] = {0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};
	EVP_PKEY *key = EVP_EC_gen("P-256");
	struct certificate certificate;
	struct span der;
	X509 *x509 = make(key, NULL, &der);
	uint8_t *changed = memmem(der.data, der.len, curve, sizeof(curve));

	(void)state;
	assert_non_null(changed);
	changed[7] = 0x70;
	assert_true(certificate_read(&arena, der, &certificate));
	assert_span(certificate.key_type, "id-ecPublicKey");
	assert_int_equal(certificate.key_bits, -1);
	assert_int_equal(certificate.spki_sha256.len, SHA256_BYTES);
	assert_span(certificate.signature, "ecdsa-with-SHA256");
	assert_true(ERR_peek_error() == 0);
	X509_free(x509);
	EVP_PKEY_free(key);
}

static void test_what_is_no_certificate(void **state)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	struct certificate certificate;
	struct span der;
	X509 *x509 = make(key, NULL, &der);
	uint8_t *longer = malloc(der.len + 1);

	(void)state;
	memcpy(longer, der.data, der.len);
	longer[der.len] = 0;
	assert_false(certificate_read(&arena, span_of(longer, der.len + 1), &certificate));
	assert_int_equal(certificate.sha256.len, SHA256_BYTES);
	for (size_t len = 0; len < der.len; len += 7)
		assert_false(certificate_read(&arena, span_of(longer, len), &certificate));
	assert_false(certificate_read(&arena, span_text("not a certificate"), &certificate));
	assert_false(certificate_read(&arena, (struct span){0}, &certificate));
	assert_int_equal(certificate.not_after_ms, -1);
	/* The queue is the connections'. */
	assert_true(ERR_peek_error() == 0);
	free(longer);
	X509_free(x509);
	EVP_PKEY_free(key);
}

static void test_no_memory(void **state)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	struct certificate certificate;
	struct span der;
	X509 *x509 = make(key, NULL, &der);
	bool whole = false;

	(void)state;
	for (size_t cap = 0; cap < 4096; cap += 64) {
		struct arena small;

		arena_init(&small, cap);
		assert_true(certificate_read(&small, der, &certificate));
		whole = !small.exhausted;
		arena_free(&small);
	}
	assert_true(whole);
	X509_free(x509);
	EVP_PKEY_free(key);
}

/* --- names --- */

static void test_matching(void **state)
{
	static const struct {
		const char *san;
		const char *name;
		bool matches;
	} cases[] = {
		{"dns:mx.example.com", "mx.example.com", true},
		{"dns:MX.Example.com", "mx.example.COM", true},
		{"dns:mx.example.com", "mx2.example.com", false},
		{"dns:example.com", "mx.example.com", false},
		{"dns:*.example.com", "mx.example.com", true},
		{"dns:*.EXAMPLE.com", "mx.example.com", true},
		{"dns:*.example.com", "example.com", false},
		{"dns:*.example.com", ".example.com", false},
		{"dns:*.example.com", "a.mx.example.com", false},
		{"dns:*.example.com", "a\\.mx.example.com", true},
		{"dns:*.example.com", "mx.badexample.com", false},
		{"dns:m*.example.com", "mx.example.com", false},
		{"dns:*x.example.com", "mx.example.com", false},
		{"dns:mx.*.com", "mx.example.com", false},
		{"dns:*.*.com", "mx.example.com", false},
		{"dns:*", "com", false},
		{"dns:*.", "com", false},
		{"dns:*.", "com.", false},
		{"dns:**.example.com", "mx.example.com", false},
		{"dns:*.com", "example.com", true},
		{"dns:mx.example.com.", "mx.example.com", false},
		{"dns:xn--bcher-kva.example", "xn--bcher-kva.example", true},
		{"dns:*.example", "xn--bcher-kva.example", true},
		{"dns:", "", false},
		{"ip:mx.example.com", "mx.example.com", false},
		{"uri:mx.example.com", "mx.example.com", false},
		{"email:mx.example.com", "mx.example.com", false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct span items[] = {span_text("other:1.2.3"), span_text(cases[i].san)};
		struct certificate certificate = {.san = {items, ARRAY_LENGTH(items)}};

		if (certificate_matches(&certificate, span_text(cases[i].name)) != cases[i].matches)
			fail_msg("%s, %s", cases[i].san, cases[i].name);
	}
}

/* --- real chains, with OpenSSL as the oracle --- */

static size_t compare_names(X509 *x509, const struct certificate *certificate)
{
	static const char *const names[] = {
		"mx.foobar.example",  "name.mismatch.example", "internet.nl",
		"mail.ietf.org",      "www.ietf.org",          "a.foobar.example",
		"a.b.foobar.example", "foobar.example",        "mx.example.org",
		"ietf.org",           "server1.example.com",   "leaf.example",
		"mx.maddy.test",      "cnonly.foobar.example",
	};
	const unsigned flags =
		X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT;
	size_t matched = 0;

	for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
		bool theirs = X509_check_host(x509, names[i], 0, flags, NULL) == 1;

		if (certificate_matches(certificate, span_text(names[i])) != theirs)
			fail_msg("%s", names[i]);
		matched += theirs ? 1 : 0;
	}
	return matched;
}

static size_t check_file(const char *path)
{
	static uint8_t bytes[DER_MOST_BYTES];
	FILE *file = fopen(path, "rb");
	struct certificate certificate;

	assert_non_null(file);
	struct span der = span_of(bytes, fread(bytes, 1, sizeof(bytes), file));
	const unsigned char *at = der.data;
	X509 *x509 = d2i_X509(NULL, &at, (long)der.len);
	time_t then = 0;

	fclose(file);
	assert_true(certificate_read(&arena, der, &certificate));
	assert_non_null(x509);
	then = (time_t)(certificate.not_after_ms / 1000);
	assert_int_equal(ASN1_TIME_cmp_time_t(X509_get0_notAfter(x509), then), 0);
	assert_int_equal(certificate.key_bits, EVP_PKEY_get_bits(X509_get0_pubkey(x509)));
	assert_true(certificate.subject.len > 0 && span_is_utf8(certificate.subject));
	size_t matched = compare_names(x509, &certificate);

	X509_free(x509);
	return matched;
}

static void test_corpus(void **state)
{
	const char *folder = corpus_folder();
	char pattern[4096];
	glob_t paths;
	size_t matched = 0;

	(void)state;
	if (folder == NULL)
		skip();
	snprintf(pattern, sizeof(pattern), "%s/vectors/dane/*/*.der", folder);
	assert_int_equal(glob(pattern, 0, NULL, &paths), 0);
	for (size_t i = 0; i < paths.gl_pathc; i++) {
		arena_reset(&arena);
		matched += check_file(paths.gl_pathv[i]);
	}
	assert_true(paths.gl_pathc >= 30);
	assert_true(matched >= 5);
	globfree(&paths);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_value),
		cmocka_unit_test(test_digests),
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_a_key_that_cannot_be_read),
		cmocka_unit_test(test_what_is_no_certificate),
		cmocka_unit_test(test_no_memory),
		cmocka_unit_test(test_matching),
		cmocka_unit_test(test_corpus),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
