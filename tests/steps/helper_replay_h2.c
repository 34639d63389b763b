/*
 * HTTP/2 frames of a server, byte by byte by hand: header fields as literals without index (RFC
 * 7541 6.2.2), which every decoder takes. What the client sent is read by nghttp2's own server
 * session.
 */
#include "helper_replay.h"

#include <nghttp2/nghttp2.h>
#include <stdlib.h>

enum {
	FRAME_DATA = 0,
	FRAME_HEADERS = 1,
	FRAME_RST_STREAM = 3,
	FRAME_SETTINGS = 4,
	FRAME_PUSH_PROMISE = 5,
	FRAME_PING = 6,
	FRAME_GOAWAY = 7,
	FLAG_END_STREAM = 1,
	FLAG_ACK = 1,
	FLAG_END_HEADERS = 4,
	FRAME_MAX_BYTES = 16384,
	HEADER_BYTES = 9,
};

struct frame {
	uint8_t bytes[HEADER_BYTES + FRAME_MAX_BYTES + 1024];
	size_t len;
};

static void put(struct frame *frame, const void *bytes, size_t len)
{
	memcpy(frame->bytes + frame->len, bytes, len);
	frame->len += len;
}

static void put_number(struct frame *frame, uint64_t number, size_t len)
{
	while (len-- > 0)
		frame->bytes[frame->len++] = (uint8_t)(number >> (8 * len));
}

static void begin(struct frame *frame, uint8_t type, uint8_t flags, uint32_t stream)
{
	frame->len = 0;
	put_number(frame, 0, 3);
	put_number(frame, type, 1);
	put_number(frame, flags, 1);
	put_number(frame, stream, 4);
}

static bool finish(struct replay *replay, struct frame *frame)
{
	size_t len = frame->len;

	frame->len = 0;
	put_number(frame, len - HEADER_BYTES, 3);
	return replay_receive(replay, span_of(frame->bytes, len));
}

static bool ends_stream(const struct replay_words *words)
{
	return span_equal(words->items[words->count - 1], span_text("end"));
}

static void put_string(struct frame *frame, struct span text)
{
	enum { PREFIX_MAX = 127 };

	/* An integer with a prefix of 7 bits (RFC 7541 5.1). */
	if (text.len < PREFIX_MAX) {
		put_number(frame, text.len, 1);
	} else {
		size_t rest = text.len - PREFIX_MAX;

		put_number(frame, PREFIX_MAX, 1);
		for (; rest >= 128; rest /= 128)
			put_number(frame, rest % 128 + 128, 1);
		put_number(frame, rest, 1);
	}
	put(frame, text.data, text.len);
}

/* h2 headers NAME=VALUE... [end]; a name may begin with a colon. */
static bool headers(struct replay *replay, const struct replay_words *words)
{
	struct frame frame;

	begin(&frame, FRAME_HEADERS,
	      (uint8_t)(FLAG_END_HEADERS | (ends_stream(words) ? FLAG_END_STREAM : 0)), 1);
	for (size_t i = 2; i < words->count; i++) {
		struct span word = words->items[i];
		struct span name = span_first(word, span_find(word, '='));

		if (span_equal(word, span_text("end")))
			continue;
		put_number(&frame, 0, 1);
		put_string(&frame, name);
		put_string(&frame, span_skip(word, name.len + 1));
	}
	return finish(replay, &frame);
}

/* h2 data BYTES [end]: as many frames as are needed */
static bool data(struct replay *replay, const struct replay_words *words)
{
	struct span rest = words->items[2];
	bool last = ends_stream(words) && words->count > 3;
	struct frame frame;

	do {
		struct span piece = span_first(rest, FRAME_MAX_BYTES);

		rest = span_skip(rest, piece.len);
		begin(&frame, FRAME_DATA, last && rest.len == 0 ? FLAG_END_STREAM : 0, 1);
		put(&frame, piece.data, piece.len);
		if (!finish(replay, &frame))
			return false;
	} while (rest.len > 0 && replay->action == TRANSPORT_READ);
	return true;
}

static uint32_t number_option(const struct replay_words *words, const char *key)
{
	struct span value = replay_option(words, 2, key);

	return span_is_null(value) ? 0 : (uint32_t)replay_number(value);
}

static bool goaway(struct replay *replay, const struct replay_words *words)
{
	struct frame frame;

	begin(&frame, FRAME_GOAWAY, 0, 0);
	put_number(&frame, number_option(words, "last"), 4);
	put_number(&frame, number_option(words, "error"), 4);
	return finish(replay, &frame);
}

