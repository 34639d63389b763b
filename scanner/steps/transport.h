/*
 * What a protocol machine (SMTP, HTTPS) tells the connection that carries it, and how a connection
 * ends. Bytes are given to the machine as they come, decrypted when TLS is up; what it wants to
 * send it leaves in `send`.
 */
#ifndef STSWEEP_STEPS_TRANSPORT_H
#define STSWEEP_STEPS_TRANSPORT_H

#include "base/span.h"
#include "record/vocabulary.h"

enum transport_action {
	TRANSPORT_READ,      /* send what is in `send`, then wait for bytes */
	TRANSPORT_START_TLS, /* begin the TLS handshake now; nothing to send before */
	TRANSPORT_CLOSE,     /* send what is in `send`, then close: the machine is done */
};

/* One answer of a machine to an event. `send` stays valid until the machine's next event. */
struct transport {
	enum transport_action action;
	struct span send;
};

/* How a connection or handshake ended without the machine asking for it. */
enum transport_end {
	TRANSPORT_END_REFUSED,
	TRANSPORT_END_UNREACHABLE,
	TRANSPORT_END_RESET,
	TRANSPORT_END_CUT,         /* closed under TLS without its close_notify (RFC 8446 6.1) */
	TRANSPORT_END_CLOSED,      /* end of file where none was due */
	TRANSPORT_END_TIMEOUT,     /* connect, silence or whole-life deadline */
	TRANSPORT_END_TLS_ALERT,   /* `detail` is the alert's number */
	TRANSPORT_END_TLS_VERSION, /* no version in common */
	TRANSPORT_END_TLS_ERROR, /* the handshake broke otherwise; `detail` is the reason's text */
	TRANSPORT_END_NO_CERTIFICATE,
	TRANSPORT_END_TOO_LARGE, /* limits->tls_read_bytes */
	TRANSPORT_END_LOCAL,     /* no descriptor, port or memory */
	TRANSPORT_END_EXCLUDED,  /* no leave: reserved address, block list */
	TRANSPORT_END_STOPPED,   /* the scan is being stopped */
};

/* The TLS session that came up. Spans are the caller's; a machine copies what it keeps. */
struct tls_facts {
	struct span version; /* "TLSv1.3" */
	struct span cipher;  /* IANA name */
	struct span group;
	struct span alpn;       /* "h2", "http/1.1", no value */
	struct span_list chain; /* SHA-256 of each certificate, leaf first */
};

#endif
