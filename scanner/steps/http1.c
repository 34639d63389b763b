/*
 * Reads an HTTP/1.1 response: one handler a state, each takes what it can from what was received
 * and says which state is next; staying in its state means that more bytes are needed. Called by
 * https.c; follows no redirect, decodes no coding but chunked.
 */
#include "steps/http1.h"

#include "base/cursor.h"

enum {
	CHUNK_LINE_MAX_BYTES = 1024, /* extensions included */
	STATUS_DIGITS = 3,
	SWITCHING_PROTOCOLS = 101,
};

struct http1 http1_start(struct http_response *response)
{
	return (struct http1){
		.response = response,
		.received = bytes_over(response->arena, (size_t)response->limits->tls_read_bytes),
	};
}

struct span http1_request(struct arena *arena, struct span host, struct span path,
			  struct span user_agent)
{
	return arena_printf(arena,
			    "GET %.*s HTTP/1.1\r\n"
			    "Host: %.*s\r\n"
			    "User-Agent: %.*s\r\n"
			    "Accept: text/plain\r\n"
			    "Connection: close\r\n\r\n",
			    (int)path.len, (const char *)path.data, (int)host.len,
			    (const char *)host.data, (int)user_agent.len,
			    (const char *)user_agent.data);
}

static enum http1_state broken(struct http1 *http, const char *why)
{
	http_response_fail(http->response, POLICY_ERROR_PROTOCOL_ERROR, span_text(why));
	return HTTP1_ENDED;
}

static enum http1_state too_large(struct http1 *http, const char *what)
{
	http_response_fail(http->response, POLICY_ERROR_TOO_LARGE, span_text(what));
	return HTTP1_ENDED;
}

static struct span unread(const struct http1 *http)
{
	return span_skip(bytes_span(&http->received), http->at);
}

/* The next whole line without its end; no value while it is not whole. */
static struct span next_line(struct http1 *http)
{
	struct span rest = unread(http);
	struct cursor cursor = cursor_over(rest);

	if (span_find(rest, '\n') == rest.len)
		return (struct span){0};
	struct span line = cursor_line(&cursor);

	http->at += cursor.at;
	return line;
}

/* --- the head --- */

static bool is_digit(uint8_t byte)
{
	return byte >= '0' && byte <= '9';
}

/*
 * status-line = HTTP-version SP status-code SP [ reason-phrase ]; a missing last space is forgiven.
 */
static bool read_status_line(struct http1 *http, struct span line)
{
	struct sts_policy *policy = http->response->policy;
	struct cursor cursor = cursor_over(line);
	struct span version = cursor_bytes(&cursor, strlen("HTTP/1."));
	uint8_t minor = cursor_u8(&cursor);
	bool spaced = cursor_accept(&cursor, ' ');
	struct span digits = cursor_while(&cursor, is_digit);

	if (cursor.failed || !spaced || !span_equal(version, span_text("HTTP/1.")) ||
	    !is_digit(minor) || digits.len != STATUS_DIGITS ||
	    (cursor_peek(&cursor) != ' ' && !cursor_at_end(&cursor)))
		return false;
	policy->protocol = minor == '0' ? HTTP_PROTOCOL_HTTP_1_0 : HTTP_PROTOCOL_HTTP_1_1;
	policy->http_status = http_read_length(digits);
	return true;
}

/* What frames the body, as far as the fields tell. */
struct framing {
	int64_t length; /* -1: none */
	bool chunked;
	bool broken;
};

/* RFC 9110 8.6: a list of equal lengths is one length; anything else cannot be trusted to frame. */
static void read_content_length(struct framing *framing, struct span value)
{
	while (value.len > 0) {
		struct span item = span_first(value, span_find(value, ','));
		int64_t length = http_read_length(span_trim(item));

		if (length < 0 || (framing->length >= 0 && framing->length != length))
			framing->broken = true;
		framing->length = length;
		value = span_skip(value, item.len + 1);
	}
	if (framing->length < 0)
		framing->broken = true;
}

static void read_field(struct http1 *http, struct span field, struct framing *framing)
{
	struct span name = span_first(field, span_find(field, ':'));
	struct span value = span_trim(span_skip(field, name.len + 1));

	/* Space before the colon is forbidden and taken off (RFC 9112 5.1). */
	framing->broken |= name.len == field.len || span_trim(name).len == 0 ||
			   span_find(field, '\0') < field.len || span_find(field, '\r') < field.len;
	name = span_trim(name);
	http_response_header(http->response, name, value);
	if (span_equal_nocase(name, span_text("content-length"))) {
		read_content_length(framing, value);
	} else if (span_equal_nocase(name, span_text("transfer-encoding"))) {
		framing->broken |=
			framing->chunked || !span_equal_nocase(value, span_text("chunked"));
		framing->chunked = true;
	}
}

