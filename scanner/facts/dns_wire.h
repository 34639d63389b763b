/*
 * Domain names on the wire of a DNS message (RFC 1035 3.1, 4.1.4): written from text, compared
 * where they stand, and read as text. Used by the other dns files of facts/ alone.
 */
#ifndef STSWEEP_FACTS_DNS_WIRE_H
#define STSWEEP_FACTS_DNS_WIRE_H

#include "base/cursor.h"
#include "base/span.h"

enum {
	DNS_NAME_BYTES = 255,                     /* on the wire, lengths and root included */
	DNS_NAME_TEXT_BYTES = 4 * DNS_NAME_BYTES, /* as text, every byte escaped as \DDD */
};

struct dns_wire_name {
	uint8_t bytes[DNS_NAME_BYTES];
	size_t len; /* 0: no name */
};

/* From presentation form, with or without the trailing dot; the root is ".". */
void dns_wire_from_text(struct span text, struct dns_wire_name *wire);
/*
 * Passes over a name; gives where its labels begin: here, or where its pointer leads if it is
 * nothing else.
 */
size_t dns_wire_skip(struct cursor *cursor);
/* Is there a whole name at `at`, its pointers followed? */
bool dns_wire_is_name(struct span message, size_t at);
/*
 * The same name at two places of a message, ASCII letters folded (RFC 4343)? A malformed one equals
 * none.
 */
bool dns_wire_equal(struct span message, size_t a_at, size_t b_at);
/*
 * The name at `at` in presentation form, lower-cased, no trailing dot, the root as "."; `*end` is
 * where it stops in its place. Gives the text's length, 0 if malformed.
 */
size_t dns_wire_to_text(struct span message, size_t at, char text[DNS_NAME_TEXT_BYTES],
			size_t *end);

#endif
