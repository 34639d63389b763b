/*
 * Any dialogue with the SMTP probe: pieces of bytes, TLS that comes up, ends of the connection. It
 * always says what to do next, sends commands only, and a probe that has ended has an outcome that
 * nothing changes.
 */
#include <stdlib.h>

#include "base/cursor.h"
#include "steps/smtp.h"

enum { ARENA_CAP_BYTES = 1 << 18, ENDS = TRANSPORT_END_STOPPED + 1, EVENTS_MOST = 512 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
	if (!holds)
		abort();
}

static void check_move(const struct host_address *probe, struct transport move)
{
	bool ended = probe->outcome != OUTCOME_NULL;

	check(ended == (move.action == TRANSPORT_CLOSE));
	check(move.send.len == 0 || move.send.data[move.send.len - 1] == '\n');
	check(move.action != TRANSPORT_START_TLS || move.send.len == 0);
	check((probe->outcome == OUTCOME_SUCCESS) <= (probe->stage == STAGE_NULL));
	check((probe->requiretls != FLAG_NULL) <= !span_is_null(probe->tls.version));
}

/* The piece in memory of its own size, so that a read beyond it is found. */
static struct transport give(struct smtp_step *step, struct span piece)
{
	uint8_t *copy = malloc(piece.len > 0 ? piece.len : 1);

	if (piece.len > 0)
		memcpy(copy, piece.data, piece.len);
	struct transport move = smtp_step_on_bytes(step, span_of(copy, piece.len));

	free(copy);
	return move;
}

static void run(struct smtp_step *step, const struct host_address *probe, struct cursor *input)
{
	struct tls_facts tls = {.version = span_text("TLSv1.3")};
	struct transport move = smtp_step_on_connected(step);

	for (int i = 0; i < EVENTS_MOST && !cursor_at_end(input); i++) {
		uint8_t event = cursor_u8(input);

		check_move(probe, move);
		if (event == 0xff) {
			smtp_step_on_end(step, cursor_u8(input) % ENDS, span_text("detail"));
			check(probe->outcome != OUTCOME_NULL);
			move = smtp_step_on_bytes(step, span_text("220 late\r\n"));
		} else if (event == 0xfe) {
			move = smtp_step_on_tls(step, &tls);
		} else {
			size_t left = cursor_left(input);

			move = give(step, cursor_bytes(input, event < left ? event : left));
		}
	}
	check_move(probe, move);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct limits limits = limits_defaults();
	struct span own = span_text("192.0.2.7");
	struct step_settings settings = {
		.limits = &limits,
		.ehlo_domain = span_text("scanner.example"),
		.own_addresses = {.items = &own, .count = 1},
	};
	struct cursor input = cursor_over(span_of(data, size));
	struct host_address probe;
	struct arena arena;

	limits.smtp_line_bytes = 512;
	limits.smtp_lines_count = 16;
	record_init(&schema_host_address, &probe);
	arena_init(&arena, ARENA_CAP_BYTES);
	struct smtp_step *step =
		smtp_step_new(&arena, &settings, span_text("mx.example.com"), &probe);

	check(step != NULL);
	run(step, &probe, &input);
	arena_free(&arena);
	return 0;
}
