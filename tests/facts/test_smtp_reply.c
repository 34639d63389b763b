/* Replies whole, in pieces and wrong; EHLO keywords, STARTTLS stripped. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "facts/smtp_reply.h"
#include "tests/corpus.h"

static const struct smtp_reply_caps caps = {.line_bytes = 512, .lines_count = 100};
static struct arena arena;

static int set_up(void **state)
{
	(void)state;
	arena_init(&arena, 1 << 20);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	arena_free(&arena);
	return 0;
}

static void test_replies(void **state)
{
	static const struct {
		const char *bytes;
		enum smtp_reply_state is;
		int code;
		size_t lines;
		const char *last;
		bool bare_lf;
	} cases[] = {
		{"220 mx.example ESMTP\r\n", SMTP_REPLY_WHOLE, 220, 1, "mx.example ESMTP", false},
		{"220 mx.example ESMTP\n", SMTP_REPLY_WHOLE, 220, 1, "mx.example ESMTP", true},
		{"250-a\r\n250-b\r\n250 c \r\n", SMTP_REPLY_WHOLE, 250, 3, "c ", false},
		{"250-a\n250 c\r\n", SMTP_REPLY_WHOLE, 250, 2, "c", true},
		{"250-\r\n250 c\r\n", SMTP_REPLY_WHOLE, 250, 2, "c", false},
		{"250-a\r\n250\r\n", SMTP_REPLY_WHOLE, 250, 2, "", false},
		{"221\r\n", SMTP_REPLY_WHOLE, 221, 1, "", false},
		{"220 \r\n", SMTP_REPLY_WHOLE, 220, 1, "", false},
		{"599 x\r\n", SMTP_REPLY_WHOLE, 599, 1, "x", false},
		{"220 a\rb\r\n", SMTP_REPLY_WHOLE, 220, 1, "a\rb", false},
		{"", SMTP_REPLY_MORE, 0, 0, NULL, false},
		{"2", SMTP_REPLY_MORE, 0, 0, NULL, false},
		{"22", SMTP_REPLY_MORE, 0, 0, NULL, false},
		{"220", SMTP_REPLY_MORE, 0, 0, NULL, false},
		{"220\r", SMTP_REPLY_MORE, 0, 0, NULL, false},
		{"220 mx.example ESMTP\r", SMTP_REPLY_MORE, 0, 0, NULL, false},
		{"250-a\r\n", SMTP_REPLY_MORE, 0, 0, NULL, false},
		{"250-a\r\n25", SMTP_REPLY_MORE, 0, 0, NULL, false},
		{"\r\n", SMTP_REPLY_MALFORMED, 0, 0, NULL, false},
		{"1", SMTP_REPLY_MALFORMED, 0, 0, NULL, false},
		{"600 x\r\n", SMTP_REPLY_MALFORMED, 0, 0, NULL, false},
		{"199 x\r\n", SMTP_REPLY_MALFORMED, 0, 0, NULL, false},
		{"2200 x\r\n", SMTP_REPLY_MALFORMED, 0, 0, NULL, false},
		{"22 x\r\n", SMTP_REPLY_MALFORMED, 0, 0, NULL, false},
		{"220_x", SMTP_REPLY_MALFORMED, 0, 0, NULL, false},
		{"220\rx\r\n", SMTP_REPLY_MALFORMED, 0, 0, NULL, false},
		{"SSH-2.0-OpenSSH", SMTP_REPLY_MALFORMED, 0, 0, NULL, false},
		{"HTTP/1.1 400 Bad Request\r\n", SMTP_REPLY_MALFORMED, 0, 0, NULL, false},
		{" 220 x\r\n", SMTP_REPLY_MALFORMED, 0, 0, NULL, false},
		{"250-a\r\n251 b\r\n", SMTP_REPLY_MALFORMED, 0, 0, NULL, false},
		{"250-a\r\nSIZE\r\n250 b\r\n", SMTP_REPLY_MALFORMED, 0, 0, NULL, false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct smtp_reply reply;
		struct span bytes = span_text(cases[i].bytes);
		enum smtp_reply_state is = smtp_reply_read(&arena, bytes, &caps, &reply);

		if (is != cases[i].is || reply.code != cases[i].code ||
		    reply.lines.count != cases[i].lines || reply.bare_lf != cases[i].bare_lf)
			fail_msg("case %zu: state %d, code %d, %zu lines", i, is, reply.code,
				 reply.lines.count);
		if (is != SMTP_REPLY_WHOLE)
			continue;
		assert_int_equal(reply.bytes, bytes.len);
		assert_true(span_equal(reply.lines.items[reply.lines.count - 1],
				       span_text(cases[i].last)));
	}
}

static void test_bytes_of_any_value(void **state)
{
	struct smtp_reply reply;
	struct span bytes = span_of("220 a\0\xff z\r\n", 11);

	(void)state;
	assert_int_equal(smtp_reply_read(&arena, bytes, &caps, &reply), SMTP_REPLY_WHOLE);
	assert_true(span_equal(reply.lines.items[0], span_of("a\0\xff z", 5)));
}

/*
 * However the bytes come in, the reply is the same, ends at the same place, and costs the arena
 * once.
 */
