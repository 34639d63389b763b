/*
 * DANE by OpenSSL's own implementation, which knows digest agility (RFC 7671 9), bare keys as trust
 * anchors and the rest; an SSL object serves only to hold the TLSA records, no connection is made.
 * Called by host_dane.c.
 */
#include "judge/dane.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

#include "facts/name.h"

enum { MS_PER_S = 1000 };

/* NUL-terminated, for OpenSSL; empty when it cannot be a host name, which then matches nothing. */
struct name_text {
	char text[NAME_MAX_BYTES + 1];
};

static struct name_text name_text(struct span name)
{
	struct name_text copy = {0};

	if (name.len <= NAME_MAX_BYTES && span_find(name, '\0') == name.len)
		memcpy(copy.text, name.data, name.len);
	return copy;
}

/*
 * Gives how many records OpenSSL finds usable, which knows more than their lengths: a full
 * certificate must be one.
 */
static size_t add_records(SSL *ssl, struct dane_records records)
{
	size_t usable = 0;

	for (size_t i = 0; i < records.count; i++) {
		const struct dns_tlsa *record = &records.items[i];

		if (tlsa_is_usable(record) &&
		    SSL_dane_tlsa_add(ssl, record->usage, record->selector, record->matching_type,
				      record->data.data, record->data.len) > 0)
			usable++;
	}
	return usable;
}

/*
 * RFC 7672 3.2.3: the whole left-most label may be a wildcard, parts of it not; a Common Name
 * counts where no DNS-ID is.
 */
static bool set_names(SSL *ssl, struct span_list names)
{
	SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	for (size_t i = 1; i < names.count; i++)
		if (!SSL_add1_host(ssl, name_text(names.items[i]).text))
			return false;
	return true;
}

static SSL *new_session(SSL_CTX *context, struct span_list names)
{
	SSL *ssl = SSL_new(context);

	if (ssl == NULL)
		return NULL;
	if (SSL_dane_enable(ssl, name_text(names.items[0]).text) > 0 && set_names(ssl, names)) {
		/* RFC 7672 3.1.1: DANE-EE is neither bound to a name nor to a time. */
		(void)SSL_dane_set_flags(ssl, DANE_FLAG_NO_DANE_EE_NAMECHECKS);
		return ssl;
	}
	SSL_free(ssl);
	return NULL;
}

static enum dane_result result_of_error(int error)
{
	switch (error) {
	case X509_V_ERR_HOSTNAME_MISMATCH:
		return DANE_RESULT_NAME_MISMATCH;
	case X509_V_ERR_CERT_HAS_EXPIRED:
		return DANE_RESULT_EXPIRED;
	case X509_V_ERR_DANE_NO_MATCH:
		return DANE_RESULT_NO_MATCH;
	case X509_V_ERR_OUT_OF_MEM:
		return DANE_RESULT_UNKNOWN;
	default: /* OpenSSL's codes are open-ended: there is no enum to forget one of */
		return DANE_RESULT_NOT_TRUSTED;
	}
}

/* As a client verifies a server's chain, with no trust anchors but those of the TLSA records. */
static enum dane_result verify(SSL *ssl, const struct chain *chain, int64_t at_ms)
{
	enum dane_result result = DANE_RESULT_UNKNOWN;
	X509_STORE *nothing = X509_STORE_new();
	X509_STORE_CTX *context = X509_STORE_CTX_new();
	X509_VERIFY_PARAM *param;

	if (nothing == NULL || context == NULL ||
	    !X509_STORE_CTX_init(context, nothing, chain->leaf, chain->sent) ||
	    !X509_STORE_CTX_set_default(context, "ssl_server"))
		goto out;
	param = X509_STORE_CTX_get0_param(context);
	X509_STORE_CTX_set0_dane(context, SSL_get0_dane(ssl));
	if (!X509_VERIFY_PARAM_set1(param, SSL_get0_param(ssl)))
		goto out;
	X509_VERIFY_PARAM_set_time(param, (time_t)(at_ms / MS_PER_S));
	/*
	 * Postfix, the most deployed DANE sender, verifies at level 0: keys are pinned, not vouched
	 * for.
	 */
	X509_VERIFY_PARAM_set_auth_level(param, 0);
	result = X509_verify_cert(context) > 0 ? DANE_RESULT_MATCH
					       : result_of_error(X509_STORE_CTX_get_error(context));
out:
	X509_STORE_CTX_free(context);
	X509_STORE_free(nothing);
	ERR_clear_error();
	return result;
}

enum dane_result dane_verify(const struct chain *chain, struct dane_records records,
			     struct span_list names, int64_t at_ms)
{
	enum dane_result result = DANE_RESULT_UNKNOWN;
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());
	SSL *ssl = NULL;

	if (context == NULL || SSL_CTX_dane_enable(context) <= 0)
		goto out;
	ssl = new_session(context, names);
	if (ssl == NULL)
		goto out;
	if (add_records(ssl, records) == 0)
		result = DANE_RESULT_UNUSABLE;
	else if (chain->state == CHAIN_LOADED)
		result = verify(ssl, chain, at_ms);
	else if (chain->state != CHAIN_MISSING)
		result = DANE_RESULT_NO_MATCH;
out:
	SSL_free(ssl);
	SSL_CTX_free(context);
	ERR_clear_error();
	return result;
}
