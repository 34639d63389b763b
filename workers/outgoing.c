/*
 * See outgoing.h.
 */
#include "workers/outgoing.h"

#include <stdlib.h>
#include <string.h>

bool outgoing_add(struct outgoing *outgoing, struct span bytes)
{
	if (bytes.len == 0)
		return true;
	if (outgoing->at == outgoing->len)
		outgoing->at = outgoing->len = 0;
	if (outgoing->size - outgoing->len < bytes.len) {
		size_t size = outgoing->len + bytes.len;
		uint8_t *grown = realloc(outgoing->bytes, size);

		if (grown == NULL)
			return false;
		outgoing->bytes = grown;
		outgoing->size = size;
	}
	memcpy(outgoing->bytes + outgoing->len, bytes.data, bytes.len);
	outgoing->len += bytes.len;
	return true;
}

struct span outgoing_left(const struct outgoing *outgoing)
{
	return span_skip(span_of(outgoing->bytes, outgoing->len), outgoing->at);
}

void outgoing_sent(struct outgoing *outgoing, size_t count)
{
	outgoing->at += count;
}

void outgoing_free(struct outgoing *outgoing)
{
	free(outgoing->bytes);
	*outgoing = (struct outgoing){0};
}
