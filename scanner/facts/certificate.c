/*
 * Certificates read by OpenSSL into plain values, once for each distinct one. Called by the
 * prober's and the fetcher's evidence, and by the judge for names; verifies nothing, and leaves
 * OpenSSL's error queue as it was, since connections of the same thread read their errors from it.
 */
#include "facts/certificate.h"

#include <limits.h>
#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <time.h>

#include "facts/address.h"
#include "facts/name.h"

enum { UNREADABLE = -1, OBJECT_TEXT_BYTES = 128, MS_PER_S = 1000 };

static struct span sha256(struct arena *arena, const uint8_t *bytes, size_t len)
{
	uint8_t *digest = arena_alloc(arena, SHA256_BYTES);

	if (digest == NULL)
		return (struct span){0};
	SHA256(bytes, len, digest);
	return span_of(digest, SHA256_BYTES);
}

/*
 * As RFC 2253 writes it, but for letters beyond ASCII, which stay UTF-8. No value if it cannot be
 * written.
 */
static struct span name_text(struct arena *arena, const X509_NAME *name)
{
	const unsigned long flags = XN_FLAG_RFC2253 & ~(unsigned long)ASN1_STRFLGS_ESC_MSB;
	BIO *bio = BIO_new(BIO_s_mem());
	struct span text = {0};
	char *bytes = NULL;

	if (bio == NULL)
		return text;
	if (X509_NAME_print_ex(bio, name, 0, flags) >= 0) {
		long len = BIO_get_mem_data(bio, &bytes);

		text = len > 0 ? arena_copy(arena, span_of(bytes, (size_t)len))
			       : arena_copy(arena, span_text(""));
	}
	BIO_free(bio);
	return text;
}

static int64_t time_ms(const ASN1_TIME *when)
{
	struct tm parts;

	if (when == NULL || ASN1_TIME_to_tm(when, &parts) != 1)
		return UNREADABLE;
	return (int64_t)timegm(&parts) * MS_PER_S;
}

/* The long name of an object identifier, or its numbers where it has none. */
static struct span object_text(struct arena *arena, const char *prefix, const ASN1_OBJECT *object,
			       bool numbers)
{
	char text[OBJECT_TEXT_BYTES];

	if (object == NULL || OBJ_obj2txt(text, sizeof(text), object, numbers) <= 0)
		return arena_printf(arena, "%sunknown", prefix);
	return arena_printf(arena, "%s%s", prefix, text);
}

/* --- subjectAltName --- */

/* The bytes as they are: a NUL among them must not end the name (CVE-2009-2408). */
static struct span string_text(struct arena *arena, struct span prefix, const ASN1_STRING *string)
{
	size_t len = (size_t)ASN1_STRING_length(string);
	uint8_t *text = arena_alloc(arena, prefix.len + len + 1);

	if (text == NULL)
		return (struct span){0};
	memcpy(text, prefix.data, prefix.len);
	if (len > 0)
		memcpy(text + prefix.len, ASN1_STRING_get0_data(string), len);
	return span_of(text, prefix.len + len);
}

static struct span address_text(struct arena *arena, const ASN1_OCTET_STRING *bytes)
{
	struct address address = address_from_bytes(
		span_of(ASN1_STRING_get0_data(bytes), (size_t)ASN1_STRING_length(bytes)));
	struct span text = address_to_text(arena, address);

	if (address.family == ADDRESS_NONE)
		return arena_copy(arena, span_text("ip:malformed"));
	return span_is_null(text) ? text : arena_printf(arena, "ip:%s", (const char *)text.data);
}

static struct span directory_text(struct arena *arena, const X509_NAME *name)
{
	struct span text = name_text(arena, name);

	return span_is_null(text) ? text
				  : arena_printf(arena, "dirname:%s", (const char *)text.data);
}

static struct span general_name(struct arena *arena, const GENERAL_NAME *name)
{
	switch (name->type) {
	case GEN_DNS:
		return string_text(arena, span_text("dns:"), name->d.dNSName);
	case GEN_IPADD:
		return address_text(arena, name->d.iPAddress);
	case GEN_EMAIL:
		return string_text(arena, span_text("email:"), name->d.rfc822Name);
	case GEN_URI:
		return string_text(arena, span_text("uri:"), name->d.uniformResourceIdentifier);
	case GEN_DIRNAME:
		return directory_text(arena, name->d.directoryName);
	case GEN_RID:
		return object_text(arena, "rid:", name->d.registeredID, true);
	case GEN_OTHERNAME:
		return object_text(arena, "other:", name->d.otherName->type_id, true);
	case GEN_X400:
		return arena_copy(arena, span_text("x400:"));
	default: /* no enum of OpenSSL's: GEN_EDIPARTY is what is left */
		return arena_copy(arena, span_text("ediparty:"));
	}
}

static struct span_list alternative_names(struct arena *arena, X509 *x509)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(x509, NID_subject_alt_name, NULL, NULL);
	struct span_list list = {0};

	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		struct span text = general_name(arena, sk_GENERAL_NAME_value(names, i));

		if (span_is_null(text) || !arena_append(arena, &list, text))
			break;
	}
	GENERAL_NAMES_free(names);
	return list;
}

