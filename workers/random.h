/*
 * Random numbers that nobody can foresee, for query ids, ports and the choice of servers (RFC 5452): the kernel's generator,
 * read by the bufferful. One pool per thread.
 */
#ifndef STSWEEP_WORKERS_RANDOM_H
#define STSWEEP_WORKERS_RANDOM_H

#include <stddef.h>
#include <stdint.h>

enum { RANDOM_POOL_BYTES = 4096 };

struct random_pool {
	uint8_t bytes[RANDOM_POOL_BYTES];
	size_t left; /* unused ones, at the front; 0 to begin with */
};

void random_bytes(struct random_pool *pool, void *out, size_t len);
uint16_t random_u16(struct random_pool *pool);
/* 0 to below - 1, evenly. `below` is at least 1. */
uint32_t random_below(struct random_pool *pool, uint32_t below);

#endif
