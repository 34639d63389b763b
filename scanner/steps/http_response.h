/*
 * One HTTP response as the policy fetch sees it, whichever version carries it: status, the few
 * headers that are kept, a capped body, and how far it is. Filled by http1.c and http2.c, looked at
 * by https.c.
 */
#ifndef STSWEEP_STEPS_HTTP_RESPONSE_H
#define STSWEEP_STEPS_HTTP_RESPONSE_H

#include "base/limits.h"
#include "record/record.h"
#include "steps/bytes.h"

enum http_progress {
	HTTP_READING,
	HTTP_WHOLE,  /* a 200 with all of its body */
	HTTP_FAILED, /* `error` and `detail` say how */
};

enum { HTTP_OK = 200 };

struct http_response {
	struct arena *arena;
	const struct limits *limits;
	struct sts_policy *policy;
	enum http_progress progress;
	enum policy_error error;
	struct span detail;
	struct bytes body;
	int64_t header_bytes; /* names and values so far, informational responses too */
	int64_t headers_count;
	int64_t content_length; /* as announced, -1 if not */
	bool head_done;         /* of the final response */
};

struct http_response http_response_start(struct arena *arena, const struct limits *limits,
					 struct sts_policy *policy);
/* The first failure stands. `detail` is copied. */
void http_response_fail(struct http_response *response, enum policy_error error,
			struct span detail);
/* A header field; the name is compared without case. Fails the response over the caps. */
void http_response_header(struct http_response *response, struct span name, struct span value);
/* The head of the final response is whole: a status other than 200 ends the fetch here. */
void http_response_head_done(struct http_response *response);
void http_response_body(struct http_response *response, struct span bytes);
void http_response_whole(struct http_response *response);
/* The connection was closed before the response was whole. */
void http_response_cut(struct http_response *response);

/* 1*DIGIT that fits; -1 otherwise. */
int64_t http_read_length(struct span value);

#endif