/* --- the key --- */

static struct span curve_name(struct arena *arena, const EVP_PKEY *key)
{
	char group[OBJECT_TEXT_BYTES];

	if (EVP_PKEY_get_group_name(key, group, sizeof(group), NULL) != 1)
		return arena_copy(arena, span_text("ec-explicit"));
	const char *nist = EC_curve_nid2nist(OBJ_txt2nid(group));

	return arena_printf(arena, "ec-%s", nist != NULL ? nist : group);
}

static struct span key_type(struct arena *arena, const EVP_PKEY *key)
{
	static const struct {
		int id;
		const char *name;
	} types[] = {
		{EVP_PKEY_RSA, "rsa"},         {EVP_PKEY_RSA_PSS, "rsa-pss"},
		{EVP_PKEY_ED25519, "ed25519"}, {EVP_PKEY_ED448, "ed448"},
		{EVP_PKEY_DSA, "dsa"},
	};
	int id = EVP_PKEY_get_base_id(key);

	if (id == EVP_PKEY_EC)
		return curve_name(arena, key);
	for (size_t i = 0; i < ARRAY_LENGTH(types); i++)
		if (types[i].id == id)
			return span_text(types[i].name);
	const char *name = EVP_PKEY_get0_type_name(key);

	return name == NULL ? arena_copy(arena, span_text("unknown"))
			    : name_fold(arena, span_text(name));
}

/* A key that OpenSSL cannot read still has the name of its algorithm, and its digest. */
static void read_key(struct arena *arena, X509 *x509, struct certificate *certificate)
{
	X509_PUBKEY *spki = X509_get_X509_PUBKEY(x509);
	const EVP_PKEY *key = X509_get0_pubkey(x509);
	unsigned char *der = NULL;
	int len = i2d_X509_PUBKEY(spki, &der);

	if (len > 0)
		certificate->spki_sha256 = sha256(arena, der, (size_t)len);
	OPENSSL_free(der);
	if (key != NULL) {
		certificate->key_type = key_type(arena, key);
		certificate->key_bits = EVP_PKEY_get_bits(key);
		return;
	}
	ASN1_OBJECT *algorithm = NULL;

	X509_PUBKEY_get0_param(&algorithm, NULL, NULL, NULL, spki);
	certificate->key_type = object_text(arena, "", algorithm, false);
	certificate->key_bits = UNREADABLE;
}

static void read_contents(struct arena *arena, X509 *x509, struct certificate *certificate)
{
	const ASN1_OBJECT *algorithm = NULL;

	X509_ALGOR_get0(&algorithm, NULL, NULL, X509_get0_tbs_sigalg(x509));
	certificate->subject = name_text(arena, X509_get_subject_name(x509));
	certificate->issuer = name_text(arena, X509_get_issuer_name(x509));
	certificate->not_before_ms = time_ms(X509_get0_notBefore(x509));
	certificate->not_after_ms = time_ms(X509_get0_notAfter(x509));
	certificate->san = alternative_names(arena, x509);
	certificate->signature = object_text(arena, "", algorithm, false);
	read_key(arena, x509, certificate);
}

bool certificate_read(struct arena *arena, struct span der, struct certificate *certificate)
{
	const unsigned char *at = der.data;

	*certificate = (struct certificate){
		.der = der,
		.sha256 = sha256(arena, der.data, der.len),
		.not_before_ms = UNREADABLE,
		.not_after_ms = UNREADABLE,
		.key_bits = UNREADABLE,
	};
	if (der.len == 0 || der.len > LONG_MAX)
		return false;
	ERR_set_mark();
	X509 *x509 = d2i_X509(NULL, &at, (long)der.len);
	bool whole = x509 != NULL && at == der.data + der.len;

	if (whole)
		read_contents(arena, x509, certificate);
	X509_free(x509);
	ERR_pop_to_mark();
	return whole;
}

/*
 * RFC 6125 6.4.3 and RFC 8461 4.1: "*." stands for exactly one label; a star anywhere else is only
 * itself.
 */
static bool pattern_matches(struct span pattern, struct span name)
{
	static const char wildcard[] = "*.";

	if (span_equal_nocase(pattern, name))
		return true;
	if (!span_starts_with(pattern, span_text(wildcard)))
		return false;
	struct span parent = name_parent(name), rest = span_skip(pattern, strlen(wildcard));

	return rest.len > 0 && name.len > parent.len + 1 && span_equal_nocase(rest, parent);
}

bool certificate_matches(const struct certificate *certificate, struct span name)
{
	static const char prefix[] = "dns:";

	if (name.len == 0)
		return false;
	for (size_t i = 0; i < certificate->san.count; i++) {
		struct span entry = certificate->san.items[i];

		if (span_starts_with(entry, span_text(prefix)) &&
		    pattern_matches(span_skip(entry, strlen(prefix)), name))
			return true;
	}
	return false;
}