static bool reset_stream(struct replay *replay, const struct replay_words *words)
{
	struct frame frame;

	begin(&frame, FRAME_RST_STREAM, 0, 1);
	put_number(&frame, number_option(words, "error"), 4);
	return finish(replay, &frame);
}

static bool settings(struct replay *replay)
{
	struct frame frame;

	begin(&frame, FRAME_SETTINGS, 0, 0);
	if (!finish(replay, &frame))
		return false;
	begin(&frame, FRAME_SETTINGS, FLAG_ACK, 0);
	return finish(replay, &frame);
}

static bool pings(struct replay *replay, const struct replay_words *words)
{
	struct frame frame;

	for (int64_t i = replay_number(words->items[2]); i > 0; i--) {
		begin(&frame, FRAME_PING, 0, 0);
		put_number(&frame, (uint64_t)i, 8);
		if (!finish(replay, &frame))
			return false;
		if (replay->action != TRANSPORT_READ)
			return true;
	}
	return true;
}

static bool push(struct replay *replay)
{
	struct frame frame;

	begin(&frame, FRAME_PUSH_PROMISE, FLAG_END_HEADERS, 1);
	put_number(&frame, 2, 4);
	put_number(&frame, 0x82, 1); /* :method GET */
	return finish(replay, &frame);
}

bool replay_h2_line(struct replay *replay, const struct replay_words *words)
{
	const char *what = replay_word(replay, words, 1);

	if (strcmp(what, "settings") == 0)
		return settings(replay);
	if (strcmp(what, "headers") == 0)
		return headers(replay, words);
	if (strcmp(what, "data") == 0)
		return data(replay, words);
	if (strcmp(what, "goaway") == 0)
		return goaway(replay, words);
	if (strcmp(what, "rst") == 0)
		return reset_stream(replay, words);
	if (strcmp(what, "pings") == 0)
		return pings(replay, words);
	if (strcmp(what, "push") == 0)
		return push(replay);
	return replay_fail(replay, "no such frame");
}

/* --- what the client asked --- */

struct seen_request {
	struct arena *arena;
	struct span_list fields; /* "name=value" */
	int64_t push;            /* SETTINGS_ENABLE_PUSH, -1 if not sent */
};

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
		     size_t name_len, const uint8_t *value, size_t value_len, uint8_t flags,
		     void *context)
{
	struct seen_request *seen = context;

	(void)session;
	(void)frame;
	(void)flags;
	arena_append(seen->arena, &seen->fields,
		     arena_printf(seen->arena, "%.*s=%.*s", (int)name_len, (const char *)name,
				  (int)value_len, (const char *)value));
	return 0;
}

static int on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *context)
{
	struct seen_request *seen = context;

	(void)session;
	if (frame->hd.type != NGHTTP2_SETTINGS)
		return 0;
	for (size_t i = 0; i < frame->settings.niv; i++) {
		if (frame->settings.iv[i].settings_id == NGHTTP2_SETTINGS_ENABLE_PUSH)
			seen->push = frame->settings.iv[i].value;
	}
	return 0;
}

static bool read_request(struct replay *replay, struct seen_request *seen)
{
	nghttp2_session_callbacks *callbacks = NULL;
	nghttp2_session *session = NULL;

	nghttp2_session_callbacks_new(&callbacks);
	nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
	nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
	nghttp2_session_server_new(&session, callbacks, seen);
	ssize_t read = nghttp2_session_mem_recv(session, replay->sent, replay->sent_len);

	nghttp2_session_del(session);
	nghttp2_session_callbacks_del(callbacks);
	return read == (ssize_t)replay->sent_len;
}

/* expect request NAME=VALUE...: all fields, in order */
bool replay_h2_expect_request(struct replay *replay, const struct replay_words *words)
{
	struct seen_request seen = {.arena = &replay->arena, .push = -1};

	if (!read_request(replay, &seen))
		return replay_fail(replay, "no HTTP/2 request was sent");
	replay->sent_len = 0;
	if (seen.push != 0)
		return replay_fail(replay, "push was not forbidden");
	if (seen.fields.count != words->count - 2)
		return replay_fail(replay, "%zu fields in the request", seen.fields.count);
	for (size_t i = 0; i < seen.fields.count; i++) {
		if (!span_equal(seen.fields.items[i], words->items[i + 2]))
			return replay_fail(replay, "field '%.*s'", (int)seen.fields.items[i].len,
					   (const char *)seen.fields.items[i].data);
	}
	return true;
}