static bool begins_blank(struct span line)
{
	return line.len > 0 && (line.data[0] == ' ' || line.data[0] == '\t');
}

/* obs-fold: a line that goes on is joined with one space (RFC 9112 5.2). */
static struct span unfold(struct arena *arena, struct span field, struct span more)
{
	more = span_trim(more);
	uint8_t *joined = arena_alloc(arena, field.len + 1 + more.len);

	if (joined == NULL)
		return field;
	memcpy(joined, field.data, field.len);
	joined[field.len] = ' ';
	if (more.len > 0)
		memcpy(joined + field.len + 1, more.data, more.len);
	return span_of(joined, field.len + 1 + more.len);
}

static struct framing read_fields(struct http1 *http, struct cursor *lines)
{
	struct framing framing = {.length = -1};

	while (!cursor_at_end(lines)) {
		struct span field = cursor_line(lines);

		if (field.len == 0)
			break;
		framing.broken |= begins_blank(field);
		for (;;) {
			struct cursor ahead = *lines;
			struct span more = cursor_line(&ahead);

			if (!begins_blank(more))
				break;
			field = unfold(http->response->arena, field, more);
			*lines = ahead;
		}
		read_field(http, field, &framing);
	}
	return framing;
}

/* RFC 9112 6.3, for the answer to a GET. */
static enum http1_state begin_body(struct http1 *http, const struct framing *framing)
{
	bool old = http->response->policy->protocol == HTTP_PROTOCOL_HTTP_1_0;

	if (framing->chunked)
		return old ? broken(http, "transfer coding in HTTP/1.0") : HTTP1_CHUNK_SIZE;
	http->remaining = framing->length;
	return framing->length >= 0 ? HTTP1_BODY_LENGTH : HTTP1_BODY_CLOSE;
}

static enum http1_state read_head(struct http1 *http, struct span head)
{
	struct http_response *response = http->response;
	struct cursor lines = cursor_over(head);

	if (!read_status_line(http, cursor_line(&lines)))
		return broken(http, "status line");
	bool informational = response->policy->http_status < HTTP_OK;

	if (informational && response->policy->http_status == SWITCHING_PROTOCOLS)
		return broken(http, "switching protocols");
	response->head_done = informational; /* so that nothing is kept of its fields */
	struct framing framing = read_fields(http, &lines);

	response->head_done = false;
	if (informational) {
		response->policy->http_status = NUMBER_NULL;
		return HTTP1_HEAD;
	}
	if (framing.broken)
		return broken(http, "header fields");
	if (framing.chunked)
		framing.length = -1; /* RFC 9112 6.3: the coding overrides the length */
	response->content_length = framing.length;
	http_response_head_done(response);
	return begin_body(http, &framing);
}

/* Bytes that cannot begin a status line: what is no HTTP is known at once, not after a time-out. */
static bool is_no_status_line(struct span head)
{
	struct span version = span_text("HTTP/1.");
	size_t known = head.len < version.len ? head.len : version.len;

	return !span_equal(span_first(head, known), span_first(version, known));
}

static enum http1_state on_head(struct http1 *http)
{
	const struct limits *limits = http->response->limits;

	if (is_no_status_line(unread(http)))
		return broken(http, "status line");

	for (;;) {
		struct span rest = span_skip(unread(http), http->scanned);
		size_t end = span_find(rest, '\n');
		bool empty = end == 0 || (end == 1 && rest.data[0] == '\r');

		if ((int64_t)(http->scanned + end) > limits->http_header_bytes)
			return too_large(http, "headers");
		if (end == rest.len)
			return HTTP1_HEAD;
		http->scanned += end + 1;
		if (empty)
			break;
	}
	struct span head = span_first(unread(http), http->scanned);

	http->at += http->scanned;
	http->scanned = 0;
	return read_head(http, head);
}

/* --- the body --- */

static size_t take_body(struct http1 *http, int64_t most)
{
	struct span rest = unread(http);
	struct span taken = (int64_t)rest.len > most ? span_first(rest, (size_t)most) : rest;

	http_response_body(http->response, taken);
	http->at += taken.len;
	return taken.len;
}

static enum http1_state end_response(struct http1 *http)
{
	http_response_whole(http->response);
	return HTTP1_ENDED;
}

