/*
 * Makes certificates with OpenSSL for the tests of the judge. Aborts where OpenSSL fails: a test
 * without its certificates is no test.
 */
#include "tests/judge/helper_pki.h"

#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/sha.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>

enum { ARENA_CAP_BYTES = 16 << 20, MS_PER_S = 1000 };

static void must(bool done)
{
	if (!done)
		abort();
}

static void set_time(ASN1_TIME *time, int64_t ms)
{
	must(ASN1_TIME_set(time, (time_t)(ms / MS_PER_S)) != NULL);
}

static void add_extension(X509 *x509, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX context;
	X509_EXTENSION *extension;

	X509V3_set_ctx(&context, issuer, x509, NULL, NULL, 0);
	extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
	must(extension != NULL && X509_add_ext(x509, extension, -1));
	X509_EXTENSION_free(extension);
}

static void add_dns_names(X509 *x509, const struct pki_spec *spec)
{
	char value[512] = "";

	if (spec->dns[0] == NULL)
		return;
	for (size_t i = 0; i < ARRAY_LENGTH(spec->dns) && spec->dns[i] != NULL; i++) {
		size_t used = strlen(value);

		(void)snprintf(value + used, sizeof(value) - used, "%sDNS:%s", i > 0 ? "," : "",
			       spec->dns[i]);
	}
	add_extension(x509, x509, NID_subject_alt_name, value);
}

static void add_extensions(X509 *x509, X509 *issuer, const struct pki_spec *spec)
{
	char constraints[64] = "critical,CA:TRUE";

	if (spec->ca) {
		if (spec->path_len > 0)
			(void)snprintf(constraints, sizeof(constraints),
				       "critical,CA:TRUE,pathlen:%d", spec->path_len - 1);
		add_extension(x509, issuer, NID_basic_constraints, constraints);
		add_extension(x509, issuer, NID_key_usage, "critical,keyCertSign,cRLSign");
	} else {
		add_extension(x509, issuer, NID_ext_key_usage,
			      spec->eku != NULL ? spec->eku : "serverAuth");
	}
	add_dns_names(x509, spec);
	if (spec->name_constraints != NULL)
		add_extension(x509, issuer, NID_name_constraints, spec->name_constraints);
}

struct pki_certificate pki_issue(const struct pki_spec *spec)
{
	static int serial = 1;
	struct pki_certificate made = {.x509 = X509_new()};
	const struct pki_certificate *issuer = spec->issuer != NULL ? spec->issuer : &made;
	X509_NAME *name = X509_get_subject_name(made.x509);

	made.key = spec->rsa_bits > 0 ? EVP_RSA_gen(spec->rsa_bits) : EVP_EC_gen("P-256");
	must(made.key != NULL && X509_set_version(made.x509, X509_VERSION_3));
	must(ASN1_INTEGER_set(X509_get_serialNumber(made.x509), serial++));
	must(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)spec->cn,
					-1, -1, 0));
	set_time(X509_getm_notBefore(made.x509),
		 spec->from_ms != 0 ? spec->from_ms : PKI_NOW_MS - 365 * PKI_DAY_MS);
	set_time(X509_getm_notAfter(made.x509),
		 spec->until_ms != 0 ? spec->until_ms : PKI_NOW_MS + 365 * PKI_DAY_MS);
	must(X509_set_issuer_name(made.x509, X509_get_subject_name(issuer->x509)));
	must(X509_set_pubkey(made.x509, made.key));
	add_extensions(made.x509, issuer->x509, spec);
	must(X509_sign(made.x509, issuer->key, spec->sha1 ? EVP_sha1() : EVP_sha256()) > 0);
	return made;
}

void pki_free(struct pki_certificate *certificate)
{
	X509_free(certificate->x509);
	EVP_PKEY_free(certificate->key);
	*certificate = (struct pki_certificate){0};
}

static struct span find(void *context, struct span sha256)
{
	struct pki *pki = context;

	pki->lookups++;
	for (size_t i = 0; i < pki->count; i++)
		if (span_equal(pki->hashes[i], sha256))
			return pki->ders[i];
	return (struct span){0};
}

static struct span find_by_subject(void *context, struct span subject_der, size_t n)
{
	struct pki *pki = context;

	for (size_t i = 0; i < pki->count; i++) {
		const unsigned char *at = pki->ders[i].data;
		X509 *x509 = d2i_X509(NULL, &at, (long)pki->ders[i].len);
		const unsigned char *name;
		size_t len;
		bool same;

		if (x509 == NULL)
			continue;
		must(X509_NAME_get0_der(X509_get_subject_name(x509), &name, &len) == 1);
		same = X509_check_ca(x509) > 0 && span_equal(span_of(name, len), subject_der);
		X509_free(x509);
		if (same && n-- == 0)
			return pki->ders[i];
	}
	return (struct span){0};
}

struct span pki_add(struct pki *pki, const struct pki_certificate *certificate)
{
	unsigned char *der = NULL;
	int len = i2d_X509(certificate->x509, &der);
	uint8_t hash[SHA256_DIGEST_LENGTH];

	must(len > 0 && pki->count < EVIDENCE_MAX);
	SHA256(der, (size_t)len, hash);
	pki->hashes[pki->count] = arena_copy(&pki->arena, span_of(hash, sizeof(hash)));
	pki->ders[pki->count] = arena_copy(&pki->arena, span_of(der, (size_t)len));
	OPENSSL_free(der);
	return pki->hashes[pki->count++];
}

struct pki_certificate pki_leaf(struct pki *pki, const char *name)
{
	return pki_issue(
		&(struct pki_spec){.cn = name, .dns = {name}, .issuer = &pki->intermediate});
}

struct span_list pki_chain(struct pki *pki, const struct pki_certificate *leaf,
			   const struct pki_certificate *second,
			   const struct pki_certificate *third)
{
	const struct pki_certificate *all[] = {leaf, second, third};
	struct span_list list = {0};

	for (size_t i = 0; i < ARRAY_LENGTH(all) && all[i] != NULL; i++)
		must(arena_append(&pki->arena, &list, pki_add(pki, all[i])));
	return list;
}

struct pki *pki_new(void)
{
	struct pki *pki = calloc(1, sizeof(*pki));

	must(pki != NULL);
	arena_init(&pki->arena, ARENA_CAP_BYTES);
	pki->source = (struct certificate_source){pki, find, find_by_subject};
	pki->root = pki_issue(&(struct pki_spec){.cn = "root", .ca = true});
	pki->intermediate = pki_issue(
		&(struct pki_spec){.cn = "intermediate", .ca = true, .issuer = &pki->root});
	pki->leaf = pki_leaf(pki, "mx.example.com");
	pki->store = X509_STORE_new();
	must(pki->store != NULL && X509_STORE_add_cert(pki->store, pki->root.x509));
	return pki;
}

void pki_end(struct pki *pki)
{
	pki_free(&pki->root);
	pki_free(&pki->intermediate);
	pki_free(&pki->leaf);
	X509_STORE_free(pki->store);
	arena_free(&pki->arena);
	free(pki);
}
