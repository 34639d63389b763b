/*
 * What a connection has to send and could not send yet: bytes in, in order, until they are told sent. Grows as needed; its
 * owner bounds it, by waiting for it to be empty before it asks for more.
 */
#ifndef STSWEEP_WORKERS_OUTGOING_H
#define STSWEEP_WORKERS_OUTGOING_H

#include <stdbool.h>

#include "base/span.h"

/* Starts as {0}. */
struct outgoing {
	uint8_t *bytes;
	size_t len;
	size_t at; /* sent up to here */
	size_t size;
};

/* Copies `bytes` to the end. False without memory. */
bool outgoing_add(struct outgoing *outgoing, struct span bytes);
/* What is still to be sent; empty when all is. */
struct span outgoing_left(const struct outgoing *outgoing);
void outgoing_sent(struct outgoing *outgoing, size_t count);
void outgoing_free(struct outgoing *outgoing);

#endif
