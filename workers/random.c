/*
 * See random.h. A byte once given out is wiped from the pool.
 */
#include "workers/random.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

static void fill(struct random_pool *pool)
{
	size_t at = 0;

	while (at < sizeof(pool->bytes)) {
		ssize_t got = getrandom(pool->bytes + at, sizeof(pool->bytes) - at, 0);

		if (got < 0 && errno != EINTR)
			abort(); /* a kernel without a generator: nothing safe can be sent */
		at += got > 0 ? (size_t)got : 0;
	}
	pool->left = sizeof(pool->bytes);
}

void random_bytes(struct random_pool *pool, void *out, size_t len)
{
	uint8_t *to = out;

	while (len > 0) {
		if (pool->left == 0)
			fill(pool);
		size_t part = len < pool->left ? len : pool->left;

		pool->left -= part;
		memcpy(to, pool->bytes + pool->left, part);
		explicit_bzero(pool->bytes + pool->left, part);
		to += part;
		len -= part;
	}
}

uint16_t random_u16(struct random_pool *pool)
{
	uint16_t value;

	random_bytes(pool, &value, sizeof(value));
	return value;
}

uint32_t random_below(struct random_pool *pool, uint32_t below)
{
	uint32_t rest = -below % below; /* 2^32 modulo below: as many values would be too many */
	uint32_t value;

	do
		random_bytes(pool, &value, sizeof(value));
	while (value < rest);
	return value % below;
}