static void test_in_pieces(void **state)
{
	static const char two[] = "250-mx.example\r\n250-SIZE 1\r\n250 STARTTLS\r\n220 go\r\n";
	size_t first = strlen(two) - strlen("220 go\r\n");
	struct smtp_reply reply;

	(void)state;
	for (size_t len = 0; len < first; len++) {
		arena_reset(&arena);
		size_t held = arena.held_bytes;

		assert_int_equal(smtp_reply_read(&arena, span_of(two, len), &caps, &reply),
				 SMTP_REPLY_MORE);
		assert_int_equal(arena.held_bytes, held);
	}
	for (size_t len = first; len <= strlen(two); len++) {
		assert_int_equal(smtp_reply_read(&arena, span_of(two, len), &caps, &reply),
				 SMTP_REPLY_WHOLE);
		assert_int_equal(reply.bytes, first);
		assert_int_equal(reply.lines.count, 3);
	}
	assert_int_equal(smtp_reply_read(&arena, span_text(two + first), &caps, &reply),
			 SMTP_REPLY_WHOLE);
	assert_int_equal(reply.code, 220);
}

static void test_caps(void **state)
{
	const struct smtp_reply_caps small = {.line_bytes = 12, .lines_count = 2};
	static const struct {
		const char *bytes;
		enum smtp_reply_state is;
	} cases[] = {
		{"220 123456\r\n", SMTP_REPLY_WHOLE}, /* 12 bytes with its end */
		{"220 1234567\r\n", SMTP_REPLY_TOO_LARGE},
		{"220 1234567", SMTP_REPLY_MORE},
		{"220 12345678", SMTP_REPLY_TOO_LARGE}, /* however it goes on */
		{"220-a\r\n220 b\r\n", SMTP_REPLY_WHOLE},
		{"220-a\r\n220-b\r\n", SMTP_REPLY_MORE},
		{"220-a\r\n220-b\r\n220 c\r\n", SMTP_REPLY_TOO_LARGE},
	};
	struct smtp_reply reply;

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
		if (smtp_reply_read(&arena, span_text(cases[i].bytes), &small, &reply) !=
		    cases[i].is)
			fail_msg("case %zu", i);
	struct arena none;

	arena_init(&none, 0);
	assert_int_equal(smtp_reply_read(&none, span_text("220 x\r\n"), &caps, &reply),
			 SMTP_REPLY_TOO_LARGE);
	assert_true(none.exhausted);
	assert_int_equal(reply.lines.count, 0);
}

static struct span_list keywords_of(const char *bytes)
{
	struct smtp_reply reply;

	assert_int_equal(smtp_reply_read(&arena, span_text(bytes), &caps, &reply),
			 SMTP_REPLY_WHOLE);
	return smtp_ehlo_keywords(&arena, &reply);
}

