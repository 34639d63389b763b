/*
 * Scenarios of the byte machines: what the server sends, what TLS comes to, how the connection
 * ends, and what the machine sends and wants next. In a split run every byte from the server is an
 * event of its own.
 */
#include "helper_replay.h"

#include <stdio.h>
#include <stdlib.h>

static const char *const action_names[] = {"read", "start-tls", "close"};

static bool is_wire(const struct replay *replay)
{
	return replay->machine == REPLAY_SMTP || replay->machine == REPLAY_HTTPS;
}

static bool take(struct replay *replay, struct transport move)
{
	replay->action = move.action;
	if (move.send.len > REPLAY_SENT_MAX - replay->sent_len)
		return replay_fail(replay, "too much to send");
	if (move.send.len > 0)
		memcpy(replay->sent + replay->sent_len, move.send.data, move.send.len);
	replay->sent_len += move.send.len;
	if (move.action == TRANSPORT_START_TLS && move.send.len > 0)
		return replay_fail(replay, "something to send before the handshake");
	return true;
}

static bool start(struct replay *replay, const struct replay_words *words)
{
	struct span host = words->items[2];

	replay->sent = malloc(REPLAY_SENT_MAX);
	if (replay->machine == REPLAY_SMTP) {
		struct host_address *probe = record_new(&replay->arena, &schema_host_address);

		replay->schema = &schema_host_address;
		replay->record = probe;
		replay->smtp = smtp_step_new(&replay->arena, &replay->settings, host, probe);
	} else {
		struct sts_policy *policy = record_new(&replay->arena, &schema_sts_policy);

		replay->schema = &schema_sts_policy;
		replay->record = policy;
		replay->https = https_step_new(&replay->arena, &replay->settings, host, policy);
	}
	return true;
}

static bool connected(struct replay *replay)
{
	return take(replay, replay->machine == REPLAY_SMTP
				    ? smtp_step_on_connected(replay->smtp)
				    : https_step_on_connected(replay->https));
}

/* In memory of its own, so that a read beyond the end is found. */
static bool receive_piece(struct replay *replay, struct span piece)
{
	uint8_t *copy = malloc(piece.len > 0 ? piece.len : 1);
	struct transport move;

	memcpy(copy, piece.data, piece.len);
	if (replay->machine == REPLAY_SMTP)
		move = smtp_step_on_bytes(replay->smtp, span_of(copy, piece.len));
	else
		move = https_step_on_bytes(replay->https, span_of(copy, piece.len));
	free(copy);
	return take(replay, move);
}

bool replay_receive(struct replay *replay, struct span bytes)
{
	if (!replay->split)
		return receive_piece(replay, bytes);
	for (size_t i = 0; i < bytes.len; i++) {
		if (!receive_piece(replay, span_of(bytes.data + i, 1)))
			return false;
		if (replay->action != TRANSPORT_READ)
			return true;
	}
	return true;
}

/* tls version=... cipher=... group=... alpn=... chain=LABEL,LABEL */
static bool tls(struct replay *replay, const struct replay_words *words)
{
	struct policy_tls chain = {0};
	struct tls_facts facts = {
		.version = replay_option(words, 1, "version"),
		.cipher = replay_option(words, 1, "cipher"),
		.group = replay_option(words, 1, "group"),
		.alpn = replay_option(words, 1, "alpn"),
	};

	if (replay->action != TRANSPORT_START_TLS)
		return replay_fail(replay, "no TLS was asked for");
	for (size_t i = 1; i < words->count; i++) {
		if (span_starts_with(words->items[i], span_text("chain="))) {
			const struct replay_words one = {.items = {words->items[i]}, .count = 1};

			if (!replay_set_fields(replay, &schema_policy_tls, &chain, &one, 0))
				return false;
		}
	}
	facts.chain = chain.chain;
	return take(replay, replay->machine == REPLAY_SMTP
				    ? smtp_step_on_tls(replay->smtp, &facts)
				    : https_step_on_tls(replay->https, &facts));
}

