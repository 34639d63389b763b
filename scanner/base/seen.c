/*
 * The set of what a scan has met: objects of 24 bytes in slabs, found through libck's hash set of
 * pointers. A table that doubles holds its old and its new array at once and stops its owner while
 * it moves; so the keys are spread over many small tables, of which one at a time grows. That keeps
 * the peak under 64 bytes an entry and the longest pause short. One owner; never frees a single
 * entry.
 */
#include "base/seen.h"

#include <ck_hs.h>
#include <sodium/crypto_shorthash_siphash24.h>
#include <stdlib.h>

enum {
	SHARD_BITS = 8,
	SHARDS_COUNT = 1 << SHARD_BITS,
	SHARD_INITIAL_COUNT = 8,   /* pointers in a new table */
	SLAB_ENTRIES_COUNT = 2730, /* with the slab's header, 64 KiB */
	FOLDED_BYTES = 1024, /* text folded at a time; a name in presentation form is one piece */
};

struct entry {
	struct seen_key key;
	uint64_t value;
};

struct slab {
	struct slab *older;
	size_t used_count;
	struct entry entries[SLAB_ENTRIES_COUNT];
};

struct seen {
	ck_hs_t shards[SHARDS_COUNT]; /* `map` is NULL until the first key */
	struct slab *slabs;           /* newest first */
	size_t count;
	struct ck_malloc allocator;
};

static struct seen_key key_from_digest(const uint8_t digest[16])
{
	struct seen_key key;

	_Static_assert(sizeof(key) == 16, "a key is a digest");
	memcpy(&key, digest, sizeof(key));
	return key;
}

/* SipHash-2-4 with 128 bits of output is a keyed PRF: whoever does not know the secret cannot make
 * names that collide, which holds for no unkeyed or merely seeded hash. libsodium's takes no
 * set-up, unlike OpenSSL's EVP_MAC. */
static struct seen_key digest(const uint8_t *bytes, size_t len, const uint8_t secret[16])
{
	uint8_t out[crypto_shorthash_siphashx24_BYTES];

	crypto_shorthash_siphashx24(out, bytes, len, secret);
	return key_from_digest(out);
}

struct seen_key seen_key_bytes(struct span bytes, const uint8_t secret[16])
{
	return digest(bytes.data, bytes.len, secret);
}

/* Pieces are chained: each is hashed with the digest of what came before it in front. */
struct seen_key seen_key_text(struct span text, const uint8_t secret[16])
{
	uint8_t piece[sizeof(struct seen_key) + FOLDED_BYTES];
	struct seen_key key = {0};
	size_t at = 0;

	do {
		size_t len = text.len - at < FOLDED_BYTES ? text.len - at : FOLDED_BYTES;

		memcpy(piece, &key, sizeof(key));
		for (size_t i = 0; i < len; i++) {
			uint8_t byte = text.data[at + i];

			piece[sizeof(key) + i] =
				byte >= 'A' && byte <= 'Z' ? (uint8_t)(byte + ('a' - 'A')) : byte;
		}
		key = digest(piece, sizeof(key) + len, secret);
		at += len;
	} while (at < text.len);
	return key;
}

static void *table_malloc(size_t size)
{
	return malloc(size);
}

static void *table_realloc(void *memory, size_t old_size, size_t size, bool deferred)
{
	(void)old_size;
	(void)deferred;
	return realloc(memory, size);
}

/* Nobody reads while the owner writes, so what libck would free later may go at once. */
static void table_free(void *memory, size_t size, bool deferred)
{
	(void)size;
	(void)deferred;
	free(memory);
}

/* The key's own bits serve: they are a keyed digest already. The shard is chosen by the other half.
 */
static unsigned long entry_hash(const void *object, unsigned long seed)
{
	const struct entry *entry = object;

	(void)seed;
	return (unsigned long)entry->key.low;
}

static bool entry_equal(const void *a, const void *b)
{
	const struct entry *left = a, *right = b;

	return left->key.low == right->key.low && left->key.high == right->key.high;
}

struct seen *seen_new(void)
{
	struct seen *seen = calloc(1, sizeof(*seen));

	if (seen != NULL)
		seen->allocator = (struct ck_malloc){table_malloc, table_realloc, table_free};
	return seen;
}

void seen_free(struct seen *seen)
{
	if (seen == NULL)
		return;
	for (size_t i = 0; i < SHARDS_COUNT; i++)
		if (seen->shards[i].map != NULL)
			ck_hs_destroy(&seen->shards[i]);
	while (seen->slabs != NULL) {
		struct slab *older = seen->slabs->older;

		free(seen->slabs);
		seen->slabs = older;
	}
	free(seen);
}

static ck_hs_t *shard_of(struct seen *seen, struct seen_key key)
{
	return &seen->shards[key.high >> (64 - SHARD_BITS)];
}

static uint64_t *shard_find(ck_hs_t *shard, struct seen_key key)
{
	const struct entry wanted = {.key = key};

	if (shard->map == NULL)
		return NULL;
	struct entry *entry = ck_hs_get(shard, entry_hash(&wanted, 0), &wanted);

	return entry == NULL ? NULL : &entry->value;
}

uint64_t *seen_find(struct seen *seen, struct seen_key key)
{
	return shard_find(shard_of(seen, key), key);
}

static bool shard_open(struct seen *seen, ck_hs_t *shard)
{
	if (shard->map != NULL)
		return true;
	if (ck_hs_init(shard, CK_HS_MODE_SPMC | CK_HS_MODE_OBJECT, entry_hash, entry_equal,
		       &seen->allocator, SHARD_INITIAL_COUNT, 0))
		return true;
	shard->map = NULL;
	return false;
}

/* The next unused entry, which stays unused until it is counted. */
static struct entry *entry_next(struct seen *seen)
{
	struct slab *slab = seen->slabs;

	if (slab == NULL || slab->used_count == SLAB_ENTRIES_COUNT) {
		slab = malloc(sizeof(*slab));
		if (slab == NULL)
			return NULL;
		slab->older = seen->slabs;
		slab->used_count = 0;
		seen->slabs = slab;
	}
	return &slab->entries[slab->used_count];
}

uint64_t *seen_add(struct seen *seen, struct seen_key key, bool *added)
{
	ck_hs_t *shard = shard_of(seen, key);
	uint64_t *found = shard_find(shard, key);

	*added = false;
	if (found != NULL)
		return found;
	struct entry *entry = entry_next(seen);

	if (entry == NULL || !shard_open(seen, shard))
		return NULL;
	*entry = (struct entry){.key = key};
	if (!ck_hs_put_unique(shard, entry_hash(entry, 0), entry))
		return NULL;
	seen->slabs->used_count++;
	seen->count++;
	*added = true;
	return &entry->value;
}

size_t seen_count(const struct seen *seen)
{
	return seen->count;
}

void seen_each(const struct seen *seen,
	       void (*each)(void *context, struct seen_key key, uint64_t value), void *context)
{
	for (const struct slab *slab = seen->slabs; slab != NULL; slab = slab->older)
		for (size_t i = 0; i < slab->used_count; i++)
			each(context, slab->entries[i].key, slab->entries[i].value);
}
