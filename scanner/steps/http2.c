/*
 * Callbacks between nghttp2 and the response, and what each way of ending means. Called by https.c;
 * framing, header compression and flow control are nghttp2's.
 */
#include "steps/http2.h"

#include <nghttp2/nghttp2.h>

enum {
	HEADER_TABLE_BYTES = 4096,
	STATUS_DIGITS = 3,
};

static struct span error_name(uint32_t error)
{
	return span_text(nghttp2_http2_strerror(error));
}

static bool is_ours(const struct http2 *http, int32_t stream)
{
	return stream == http->stream;
}

/* --- what the server sends --- */

static int on_begin_frame(nghttp2_session *session, const nghttp2_frame_hd *header, void *context)
{
	struct http2 *http = context;

	(void)session;
	if (header->type == NGHTTP2_DATA && is_ours(http, header->stream_id))
		http->data_bytes += (int64_t)header->length;
	if (++http->frames_count > http->response->limits->http2_frames_count)
		http_response_fail(http->response, POLICY_ERROR_TOO_LARGE, span_text("frames"));
	return 0;
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
		     size_t name_len, const uint8_t *value, size_t value_len, uint8_t flags,
		     void *context)
{
	struct http2 *http = context;
	struct span field = span_of(name, name_len), text = span_of(value, value_len);

	(void)session;
	(void)flags;
	if (!is_ours(http, frame->hd.stream_id))
		return 0;
	if (span_equal(field, span_text(":status")) && !http->response->head_done)
		http->response->policy->http_status =
			text.len == STATUS_DIGITS ? http_read_length(text) : NUMBER_NULL;
	http_response_header(http->response, field, text);
	return 0;
}

static int on_data(nghttp2_session *session, uint8_t flags, int32_t stream, const uint8_t *data,
		   size_t len, void *context)
{
	struct http2 *http = context;

	(void)session;
	(void)flags;
	if (is_ours(http, stream))
		http_response_body(http->response, span_of(data, len));
	return 0;
}

/* An informational response (RFC 9113 8.1) leaves nothing behind. */
static void forget_informational(struct sts_policy *policy)
{
	policy->http_status = NUMBER_NULL;
	policy->content_type = (struct span){0};
	policy->server = (struct span){0};
}

static void on_headers_frame(struct http2 *http)
{
	struct http_response *response = http->response;

	if (response->head_done)
		return; /* trailers */
	if (response->policy->http_status < HTTP_OK)
		forget_informational(response->policy);
	else
		http_response_head_done(response);
}

static int on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *context)
{
	struct http2 *http = context;
	bool last = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;

	(void)session;
	if (frame->hd.type == NGHTTP2_GOAWAY) {
		http->goaway = true;
		http->goaway_error = frame->goaway.error_code;
		return 0;
	}
	if (!is_ours(http, frame->hd.stream_id))
		return 0;
	if (frame->hd.type == NGHTTP2_HEADERS)
		on_headers_frame(http);
	else if (frame->hd.type != NGHTTP2_DATA)
		return 0;
	if (last && http->response->head_done)
		http_response_whole(http->response);
	return 0;
}

/* --- how it breaks --- */

static int on_frame_sent(nghttp2_session *session, const nghttp2_frame *frame, void *context)
{
	struct http2 *http = context;

	(void)session;
	if (frame->hd.type == NGHTTP2_RST_STREAM && is_ours(http, frame->hd.stream_id))
		http->stream_reset = true;
	return 0;
}

static int on_invalid_frame(nghttp2_session *session, const nghttp2_frame *frame, int error,
			    void *context)
{
	struct http2 *http = context;

	(void)session;
	(void)frame;
	/* A malformed message resets the stream: fail_stream tells a short body from the rest. */
	if (error != NGHTTP2_ERR_HTTP_MESSAGING)
		http_response_fail(http->response, POLICY_ERROR_PROTOCOL_ERROR,
				   span_text(nghttp2_strerror(error)));
	return 0;
}

static bool body_is_short(const struct http2 *http)
{
	return http->response->content_length > http->data_bytes;
}

/* The stream is gone before the response was whole. */
static void fail_stream(struct http2 *http, uint32_t error)
{
	struct http_response *response = http->response;

	if (http->stream_reset && body_is_short(http))
		http_response_fail(response, POLICY_ERROR_TRUNCATED, (struct span){0});
	else if (http->stream_reset)
		http_response_fail(response, POLICY_ERROR_PROTOCOL_ERROR, error_name(error));
	else if (http->goaway)
		http_response_fail(response, POLICY_ERROR_GOAWAY, error_name(http->goaway_error));
	else if (error == NGHTTP2_REFUSED_STREAM)
		http_response_fail(response, POLICY_ERROR_GOAWAY, error_name(error));
	else
		http_response_fail(response, POLICY_ERROR_RESET, error_name(error));
}

static int on_stream_close(nghttp2_session *session, int32_t stream, uint32_t error, void *context)
{
	struct http2 *http = context;

	(void)session;
	if (is_ours(http, stream))
		fail_stream(http, error);
	return 0;
}

