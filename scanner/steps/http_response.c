/*
 * What both versions of HTTP do with a response. Called by http1.c and http2.c; knows neither
 * framing nor connection.
 */
#include "steps/http_response.h"

#include "base/cursor.h"

enum { REDIRECTIONS = 3, STATUS_CLASS = 100 };

struct http_response http_response_start(struct arena *arena, const struct limits *limits,
					 struct sts_policy *policy)
{
	return (struct http_response){
		.arena = arena,
		.limits = limits,
		.policy = policy,
		.body = bytes_over(arena, (size_t)limits->policy_bytes),
		.content_length = -1,
	};
}

void http_response_fail(struct http_response *response, enum policy_error error, struct span detail)
{
	if (response->progress != HTTP_READING)
		return;
	response->progress = HTTP_FAILED;
	response->error = error;
	response->detail = arena_copy(response->arena, detail);
}

static bool is_redirect(const struct http_response *response)
{
	return response->policy->http_status / STATUS_CLASS == REDIRECTIONS;
}

/* The first of several counts: senders that look at all take one. */
static void keep_first(struct http_response *response, struct span *place, struct span value)
{
	if (span_is_null(*place))
		*place = arena_copy(response->arena, value);
}

static bool is_digit(uint8_t byte)
{
	return byte >= '0' && byte <= '9';
}

int64_t http_read_length(struct span value)
{
	struct cursor cursor = cursor_over(value);
	struct span digits = cursor_while(&cursor, is_digit);
	int64_t length = 0;

	if (digits.len == 0 || !cursor_at_end(&cursor))
		return -1;
	for (size_t i = 0; i < digits.len; i++) {
		if (__builtin_mul_overflow(length, (int64_t)10, &length) ||
		    __builtin_add_overflow(length, (int64_t)(digits.data[i] - '0'), &length))
			return -1;
	}
	return length;
}

void http_response_header(struct http_response *response, struct span name, struct span value)
{
	struct sts_policy *policy = response->policy;

	response->header_bytes += (int64_t)(name.len + value.len);
	response->headers_count++;
	if (response->header_bytes > response->limits->http_header_bytes ||
	    response->headers_count > response->limits->http_headers_count) {
		http_response_fail(response, POLICY_ERROR_TOO_LARGE, span_text("headers"));
		return;
	}
	if (response->head_done)
		return; /* trailers */
	if (span_equal_nocase(name, span_text("content-type")))
		keep_first(response, &policy->content_type, value);
	else if (span_equal_nocase(name, span_text("server")))
		keep_first(response, &policy->server, value);
	else if (span_equal_nocase(name, span_text("location")) && is_redirect(response))
		keep_first(response, &policy->location, value);
	else if (span_equal_nocase(name, span_text("content-length")))
		response->content_length = http_read_length(value);
}

/*
 * RFC 8461 3.3: 3xx is not followed, only 200 counts. The body of anything else is not waited for.
 */
void http_response_head_done(struct http_response *response)
{
	response->head_done = true;
	if (is_redirect(response))
		http_response_fail(response, POLICY_ERROR_REDIRECT, (struct span){0});
	else if (response->policy->http_status != HTTP_OK)
		http_response_fail(response, POLICY_ERROR_STATUS, (struct span){0});
	else if (response->content_length > response->limits->policy_bytes)
		http_response_fail(response, POLICY_ERROR_TOO_LARGE, span_text("body"));
}

void http_response_body(struct http_response *response, struct span bytes)
{
	if (response->progress != HTTP_READING)
		return;
	switch (bytes_add(&response->body, bytes)) {
	case BYTES_ADDED:
		break;
	case BYTES_TOO_LARGE:
		http_response_fail(response, POLICY_ERROR_TOO_LARGE, span_text("body"));
		break;
	case BYTES_NO_MEMORY:
		http_response_fail(response, POLICY_ERROR_LOCAL_LIMIT, (struct span){0});
		break;
	}
}

void http_response_whole(struct http_response *response)
{
	if (response->progress != HTTP_READING)
		return;
	response->progress = HTTP_WHOLE;
	response->policy->body = bytes_span(&response->body);
}

void http_response_cut(struct http_response *response)
{
	http_response_fail(response,
			   response->head_done ? POLICY_ERROR_TRUNCATED : POLICY_ERROR_CLOSED,
			   (struct span){0});
}
