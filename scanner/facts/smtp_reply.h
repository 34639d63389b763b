/*
 * SMTP replies (RFC 5321 4.2), EHLO keywords, and what the text of a reply gives away. Bytes in,
 * structs out; nothing is kept but views of the bytes.
 */
#ifndef STSWEEP_FACTS_SMTP_REPLY_H
#define STSWEEP_FACTS_SMTP_REPLY_H

#include "base/arena.h"
#include "base/span.h"

enum smtp_reply_state {
	SMTP_REPLY_MORE, /* not whole yet */
	SMTP_REPLY_WHOLE,
	SMTP_REPLY_MALFORMED, /* no reply line, or codes that differ within one reply */
	SMTP_REPLY_TOO_LARGE, /* a line or the number of lines over its cap */
};

struct smtp_reply {
	int code;     /* 200 to 599 */
	size_t bytes; /* of the whole reply, line ends included: where the next one begins */
	struct span_list lines; /* texts without code, separator and line end, in the arena */
	bool bare_lf;           /* some line ended in LF alone */
};

struct smtp_reply_caps {
	size_t line_bytes;
	size_t lines_count;
};

/*
 * Reads one reply from the front of `bytes`. Over the arena's cap it is TOO_LARGE, and
 * `arena->exhausted` tells.
 */
enum smtp_reply_state smtp_reply_read(struct arena *arena, struct span bytes,
				      const struct smtp_reply_caps *caps, struct smtp_reply *reply);

/*
 * The EHLO keywords of a 250 reply's lines after the first, upper-cased with their parameters
 * ("SIZE 10240000").
 */
struct span_list smtp_ehlo_keywords(struct arena *arena, const struct smtp_reply *reply);
/* Is `keyword` offered (first word, case-insensitive)? */
bool smtp_ehlo_offers(struct span_list keywords, const char *keyword);
/*
 * STARTTLS made unreadable on the way: a word of X's of its length, or X's around its rest
 * (MEASURES 6 `stripped`).
 */
bool smtp_ehlo_stripped(struct span_list keywords);

/*
 * The server software that a greeting names ("postfix", "exim", "exchange", ...); no value when it
 * names none.
 */
struct span smtp_software(struct span greeting);
/*
 * Does a refusal's text name a list, a policy or our address (MEASURES 2 `blocked`)? `own` are our
 * addresses in text form.
 */
bool smtp_text_says_blocked(struct span text, struct span_list own);

#endif
