/*
 * HTTP/2 (RFC 9113) for one GET, by nghttp2's session, which is bytes in and bytes out: it owns no
 * connection. Used by https.c where ALPN chose h2.
 */
#ifndef STSWEEP_STEPS_HTTP2_H
#define STSWEEP_STEPS_HTTP2_H

#include "steps/http_response.h"

struct nghttp2_session;

struct http2 {
	struct http_response *response;
	struct nghttp2_session *session; /* outside the arena: http2_close frees it */
	struct bytes *send;              /* where what is to be sent goes */
	int32_t stream;
	int64_t frames_count;
	int64_t data_bytes; /* of the stream's DATA frames, those included that nghttp2 refuses */
	uint32_t goaway_error;
	bool goaway;       /* received */
	bool stream_reset; /* by us, because of what the server sent */
};

/* Queues the request in `send`. False without memory; http2_close is called all the same. */
bool http2_start(struct http2 *http, struct http_response *response, struct bytes *send,
		 struct span host, struct span path, struct span user_agent);
void http2_on_bytes(struct http2 *http, struct span bytes);
void http2_on_closed(struct http2 *http);
/* Queues the GOAWAY of a client that has what it wanted. */
void http2_finish(struct http2 *http);
void http2_close(struct http2 *http);

#endif
