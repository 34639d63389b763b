/*
 * Any dialogue with the policy fetch, HTTP/1.1 or HTTP/2 by the first byte: it always says what to
 * do next, and in the end there is either a body of an accepted status or an error with its stage,
 * never both.
 */
#include <stdlib.h>

#include "base/cursor.h"
#include "steps/https.h"

enum { ARENA_CAP_BYTES = 1 << 20, ENDS = TRANSPORT_END_STOPPED + 1, EVENTS_MOST = 512 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
	if (!holds)
		abort();
}

static void check_ended(const struct sts_policy *policy, const struct limits *limits)
{
	bool failed = policy->fetch.stage != STAGE_NULL;

	check(failed == (policy->fetch.error != POLICY_ERROR_NULL));
	check(failed == span_is_null(policy->body));
	check(failed || policy->http_status == 200);
	check((int64_t)policy->body.len <= limits->policy_bytes);
}

static void check_move(const struct sts_policy *policy, const struct limits *limits,
		       struct transport move)
{
	if (move.action == TRANSPORT_CLOSE)
		check_ended(policy, limits);
	else
		check(policy->fetch.stage == STAGE_NULL && span_is_null(policy->body));
	check(move.action != TRANSPORT_START_TLS || move.send.len == 0);
}

static struct transport give(struct https_step *step, struct span piece)
{
	uint8_t *copy = malloc(piece.len > 0 ? piece.len : 1);

	if (piece.len > 0)
		memcpy(copy, piece.data, piece.len);
	struct transport move = https_step_on_bytes(step, span_of(copy, piece.len));

	free(copy);
	return move;
}

static void run(struct https_step *step, const struct sts_policy *policy,
		const struct limits *limits, struct cursor *input)
{
	bool h2 = (cursor_u8(input) & 1) != 0;
	struct tls_facts tls = {.version = span_text("TLSv1.3"),
				.alpn = span_text(h2 ? "h2" : "http/1.1")};
	struct transport move = https_step_on_connected(step);

	check_move(policy, limits, move);
	move = https_step_on_tls(step, &tls);
	for (int i = 0; i < EVENTS_MOST && !cursor_at_end(input); i++) {
		uint8_t event = cursor_u8(input);

		check_move(policy, limits, move);
		if (event == 0xff) {
			https_step_on_end(step, cursor_u8(input) % ENDS, span_text("detail"));
			check_ended(policy, limits);
			return;
		}
		size_t left = cursor_left(input);
		size_t wanted = event == 0xfe ? left : event;

		move = give(step, cursor_bytes(input, wanted < left ? wanted : left));
	}
	check_move(policy, limits, move);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct limits limits = limits_defaults();
	struct step_settings settings = {.limits = &limits, .user_agent = span_text("fuzz")};
	struct cursor input = cursor_over(span_of(data, size));
	struct sts_policy policy;
	struct arena arena;

	limits.policy_bytes = 1024;
	limits.http_header_bytes = 1024;
	limits.http_headers_count = 8;
	limits.http2_frames_count = 64;
	record_init(&schema_sts_policy, &policy);
	arena_init(&arena, ARENA_CAP_BYTES);
	struct https_step *step =
		https_step_new(&arena, &settings, span_text("mta-sts.example.com"), &policy);

	check(step != NULL);
	run(step, &policy, &limits, &input);
	https_step_close(step);
	arena_free(&arena);
	return 0;
}
