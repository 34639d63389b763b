/*
 * See tls_client.h. Whether an empty certificate message came is remembered in the session's ex-data, because OpenSSL tells
 * it only as one of many length errors.
 */
#include "workers/tls_client.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/sslerr.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <string.h>

#include "facts/name.h"

enum {
	ALERT_PROTOCOL_VERSION = 70, /* RFC 8446 6.2 */
	CERTIFICATE_MESSAGE = 11,    /* RFC 8446 4: HandshakeType */
	/* Bytes of a certificate message without a certificate: type, length, [context length,] list length. */
	CERTIFICATE_EMPTY_TLS12_BYTES = 1 + 3 + 3,
	CERTIFICATE_EMPTY_TLS13_BYTES = 1 + 3 + 1 + 3,
	/* OpenSSL's reason of an alert that was received is the alert's number and this. */
	ALERT_REASON_FIRST = SSL_AD_REASON_OFFSET,
	ALERT_REASON_LAST = SSL_AD_REASON_OFFSET + 255,
};

/* Without the anonymous suites: a certificate is what is being measured. */
static const char ciphers[] = "ALL:!aNULL:!eNULL:!PSK:!SRP:@SECLEVEL=0";
static const unsigned char alpn[] = "\x02h2\x08http/1.1";

static int accept_any(X509_STORE_CTX *store, void *context)
{
	(void)store;
	(void)context;
	return 1;
}

/* Marks a session whose server sent a certificate message without a certificate. */
static void watch_messages(int write, int version, int content, const void *bytes, size_t len,
			   SSL *session, void *context)
{
	const uint8_t *message = bytes;

	(void)version;
	(void)context;
	if (write != 0 || content != SSL3_RT_HANDSHAKE || len == 0 ||
	    message[0] != CERTIFICATE_MESSAGE)
		return;
	if (len == CERTIFICATE_EMPTY_TLS12_BYTES || len == CERTIFICATE_EMPTY_TLS13_BYTES)
		SSL_set_app_data(session, session);
}

SSL_CTX *tls_context_new(enum tls_use use)
{
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());
	bool https = use == TLS_USE_HTTPS;

	if (context == NULL)
		return NULL;
	SSL_CTX_set_security_level(context, 0);
	SSL_CTX_set_cert_verify_callback(context, accept_any, NULL);
	SSL_CTX_set_msg_callback(context, watch_messages);
	SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_options(context, SSL_OP_NO_TICKET | SSL_OP_LEGACY_SERVER_CONNECT |
					     SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
	SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE |
					  SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
					  SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_read_ahead(context, 1);
	if (SSL_CTX_set_min_proto_version(context, https ? TLS1_2_VERSION : TLS1_VERSION) != 1 ||
	    SSL_CTX_set_max_proto_version(context, TLS1_3_VERSION) != 1 ||
	    SSL_CTX_set_cipher_list(context, ciphers) != 1 ||
	    (https && SSL_CTX_set_alpn_protos(context, alpn, sizeof(alpn) - 1) != 0)) {
		SSL_CTX_free(context);
		return NULL;
	}
	return context;
}

SSL *tls_session_new(SSL_CTX *context, int descriptor, struct span sni)
{
	SSL *session = SSL_new(context);
	char name[NAME_MAX_BYTES + 1];

	if (session == NULL)
		return NULL;
	SSL_set_connect_state(session);
	if (sni.len > 0 && sni.len < sizeof(name)) {
		memcpy(name, sni.data, sni.len);
		name[sni.len] = '\0';
		SSL_set_tlsext_host_name(session, name);
	}
	if (SSL_set_fd(session, descriptor) != 1) {
		SSL_free(session);
		return NULL;
	}
	return session;
}

void tls_session_free(SSL *session)
{
	SSL_free(session);
	ERR_clear_error();
}

static enum transport_end end_of_reason(unsigned long error, bool in_handshake)
{
	int reason = ERR_GET_REASON(error);

	if (reason == ALERT_REASON_FIRST + ALERT_PROTOCOL_VERSION)
		return TRANSPORT_END_TLS_VERSION;
	if (reason >= ALERT_REASON_FIRST && reason <= ALERT_REASON_LAST)
		return TRANSPORT_END_TLS_ALERT;
	if (reason == SSL_R_UNEXPECTED_EOF_WHILE_READING)
		return in_handshake ? TRANSPORT_END_CLOSED : TRANSPORT_END_CUT;
	if (reason == ERR_R_MALLOC_FAILURE)
		return TRANSPORT_END_LOCAL;
	if (in_handshake &&
	    (reason == SSL_R_UNSUPPORTED_PROTOCOL || reason == SSL_R_WRONG_SSL_VERSION ||
	     reason == SSL_R_VERSION_TOO_LOW || reason == SSL_R_UNKNOWN_SSL_VERSION))
		return TRANSPORT_END_TLS_VERSION;
	return TRANSPORT_END_TLS_ERROR;
}

static void explain(struct tls_end *end, unsigned long error)
{
	const char *text = ERR_reason_error_string(error);

	if (end->end == TRANSPORT_END_TLS_ALERT)
		snprintf(end->detail, sizeof(end->detail), "%d",
			 ERR_GET_REASON(error) - ALERT_REASON_FIRST);
	else if (end->end == TRANSPORT_END_TLS_VERSION || end->end == TRANSPORT_END_TLS_ERROR)
		snprintf(end->detail, sizeof(end->detail), "%s",
			 text != NULL ? text : "handshake failed");
}

