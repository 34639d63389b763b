/*
 * Loads chains for the judge. Called by host.c and policy_fetch.c; keeps nothing.
 */
#include "judge/chain.h"

static X509 *certificate_load(const struct certificate_source *certificates, struct span hash,
			      bool *found)
{
	struct span der = certificates->find(certificates->context, hash);
	const unsigned char *at = der.data;

	*found = !span_is_null(der);
	return *found && der.len <= LONG_MAX ? d2i_X509(NULL, &at, (long)der.len) : NULL;
}

struct chain chain_load(const struct certificate_source *certificates, struct span_list hashes)
{
	struct chain chain = {.state = hashes.count == 0 ? CHAIN_NONE : CHAIN_MISSING};

	if (hashes.count == 0)
		return chain;
	chain.sent = sk_X509_new_null();
	for (size_t i = 0; chain.sent != NULL && i < hashes.count; i++) {
		bool found;
		X509 *certificate = certificate_load(certificates, hashes.items[i], &found);

		if (!found)
			chain.state = CHAIN_MISSING;
		else if (i == 0)
			chain.state = certificate == NULL ? CHAIN_MALFORMED : CHAIN_LOADED;
		if (chain.state != CHAIN_LOADED)
			break;
		if (certificate != NULL && sk_X509_push(chain.sent, certificate) == 0)
			X509_free(certificate);
	}
	if (chain.state == CHAIN_LOADED)
		chain.leaf = sk_X509_value(chain.sent, 0);
	if (chain.state == CHAIN_LOADED && chain.leaf == NULL)
		chain.state = CHAIN_MISSING;
	return chain;
}

void chain_free(struct chain *chain)
{
	sk_X509_pop_free(chain->sent, X509_free);
	*chain = (struct chain){0};
}
