/*
 * TLS as a measuring client: what it offers, what it tells of the session that came up, and why one did not. Takes what is
 * there: old versions, weak keys and any certificate; verification is the judge's, from the evidence. Called by
 * connection.c; knows no socket but the descriptor it is given.
 */
#ifndef STSWEEP_WORKERS_TLS_CLIENT_H
#define STSWEEP_WORKERS_TLS_CLIENT_H

#include <openssl/ssl.h>
#include <stdbool.h>

#include "base/limits.h"
#include "base/span.h"
#include "steps/transport.h"

enum tls_use {
	TLS_USE_SMTP,  /* TLS 1.0 to 1.3, no ALPN (MEASURES 6) */
	TLS_USE_HTTPS, /* TLS 1.2 and 1.3, ALPN h2, http/1.1 (MEASURES 4) */
};

/* One a thread and use. NULL without memory. */
SSL_CTX *tls_context_new(enum tls_use use);
/* A client session over a connected, non-blocking descriptor. NULL without memory. */
SSL *tls_session_new(SSL_CTX *context, int descriptor, struct span sni);
void tls_session_free(SSL *session);

/* What an OpenSSL call that did not succeed means. */
enum tls_wait {
	TLS_WANT_READ,
	TLS_WANT_WRITE,
	TLS_ENDED, /* see tls_end */
};

struct tls_end {
	enum transport_end end;
	char detail[128]; /* number of an alert, or the reason's text; empty for none */
};

/* To be called right after the call that gave `result`, with the error queue cleared before it. `in_handshake` tells which reasons can hold. */
enum tls_wait tls_result(SSL *session, int result, bool in_handshake, struct tls_end *end);

/* Handed each certificate of the chain, leaf first; false stops the walk. */
typedef bool (*tls_certificate_function)(void *context, struct span sha256, struct span der);

enum { TLS_CHAIN_MAX = 128 };

/* The facts of a session whose handshake is done. Spans point into this, or into the session. */
struct tls_summary {
	struct tls_facts facts;
	uint8_t hashes[TLS_CHAIN_MAX][32];
	struct span chain[TLS_CHAIN_MAX];
	char group[32];
};

enum tls_summary_state {
	TLS_SUMMARY_WHOLE,
	TLS_SUMMARY_NO_CERTIFICATE,
	TLS_SUMMARY_TOO_LARGE, /* the leaf is over the cap; of the rest only what is within is taken */
	TLS_SUMMARY_LOCAL,     /* `each` gave false, or memory ran out */
};

enum tls_summary_state tls_summarize(SSL *session, const struct limits *limits,
				     struct tls_summary *summary, tls_certificate_function each,
				     void *context);

#endif