static enum transport_end end_of_errno(int error, bool in_handshake)
{
	switch (error) {
	case 0:
		return in_handshake ? TRANSPORT_END_CLOSED : TRANSPORT_END_CUT;
	case ETIMEDOUT:
		return TRANSPORT_END_TIMEOUT;
	case EHOSTUNREACH:
	case ENETUNREACH:
		return TRANSPORT_END_UNREACHABLE;
	case ENOBUFS:
	case ENOMEM:
		return TRANSPORT_END_LOCAL;
	default:
		return TRANSPORT_END_RESET;
	}
}

enum tls_wait tls_result(SSL *session, int result, bool in_handshake, struct tls_end *end)
{
	int saved_errno = errno;
	unsigned long error = ERR_peek_error();

	*end = (struct tls_end){.end = TRANSPORT_END_CLOSED};
	switch (SSL_get_error(session, result)) {
	case SSL_ERROR_WANT_READ:
		return TLS_WANT_READ;
	case SSL_ERROR_WANT_WRITE:
		return TLS_WANT_WRITE;
	case SSL_ERROR_ZERO_RETURN:
		break;
	case SSL_ERROR_SYSCALL:
		end->end = end_of_errno(saved_errno, in_handshake);
		break;
	default: /* SSL_ERROR_SSL; the others need callbacks that are not set */
		end->end = end_of_reason(error, in_handshake);
		if (in_handshake && end->end == TRANSPORT_END_TLS_ERROR &&
		    SSL_get_app_data(session) != NULL)
			end->end = TRANSPORT_END_NO_CERTIFICATE;
		explain(end, error);
		break;
	}
	ERR_clear_error();
	return TLS_ENDED;
}

/* The registry's name of the group; of a finite-field exchange before TLS 1.3 its bits. */
static struct span group_of(SSL *session, char *text, size_t size)
{
	int id = (int)SSL_get_negotiated_group(session);
	const char *name = id != NID_undef ? SSL_group_to_name(session, id) : NULL;
	EVP_PKEY *key = NULL;

	if (name != NULL) {
		snprintf(text, size, "%s", name);
		return span_text(text);
	}
	if (SSL_get_peer_tmp_key(session, &key) != 1)
		return (struct span){0};
	if (EVP_PKEY_get_base_id(key) == EVP_PKEY_DH)
		snprintf(text, size, "dh-%d", EVP_PKEY_get_bits(key));
	else if (EVP_PKEY_get_group_name(key, text, size, NULL) != 1)
		snprintf(text, size, "%s", OBJ_nid2sn(EVP_PKEY_get_base_id(key)));
	EVP_PKEY_free(key);
	return span_text(text);
}

static enum tls_summary_state add_certificate(X509 *certificate, const struct limits *limits,
					      struct tls_summary *summary,
					      tls_certificate_function each, void *context)
{
	struct span_list *chain = &summary->facts.chain;
	uint8_t *bytes = summary->hashes[chain->count];
	struct span hash = span_of(bytes, sizeof(summary->hashes[0]));
	enum tls_summary_state state = TLS_SUMMARY_LOCAL;
	unsigned char *der = NULL;
	int len = i2d_X509(certificate, &der);

	if (len > limits->certificate_bytes) {
		state = TLS_SUMMARY_TOO_LARGE;
	} else if (len > 0 && EVP_Digest(der, (size_t)len, bytes, NULL, EVP_sha256(), NULL) == 1 &&
		   each(context, hash, span_of(der, (size_t)len))) {
		summary->chain[chain->count++] = hash;
		state = TLS_SUMMARY_WHOLE;
	}
	OPENSSL_free(der);
	return state;
}

static enum tls_summary_state add_chain(const STACK_OF(X509) * chain, const struct limits *limits,
					struct tls_summary *summary, tls_certificate_function each,
					void *context)
{
	int count = chain != NULL ? sk_X509_num(chain) : 0;

	if (count == 0)
		return TLS_SUMMARY_NO_CERTIFICATE;
	if (count > limits->chain_certificates_count)
		count = (int)limits->chain_certificates_count;
	for (int i = 0; i < count && i < TLS_CHAIN_MAX; i++) {
		enum tls_summary_state state =
			add_certificate(sk_X509_value(chain, i), limits, summary, each, context);

		if (state == TLS_SUMMARY_TOO_LARGE && i > 0)
			break;
		if (state != TLS_SUMMARY_WHOLE)
			return state;
	}
	return TLS_SUMMARY_WHOLE;
}

enum tls_summary_state tls_summarize(SSL *session, const struct limits *limits,
				     struct tls_summary *summary, tls_certificate_function each,
				     void *context)
{
	const unsigned char *protocol = NULL;
	unsigned int protocol_len = 0;
	enum tls_summary_state state;

	summary->facts = (struct tls_facts){
		.version = span_text(SSL_get_version(session)),
		.cipher = span_text(SSL_CIPHER_standard_name(SSL_get_current_cipher(session))),
		.group = group_of(session, summary->group, sizeof(summary->group)),
		.chain = {.items = summary->chain},
	};
	SSL_get0_alpn_selected(session, &protocol, &protocol_len);
	if (protocol_len > 0)
		summary->facts.alpn = span_of(protocol, protocol_len);
	state = add_chain(SSL_get_peer_cert_chain(session), limits, summary, each, context);
	ERR_clear_error();
	return state;
}