static bool end(struct replay *replay, const struct replay_words *words)
{
	static const char *const ends[] = {
		[TRANSPORT_END_REFUSED] = "refused",
		[TRANSPORT_END_UNREACHABLE] = "unreachable",
		[TRANSPORT_END_RESET] = "reset",
		[TRANSPORT_END_CUT] = "cut",
		[TRANSPORT_END_CLOSED] = "closed",
		[TRANSPORT_END_TIMEOUT] = "timeout",
		[TRANSPORT_END_TLS_ALERT] = "tls-alert",
		[TRANSPORT_END_TLS_VERSION] = "tls-version",
		[TRANSPORT_END_TLS_ERROR] = "tls-error",
		[TRANSPORT_END_NO_CERTIFICATE] = "no-certificate",
		[TRANSPORT_END_TOO_LARGE] = "too-large",
		[TRANSPORT_END_LOCAL] = "local",
		[TRANSPORT_END_EXCLUDED] = "excluded",
		[TRANSPORT_END_STOPPED] = "stopped",
	};
	struct span detail = words->count > 2 ? words->items[2] : (struct span){0};

	for (size_t i = 0; i < ARRAY_LENGTH(ends); i++) {
		if (strcmp(ends[i], replay_word(replay, words, 1)) != 0)
			continue;
		if (replay->machine == REPLAY_SMTP)
			smtp_step_on_end(replay->smtp, (enum transport_end)i, detail);
		else
			https_step_on_end(replay->https, (enum transport_end)i, detail);
		return true;
	}
	return replay_fail(replay, "no such end");
}

static bool expect_sent(struct replay *replay, struct span expected)
{
	struct span sent = span_of(replay->sent, replay->sent_len);

	replay->sent_len = 0;
	if (span_equal(sent, expected))
		return true;
	return replay_fail(replay, "sent '%.*s', not '%.*s'", (int)sent.len,
			   (const char *)sent.data, (int)expected.len, (const char *)expected.data);
}

static bool expect(struct replay *replay, const struct replay_words *words, bool *known)
{
	const char *what = replay_word(replay, words, 1);

	if (strcmp(what, "send") == 0)
		return expect_sent(replay, words->count > 2 ? words->items[2] : span_text(""));
	if (strcmp(what, "request") == 0)
		return replay_h2_expect_request(replay, words);
	if (strcmp(what, "action") == 0)
		return strcmp(action_names[replay->action], replay_word(replay, words, 2)) == 0 ||
		       replay_fail(replay, "the action is %s", action_names[replay->action]);
	*known = false;
	return true;
}

bool replay_wire_line(struct replay *replay, const struct replay_words *words, bool *known)
{
	const char *verb = replay_word(replay, words, 0);
	const char *what = replay_word(replay, words, 1);

	*known = true;
	if (strcmp(verb, "start") == 0 && strcmp(what, "smtp") == 0) {
		replay->machine = REPLAY_SMTP;
		return start(replay, words);
	}
	if (strcmp(verb, "start") == 0 && strcmp(what, "https") == 0) {
		replay->machine = REPLAY_HTTPS;
		return start(replay, words);
	}
	*known = is_wire(replay);
	if (!*known)
		return true;
	if (strcmp(verb, "expect") == 0)
		return expect(replay, words, known);
	if (strcmp(verb, "connected") == 0)
		return connected(replay);
	if (strcmp(verb, "recv") == 0)
		return replay_receive(replay, words->items[1]);
	if (strcmp(verb, "tls") == 0)
		return tls(replay, words);
	if (strcmp(verb, "end") == 0)
		return end(replay, words);
	if (strcmp(verb, "h2") == 0)
		return replay_h2_line(replay, words);
	*known = false;
	return true;
}

void replay_wire_close(struct replay *replay)
{
	if (replay->https != NULL)
		https_step_close(replay->https);
	free(replay->sent);
}