static void test_keywords(void **state)
{
	struct span_list keywords =
		keywords_of("250-STARTTLS.example greets you\r\n250-size 10240000 \r\n"
			    "250-\r\n250-AUTH=plain login\r\n250-8BITMIME\r\n250 StartTLS\r\n");

	(void)state;
	assert_int_equal(keywords.count, 4);
	assert_true(span_equal(keywords.items[0], span_text("SIZE 10240000")));
	assert_true(span_equal(keywords.items[1], span_text("AUTH=PLAIN LOGIN")));
	assert_true(span_equal(keywords.items[3], span_text("STARTTLS")));
	assert_true(smtp_ehlo_offers(keywords, "starttls"));
	assert_true(smtp_ehlo_offers(keywords, "SIZE"));
	assert_false(smtp_ehlo_offers(keywords, "SIZE 10240000"));
	assert_false(smtp_ehlo_offers(keywords, "AUTH"));
	assert_false(smtp_ehlo_offers(keywords, "8BIT"));
	assert_int_equal(keywords_of("250 STARTTLS\r\n").count, 0);
	assert_int_equal(keywords_of("550-no\r\n550 STARTTLS\r\n").count, 0);
}

static void test_stripped(void **state)
{
	static const struct {
		const char *keyword;
		bool stripped;
	} cases[] = {
		{"XXXXXXXA", true},  {"XXXXXXXX", true},        {"XXXXXXXB", true},
		{"XTARTTLS", true},  {"STARTXXX", true},        {"XXXXXTLS", true},
		{"STARTTLX", true},  {"xxxxxxxa", true},        {"STARTTLS", false},
		{"XFORWARD", false}, {"XXXXXXX", false},        {"XXXXXXXXX", false},
		{"CHUNKING", false}, {"8BITMIME", false},       {"XXXXXXX1", false},
		{"XEXCH50", false},  {"X-ANONYMOUSTLS", false}, {"XXXXXXBA", false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		char bytes[128];

		snprintf(bytes, sizeof(bytes), "250-mx\r\n250-SIZE\r\n250 %s x\r\n",
			 cases[i].keyword);
		if (smtp_ehlo_stripped(keywords_of(bytes)) != cases[i].stripped)
			fail_msg("%s", cases[i].keyword);
	}
	/* What is offered has not been taken away. */
	assert_false(smtp_ehlo_stripped(keywords_of("250-mx\r\n250-XXXXXXXA\r\n250 STARTTLS\r\n")));
}

/* --- real dialogues --- */

static char *joined(const json_t *lines)
{
	size_t index;
	const json_t *line;
	char *text = calloc(1, 8192);

	json_array_foreach(lines, index, line) snprintf(text + strlen(text), 8192 - strlen(text),
							"%s\r\n", json_string_value(line));
	return text;
}

static void check_dialogue(json_t *dialogue, void *context)
{
	static const char *const replies[] = {"greeting", "ehlo_reply", "starttls_reply",
					      "helo_reply"};

	(void)context;
	for (size_t i = 0; i < ARRAY_LENGTH(replies); i++) {
		const json_t *lines = json_object_get(dialogue, replies[i]);
		struct smtp_reply reply;

		if (json_is_null(lines))
			continue;
		char *text = joined(lines);

		assert_int_equal(smtp_reply_read(&arena, span_text(text), &caps, &reply),
				 SMTP_REPLY_WHOLE);
		assert_int_equal(reply.lines.count, json_array_size(lines));
		if (i == 1) {
			struct span_list keywords = smtp_ehlo_keywords(&arena, &reply);

			assert_int_equal(smtp_ehlo_offers(keywords, "STARTTLS"),
					 strstr(text, "STARTTLS\r\n") != NULL);
			assert_false(smtp_ehlo_stripped(keywords));
		}
		free(text);
	}
}

static void test_corpus(void **state)
{
	(void)state;
	if (corpus_folder() == NULL)
		skip();
	assert_true(corpus_lines("smtp/transcripts.jsonl", check_dialogue, NULL) >= 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_replies),   cmocka_unit_test(test_bytes_of_any_value),
		cmocka_unit_test(test_in_pieces), cmocka_unit_test(test_caps),
		cmocka_unit_test(test_keywords),  cmocka_unit_test(test_stripped),
		cmocka_unit_test(test_corpus),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