/* --- the session --- */

static nghttp2_session_callbacks *make_callbacks(void)
{
	nghttp2_session_callbacks *callbacks = NULL;

	if (nghttp2_session_callbacks_new(&callbacks) != 0)
		return NULL;
	nghttp2_session_callbacks_set_on_begin_frame_callback(callbacks, on_begin_frame);
	nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
	nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
	nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, on_frame_sent);
	nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(callbacks, on_invalid_frame);
	nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_stream_close);
	return callbacks;
}

static bool make_session(struct http2 *http)
{
	enum {
		ACKS_MAX = 64
	}; /* answers to pings and settings that may wait: a server that floods gains nothing */
	nghttp2_session_callbacks *callbacks = make_callbacks();
	nghttp2_option *option = NULL;
	bool made = callbacks != NULL && nghttp2_option_new(&option) == 0;

	if (made) {
		nghttp2_option_set_max_outbound_ack(option, ACKS_MAX);
		nghttp2_option_set_max_deflate_dynamic_table_size(option, 0);
		made = nghttp2_session_client_new2(&http->session, callbacks, http, option) == 0;
	}
	nghttp2_option_del(option);
	nghttp2_session_callbacks_del(callbacks);
	return made;
}

static bool submit_settings(struct http2 *http)
{
	const nghttp2_settings_entry settings[] = {
		{NGHTTP2_SETTINGS_HEADER_TABLE_SIZE, HEADER_TABLE_BYTES},
		{NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
		{NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE,
		 (uint32_t)http->response->limits->http_header_bytes},
	};

	return nghttp2_submit_settings(http->session, NGHTTP2_FLAG_NONE, settings,
				       ARRAY_LENGTH(settings)) == 0;
}

/* nghttp2 copies names and values; its struct is const-less for those who let it not copy. */
static nghttp2_nv field(const char *name, struct span value)
{
	return (nghttp2_nv){
		.name = (uint8_t *)(uintptr_t)name,
		.namelen = strlen(name),
		.value = (uint8_t *)(uintptr_t)value.data,
		.valuelen = value.len,
	};
}

static bool submit_request(struct http2 *http, struct span host, struct span path,
			   struct span user_agent)
{
	const nghttp2_nv fields[] = {
		field(":method", span_text("GET")), field(":scheme", span_text("https")),
		field(":authority", host),          field(":path", path),
		field("user-agent", user_agent),    field("accept", span_text("text/plain")),
	};

	http->stream = nghttp2_submit_request(http->session, NULL, fields, ARRAY_LENGTH(fields),
					      NULL, NULL);
	return http->stream > 0;
}

/* Everything that nghttp2 wants sent, to the outgoing buffer. */
static bool collect(struct http2 *http)
{
	for (;;) {
		const uint8_t *data = NULL;
		ssize_t len = nghttp2_session_mem_send(http->session, &data);

		if (len == 0)
			return true;
		if (len < 0 || bytes_add(http->send, span_of(data, (size_t)len)) != BYTES_ADDED)
			return false;
	}
}

bool http2_start(struct http2 *http, struct http_response *response, struct bytes *send,
		 struct span host, struct span path, struct span user_agent)
{
	*http = (struct http2){.response = response, .send = send};
	response->policy->protocol = HTTP_PROTOCOL_H2;
	return make_session(http) && submit_settings(http) &&
	       submit_request(http, host, path, user_agent) && collect(http);
}

static void fail_session(struct http2 *http, int error)
{
	bool local = error == NGHTTP2_ERR_NOMEM;

	http_response_fail(http->response,
			   local ? POLICY_ERROR_LOCAL_LIMIT : POLICY_ERROR_PROTOCOL_ERROR,
			   span_text(nghttp2_strerror(error)));
}

void http2_on_bytes(struct http2 *http, struct span bytes)
{
	ssize_t read = nghttp2_session_mem_recv(http->session, bytes.data, bytes.len);

	if (read < 0)
		fail_session(http, (int)read);
	if (!collect(http))
		http_response_fail(http->response, POLICY_ERROR_LOCAL_LIMIT, (struct span){0});
	/* The session has given up on the connection, without a word about the stream. */
	if (!nghttp2_session_want_read(http->session) && !nghttp2_session_want_write(http->session))
		http_response_fail(http->response, POLICY_ERROR_PROTOCOL_ERROR, (struct span){0});
}

void http2_on_closed(struct http2 *http)
{
	if (http->goaway)
		http_response_fail(http->response, POLICY_ERROR_GOAWAY,
				   error_name(http->goaway_error));
	else
		http_response_cut(http->response);
}

void http2_finish(struct http2 *http)
{
	if (nghttp2_session_terminate_session(http->session, NGHTTP2_NO_ERROR) == 0)
		(void)collect(http);
}

void http2_close(struct http2 *http)
{
	nghttp2_session_del(http->session);
	http->session = NULL;
}
