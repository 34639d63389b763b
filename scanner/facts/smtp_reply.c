/*
 * Replies as a server sends them, and the keywords of EHLO. Called by the SMTP step whenever bytes
 * came in, so reading what is not whole yet costs the arena nothing; decides nothing.
 */
#include "facts/smtp_reply.h"

#include "base/cursor.h"

enum {
	CODE_DIGITS = 3,
	CODE_LEAST = 200,
	CODE_MOST = 599,
	CODE_OK = 250,
	BEFORE_TEXT_BYTES = CODE_DIGITS + 1, /* and the separator */
};

struct line {
	int code;
	bool is_last;
	bool bare_lf;
	struct span text;
};

static bool is_digit(uint8_t byte)
{
	return byte >= '0' && byte <= '9';
}

/* Can these first bytes of a line, however few, still become a reply line? A client must not wait for a line end from what
 * speaks another protocol. */
static bool may_begin_line(struct span begin)
{
	struct cursor cursor = cursor_over(begin);
	struct span code = cursor_while(&cursor, is_digit);

	if (code.len > CODE_DIGITS || (code.len > 0 && (code.data[0] < '2' || code.data[0] > '5')))
		return false;
	if (cursor_at_end(&cursor))
		return true;
	return code.len == CODE_DIGITS &&
	       (cursor_accept(&cursor, ' ') || cursor_accept(&cursor, '-') ||
		cursor_accept(&cursor, '\r') || cursor_accept(&cursor, '\n'));
}

/* RFC 5321 4.2: a code alone on its line is the last line of a reply too. */
static bool read_line(struct span bytes, struct line *line)
{
	struct cursor cursor = cursor_over(bytes);
	struct span text = cursor_line(&cursor);

	line->bare_lf = text.len + 2 != bytes.len;
	if (text.len < CODE_DIGITS || !may_begin_line(span_first(text, BEFORE_TEXT_BYTES)))
		return false;
	line->code = (text.data[0] - '0') * 100 + (text.data[1] - '0') * 10 + text.data[2] - '0';
	line->is_last = text.len == CODE_DIGITS || text.data[CODE_DIGITS] == ' ';
	line->text = span_skip(text, BEFORE_TEXT_BYTES);
	return line->code >= CODE_LEAST && line->code <= CODE_MOST &&
	       (line->is_last || text.data[CODE_DIGITS] == '-');
}

/* The next whole line with its line end, or what says why there is none. */
static enum smtp_reply_state next_line(struct cursor *cursor, size_t cap_bytes, struct span *line)
{
	struct span rest = cursor_rest(cursor);
	size_t len = span_find(rest, '\n');

	if (!may_begin_line(span_first(rest, BEFORE_TEXT_BYTES)))
		return SMTP_REPLY_MALFORMED;
	if (len >= cap_bytes)
		return SMTP_REPLY_TOO_LARGE;
	if (len == rest.len)
		return SMTP_REPLY_MORE;
	*line = cursor_bytes(cursor, len + 1);
	return SMTP_REPLY_WHOLE;
}

/* Walks one reply; where `lines` is given its texts are appended (it was found whole before). */
static enum smtp_reply_state walk(struct span bytes, const struct smtp_reply_caps *caps,
				  struct smtp_reply *reply, struct span *lines)
{
	struct cursor cursor = cursor_over(bytes);
	struct line line = {.is_last = false};

	*reply = (struct smtp_reply){.bare_lf = false};
	while (!line.is_last) {
		struct span whole;
		enum smtp_reply_state state = next_line(&cursor, caps->line_bytes, &whole);

		if (state != SMTP_REPLY_WHOLE)
			return state;
		if (!read_line(whole, &line) ||
		    (reply->lines.count > 0 && line.code != reply->code))
			return SMTP_REPLY_MALFORMED;
		if (reply->lines.count >= caps->lines_count)
			return SMTP_REPLY_TOO_LARGE;
		if (lines != NULL)
			lines[reply->lines.count] = line.text;
		reply->lines.count++;
		reply->code = line.code;
		reply->bare_lf = reply->bare_lf || line.bare_lf;
	}
	reply->bytes = cursor.at;
	return SMTP_REPLY_WHOLE;
}

enum smtp_reply_state smtp_reply_read(struct arena *arena, struct span bytes,
				      const struct smtp_reply_caps *caps, struct smtp_reply *reply)
{
	enum smtp_reply_state state = walk(bytes, caps, reply, NULL);

	if (state != SMTP_REPLY_WHOLE) {
		*reply = (struct smtp_reply){.bare_lf = false};
		return state;
	}
	struct span *lines = arena_calloc(arena, reply->lines.count, sizeof(*lines));

	if (lines == NULL) {
		*reply = (struct smtp_reply){.bare_lf = false};
		return SMTP_REPLY_TOO_LARGE;
	}
	walk(bytes, caps, reply, lines);
	reply->lines.items = lines;
	return state;
}

static struct span upper(struct arena *arena, struct span text)
{
	uint8_t *copy = arena_alloc(arena, text.len + 1);

	if (copy == NULL)
		return (struct span){0};
	for (size_t i = 0; i < text.len; i++) {
		uint8_t byte = text.data[i];

		copy[i] = byte >= 'a' && byte <= 'z' ? (uint8_t)(byte - ('a' - 'A')) : byte;
	}
	return span_of(copy, text.len);
}

struct span_list smtp_ehlo_keywords(struct arena *arena, const struct smtp_reply *reply)
{
	struct span_list keywords = {0};

	for (size_t i = 1; i < reply->lines.count && reply->code == CODE_OK; i++) {
		struct span line = span_trim(reply->lines.items[i]);

		if (line.len == 0)
			continue;
		struct span keyword = upper(arena, line);

		if (span_is_null(keyword) || !arena_append(arena, &keywords, keyword))
			break;
	}
	return keywords;
}

static bool is_not_space(uint8_t byte)
{
	return byte != ' ' && byte != '\t';
}

static struct span first_word(struct span keyword)
{
	struct cursor cursor = cursor_over(keyword);

	return cursor_while(&cursor, is_not_space);
}

bool smtp_ehlo_offers(struct span_list keywords, const char *keyword)
{
	for (size_t i = 0; i < keywords.count; i++)
		if (span_equal_nocase(first_word(keywords.items[i]), span_text(keyword)))
			return true;
	return false;
}

/*
 * Of STARTTLS, X's for some or all letters; or, as Cisco's firewalls write, seven X's and a
 * counting letter.
 */
static bool is_stripped(struct span word)
{
	struct span original = span_text("STARTTLS");
	size_t masked = 0, kept = 0;

	if (word.len != original.len)
		return false;
	for (size_t i = 0; i < word.len; i++) {
		masked += word.data[i] == 'X';
		kept += word.data[i] == original.data[i];
	}
	bool counted = masked == word.len - 1 && word.data[word.len - 1] >= 'A' &&
		       word.data[word.len - 1] <= 'Z';

	return (masked > 0 && masked + kept == word.len) || counted;
}

bool smtp_ehlo_stripped(struct span_list keywords)
{
	if (smtp_ehlo_offers(keywords, "STARTTLS"))
		return false;
	for (size_t i = 0; i < keywords.count; i++)
		if (is_stripped(first_word(keywords.items[i])))
			return true;
	return false;
}
