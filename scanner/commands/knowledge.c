/*
 * Finds and loads the files that verdicts depend on. Called by scan, check and judge at their
 * start.
 */
#include "commands/knowledge.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "datasets/providers.h"
#include "facts/certificate.h"

/* Where the systems that stsweep is made for keep their trusted roots, in this order. */
static const char *const ca_paths[] = {
	"/etc/ssl/certs/ca-certificates.crt",
	"/etc/pki/tls/certs/ca-bundle.crt",
	"/etc/ssl/cert.pem",
};

static const char *first_readable(const char *const *paths, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (access(paths[i], R_OK) == 0)
			return paths[i];
	}
	return NULL;
}

static void write_hex(struct knowledge_file *file, const uint8_t digest[SHA256_BYTES])
{
	for (size_t i = 0; i < SHA256_BYTES; i++)
		snprintf(file->sha256 + 2 * i, 3, "%02x", digest[i]);
}

/* Notes path and SHA-256; the file is read as a stream, so its size does not matter. */
static bool note_file(struct knowledge_file *file, const char *path)
{
	uint8_t block[65536];
	uint8_t digest[EVP_MAX_MD_SIZE];
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	FILE *in = fopen(path, "rb");
	size_t got;
	bool ok = md != NULL && in != NULL && EVP_DigestInit_ex(md, EVP_sha256(), NULL) == 1;

	while (ok && (got = fread(block, 1, sizeof(block), in)) > 0)
		ok = EVP_DigestUpdate(md, block, got) == 1;
	ok = ok && !ferror(in) && EVP_DigestFinal_ex(md, digest, NULL) == 1;
	if (ok)
		write_hex(file, digest);
	snprintf(file->path, sizeof(file->path), "%s", path);
	if (!ok)
		fprintf(stderr, "stsweep: %s: %s\n", path, strerror(errno));
	if (in != NULL)
		fclose(in);
	EVP_MD_CTX_free(md);
	return ok;
}

static bool load_ca(struct knowledge *knowledge, const char *path)
{
	if (path == NULL)
		path = first_readable(ca_paths, ARRAY_LENGTH(ca_paths));
	if (path == NULL) {
		fprintf(stderr, "stsweep: no CA bundle found; name one with --ca-file\n");
		return false;
	}
	if (!note_file(&knowledge->ca, path))
		return false;
	knowledge->settings.store = X509_STORE_new();
	if (knowledge->settings.store == NULL ||
	    X509_STORE_load_file(knowledge->settings.store, path) != 1) {
		fprintf(stderr, "stsweep: %s: holds no certificate in PEM form\n", path);
		ERR_clear_error();
		return false;
	}
	return true;
}

static bool load_psl(struct knowledge *knowledge, const char *path)
{
	if (path == NULL)
		path = psl_dist_filename();
	if (path == NULL || path[0] == '\0') {
		fprintf(stderr, "stsweep: no Public Suffix List found; name one with --psl-file\n");
		return false;
	}
	if (!note_file(&knowledge->psl_file, path))
		return false;
	knowledge->psl = psl_load_file(path);
	if (knowledge->psl == NULL || psl_suffix_count(knowledge->psl) == 0) {
		fprintf(stderr, "stsweep: %s: is no Public Suffix List\n", path);
		return false;
	}
	knowledge->settings.psl = knowledge->psl;
	return true;
}

static bool load_providers(struct knowledge *knowledge, const char *path)
{
	uint8_t digest[SOURCE_SHA256_BYTES];
	struct dataset_error error;

	knowledge->providers = providers_read(path, digest, &error);
	if (knowledge->providers == NULL) {
		fprintf(stderr, "stsweep: %s\n", error.text);
		return false;
	}
	snprintf(knowledge->provider_file.path, sizeof(knowledge->provider_file.path), "%s",
		 path == NULL ? "built in" : path);
	write_hex(&knowledge->provider_file, digest);
	knowledge->settings.providers = knowledge->providers;
	return true;
}

bool knowledge_load(struct knowledge *knowledge, const struct options *options, const char *ca_path)
{
	memset(knowledge, 0, sizeof(*knowledge));
	knowledge->settings.third_party_min = options->third_party_min;
	knowledge->settings.self_policy_max = options->self_policy_max;
	return load_ca(knowledge, ca_path != NULL ? ca_path : options->ca_file) &&
	       load_psl(knowledge, options->psl_file) &&
	       load_providers(knowledge, options->providers_file);
}

void knowledge_free(struct knowledge *knowledge)
{
	X509_STORE_free(knowledge->settings.store);
	provider_table_free(knowledge->providers);
	psl_free(knowledge->psl);
}
