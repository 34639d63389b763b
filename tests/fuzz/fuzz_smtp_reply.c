/*
 * Any bytes from a server: a reply ends where it ends however the bytes come, its lines are views
 * of them.
 */
#include <stdlib.h>

#include "facts/smtp_reply.h"

enum { ARENA_CAP_BYTES = 1 << 20, LINE_MOST_BYTES = 64, LINES_MOST = 8 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
	if (!holds)
		abort();
}

static void check_whole(struct arena *arena, struct span bytes, const struct smtp_reply_caps *caps,
			const struct smtp_reply *reply)
{
	struct smtp_reply again;

	check(reply->code >= 200 && reply->code <= 599);
	check(reply->bytes > 0 && reply->bytes <= bytes.len);
	check(reply->lines.count > 0 && reply->lines.count <= LINES_MOST);
	for (size_t i = 0; i < reply->lines.count; i++) {
		struct span line = reply->lines.items[i];

		check(line.data >= bytes.data && line.data + line.len <= bytes.data + reply->bytes);
		check(span_find(line, '\n') == line.len && line.len <= LINE_MOST_BYTES);
	}
	check(smtp_reply_read(arena, span_first(bytes, reply->bytes), caps, &again) ==
	      SMTP_REPLY_WHOLE);
	check(again.bytes == reply->bytes && again.lines.count == reply->lines.count);
	check(smtp_reply_read(arena, span_first(bytes, reply->bytes - 1), caps, &again) ==
	      SMTP_REPLY_MORE);
}

static void check_texts(struct arena *arena, const struct smtp_reply *reply)
{
	struct span own_items[] = {span_text("192.0.2.1"), span_text("2001:db8::1")};
	const struct span_list own = {own_items, ARRAY_LENGTH(own_items)};
	struct span_list keywords = smtp_ehlo_keywords(arena, reply);

	check(keywords.count < reply->lines.count);
	check(!smtp_ehlo_offers(keywords, "STARTTLS") || !smtp_ehlo_stripped(keywords));
	for (size_t i = 0; i < reply->lines.count; i++) {
		smtp_software(reply->lines.items[i]);
		smtp_text_says_blocked(reply->lines.items[i], own);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct smtp_reply_caps caps = {.line_bytes = LINE_MOST_BYTES,
					     .lines_count = LINES_MOST};
	struct span bytes = span_of(data, size);
	struct smtp_reply reply;
	struct arena arena;

	arena_init(&arena, ARENA_CAP_BYTES);
	if (smtp_reply_read(&arena, bytes, &caps, &reply) == SMTP_REPLY_WHOLE) {
		check_whole(&arena, bytes, &caps, &reply);
		check_texts(&arena, &reply);
	}
	arena_free(&arena);
	return 0;
}
