/*
 * HTTP/1.1 (RFC 9112) for one GET: the request, and the response read as its bytes come. Used by
 * https.c where ALPN did not choose h2.
 */
#ifndef STSWEEP_STEPS_HTTP1_H
#define STSWEEP_STEPS_HTTP1_H

#include "steps/http_response.h"

enum http1_state {
	HTTP1_HEAD,
	HTTP1_BODY_LENGTH, /* Content-Length */
	HTTP1_BODY_CLOSE,  /* until the connection ends */
	HTTP1_CHUNK_SIZE,
	HTTP1_CHUNK_DATA,
	HTTP1_CHUNK_END,
	HTTP1_TRAILER,
	HTTP1_ENDED,
};

struct http1 {
	struct http_response *response;
	enum http1_state state;
	struct bytes received;
	size_t at;         /* bytes of `received` that are understood */
	size_t scanned;    /* of the head: whole lines that do not end it */
	int64_t remaining; /* bytes of the body or chunk */
};

struct http1 http1_start(struct http_response *response);
/* No value over the arena's cap. */
struct span http1_request(struct arena *arena, struct span host, struct span path,
			  struct span user_agent);
void http1_on_bytes(struct http1 *http, struct span bytes);
/* The server closed; `cut` when without TLS's close_notify, so that more may have been to come. */
void http1_on_closed(struct http1 *http, bool cut);

#endif