static enum http1_state on_body_length(struct http1 *http)
{
	http->remaining -= (int64_t)take_body(http, http->remaining);
	return http->remaining == 0 ? end_response(http) : HTTP1_BODY_LENGTH;
}

static enum http1_state on_body_close(struct http1 *http)
{
	(void)take_body(http, INT64_MAX);
	return HTTP1_BODY_CLOSE;
}

static int hex_digit(int byte)
{
	if (byte >= '0' && byte <= '9')
		return byte - '0';
	if (byte >= 'a' && byte <= 'f')
		return byte - 'a' + 10;
	return byte >= 'A' && byte <= 'F' ? byte - 'A' + 10 : -1;
}

/* chunk-size [ chunk-ext ]; -1 if malformed. Eight digits are more than any body that is taken. */
static int64_t read_chunk_size(struct span line)
{
	enum { DIGITS_MAX = 8 };
	struct cursor cursor = cursor_over(line);
	int64_t size = 0;
	int digits = 0;

	while (hex_digit(cursor_peek(&cursor)) >= 0 && digits++ < DIGITS_MAX)
		size = size * 16 + hex_digit(cursor_u8(&cursor));
	struct span rest = span_trim(cursor_rest(&cursor));

	if (digits == 0 || digits > DIGITS_MAX || (rest.len > 0 && rest.data[0] != ';'))
		return -1;
	return size;
}

static enum http1_state wait_for_line(struct http1 *http, enum http1_state state)
{
	return unread(http).len > CHUNK_LINE_MAX_BYTES ? broken(http, "chunk line") : state;
}

static enum http1_state on_chunk_size(struct http1 *http)
{
	struct span line = next_line(http);

	if (span_is_null(line))
		return wait_for_line(http, HTTP1_CHUNK_SIZE);
	http->remaining = read_chunk_size(line);
	if (http->remaining < 0)
		return broken(http, "chunk size");
	return http->remaining == 0 ? HTTP1_TRAILER : HTTP1_CHUNK_DATA;
}

static enum http1_state on_chunk_data(struct http1 *http)
{
	http->remaining -= (int64_t)take_body(http, http->remaining);
	return http->remaining == 0 ? HTTP1_CHUNK_END : HTTP1_CHUNK_DATA;
}

static enum http1_state on_chunk_end(struct http1 *http)
{
	struct span line = next_line(http);

	if (span_is_null(line))
		return unread(http).len > strlen("\r\n") ? broken(http, "chunk end")
							 : HTTP1_CHUNK_END;
	return line.len == 0 ? HTTP1_CHUNK_SIZE : broken(http, "chunk end");
}

static enum http1_state on_trailer(struct http1 *http)
{
	struct span line = next_line(http);

	if (span_is_null(line))
		return wait_for_line(http, HTTP1_TRAILER);
	if (line.len == 0)
		return end_response(http);
	http_response_header(http->response, line, span_text(""));
	return HTTP1_TRAILER;
}

static enum http1_state step_once(struct http1 *http)
{
	switch (http->state) {
	case HTTP1_HEAD:
		return on_head(http);
	case HTTP1_BODY_LENGTH:
		return on_body_length(http);
	case HTTP1_BODY_CLOSE:
		return on_body_close(http);
	case HTTP1_CHUNK_SIZE:
		return on_chunk_size(http);
	case HTTP1_CHUNK_DATA:
		return on_chunk_data(http);
	case HTTP1_CHUNK_END:
		return on_chunk_end(http);
	case HTTP1_TRAILER:
		return on_trailer(http);
	case HTTP1_ENDED:
		break;
	}
	return HTTP1_ENDED;
}

void http1_on_bytes(struct http1 *http, struct span bytes)
{
	enum http1_state before;
	size_t at;

	if (bytes_add(&http->received, bytes) != BYTES_ADDED) {
		http_response_fail(http->response, POLICY_ERROR_LOCAL_LIMIT, (struct span){0});
		return;
	}
	do {
		before = http->state;
		at = http->at;
		http->state = step_once(http);
	} while (http->response->progress == HTTP_READING &&
		 (http->state != before || http->at != at));
	bytes_drop(&http->received, http->at);
	http->at = 0;
}

/* RFC 9112 9.8: a body that the close ends is whole only after a valid closure alert. */
void http1_on_closed(struct http1 *http, bool cut)
{
	if (http->state == HTTP1_BODY_CLOSE && !cut)
		http_response_whole(http->response);
	else
		http_response_cut(http->response);
}
