/*
 * Records of the evidence kept decoded: slots in a hash table by location, and in a list by last
 * use. Called by finish and by judge, one cache a thread.
 */
#include "output/evidence_index.h"

#include <errno.h>
#include <stdlib.h>

#define HASH_NONFATAL_OOM 1
/* The default one falls through switch labels, which clang is told to refuse. */
#define HASH_FUNCTION HASH_FNV
#include <uthash.h>
#include <utlist.h>

#include "output/decode.h"

enum {
	DEFAULT_HOSTS_COUNT = 256,
	DEFAULT_CERTIFICATES_COUNT = 256,
	DEFAULT_HOST_ARENA_BYTES = 4 * 1024 * 1024,
	CERTIFICATE_ARENA_BYTES = 64 * 1024,
};

struct slot {
	UT_hash_handle hh;
	struct slot *prev;
	struct slot *next;
	evidence_location location;
	struct buffer bytes; /* the record's; its spans point here */
	struct arena arena;  /* its lists, and what the caller adds */
	union {
		struct host_record host;
		struct certificate_record certificate;
	} record;
};

struct shelf {
	enum evidence_family family;
	size_t most_count;
	size_t arena_bytes;
	struct slot *by_location;
	struct slot *by_use; /* latest first */
};

struct evidence_cache {
	const struct evidence_index *index;
	struct shelf hosts;
	struct shelf certificates;
	struct output_error error;
};

static void slot_free(struct slot *slot)
{
	buffer_free(&slot->bytes);
	arena_free(&slot->arena);
	free(slot);
}

static void shelf_remove(struct shelf *shelf, struct slot *slot)
{
	HASH_DELETE(hh, shelf->by_location, slot);
	DL_DELETE(shelf->by_use, slot);
}

static void shelf_free(struct shelf *shelf)
{
	struct slot *slot, *next;

	HASH_ITER (hh, shelf->by_location, slot, next) {
		shelf_remove(shelf, slot);
		slot_free(slot);
	}
}

static struct slot *shelf_find(struct shelf *shelf, evidence_location location)
{
	struct slot *slot = NULL;

	HASH_FIND(hh, shelf->by_location, &location, sizeof(location), slot);
	if (slot == NULL)
		return NULL;
	DL_DELETE(shelf->by_use, slot);
	DL_PREPEND(shelf->by_use, slot);
	return slot;
}

/* A slot that is on no shelf: the least recently used one of a full shelf, or a new one. */
static struct slot *shelf_make_room(struct shelf *shelf)
{
	if (HASH_COUNT(shelf->by_location) >= shelf->most_count) {
		struct slot *last = shelf->by_use->prev; /* of a utlist head: the tail */

		shelf_remove(shelf, last);
		buffer_reset(&last->bytes);
		arena_reset(&last->arena);
		return last;
	}
	struct slot *slot = calloc(1, sizeof(*slot));

	if (slot != NULL)
		arena_init(&slot->arena, shelf->arena_bytes);
	return slot;
}

static bool shelf_add(struct shelf *shelf, struct slot *slot)
{
	HASH_ADD(hh, shelf->by_location, location, sizeof(slot->location), slot);
	if (slot->hh.tbl == NULL)
		return false;
	DL_PREPEND(shelf->by_use, slot);
	return true;
}

static bool slot_read(struct evidence_cache *cache, const struct shelf *shelf, struct slot *slot,
		      evidence_location location)
{
	struct span bytes;

	slot->location = location;
	if (!evidence_read_at(evidence_index_files(cache->index), shelf->family, location,
			      &slot->bytes, &bytes, &cache->error))
		return false;
	struct cursor cursor = cursor_over(bytes);

	if (decode_record(&cursor, evidence_schema(shelf->family), &slot->arena, &slot->record))
		return true;
	return output_error_set(&cache->error, slot->arena.exhausted ? ENOMEM : EBADMSG, "read",
				evidence_family_name(shelf->family));
}

/* The slot of the record at `location`, read if need be; NULL on an error. */
static struct slot *slot_at(struct evidence_cache *cache, struct shelf *shelf,
			    evidence_location location, bool *fresh)
{
	struct slot *slot = shelf_find(shelf, location);

	*fresh = slot == NULL;
	if (slot != NULL)
		return slot;
	slot = shelf_make_room(shelf);
	if (slot == NULL) {
		output_error_set(&cache->error, ENOMEM, "keep",
				 evidence_family_name(shelf->family));
		return NULL;
	}
	if (slot_read(cache, shelf, slot, location) && shelf_add(shelf, slot))
		return slot;
	output_error_set(&cache->error, ENOMEM, "keep", evidence_family_name(shelf->family));
	slot_free(slot);
	return NULL;
}

struct evidence_cache *evidence_cache_new(const struct evidence_index *index,
					  const struct evidence_cache_settings *settings)
{
	static const struct evidence_cache_settings defaults = {0};
	struct evidence_cache *cache = calloc(1, sizeof(*cache));

	if (cache == NULL)
		return NULL;
	if (settings == NULL)
		settings = &defaults;
	cache->index = index;
	cache->hosts = (struct shelf){
		.family = EVIDENCE_HOSTS,
		.most_count =
			settings->hosts_count == 0 ? DEFAULT_HOSTS_COUNT : settings->hosts_count,
		.arena_bytes = settings->host_arena_bytes == 0 ? DEFAULT_HOST_ARENA_BYTES
							       : settings->host_arena_bytes,
	};
	cache->certificates = (struct shelf){
		.family = EVIDENCE_CERTIFICATES,
		.most_count = settings->certificates_count == 0 ? DEFAULT_CERTIFICATES_COUNT
								: settings->certificates_count,
		.arena_bytes = CERTIFICATE_ARENA_BYTES,
	};
	return cache;
}

void evidence_cache_free(struct evidence_cache *cache)
{
	if (cache == NULL)
		return;
	shelf_free(&cache->hosts);
	shelf_free(&cache->certificates);
	free(cache);
}

struct host_record *evidence_cache_host(struct evidence_cache *cache, struct span host,
					struct arena **arena, bool *fresh)
{
	evidence_location location = evidence_index_find(cache->index, EVIDENCE_HOSTS, host);

	*fresh = false;
	if (location == 0)
		return NULL;
	struct slot *slot = slot_at(cache, &cache->hosts, location, fresh);

	if (slot == NULL)
		return NULL;
	*arena = &slot->arena;
	return &slot->record.host;
}

static struct span certificate_at(struct evidence_cache *cache, evidence_location location)
{
	bool fresh;

	if (location == 0)
		return (struct span){0};
	struct slot *slot = slot_at(cache, &cache->certificates, location, &fresh);

	return slot == NULL ? (struct span){0} : slot->record.certificate.der;
}

struct span evidence_cache_certificate(struct evidence_cache *cache, struct span sha256)
{
	return certificate_at(cache,
			      evidence_index_find(cache->index, EVIDENCE_CERTIFICATES, sha256));
}

struct span evidence_cache_certificate_by_subject(struct evidence_cache *cache,
						  struct span subject_der, size_t n)
{
	return certificate_at(cache, evidence_index_find_ca(cache->index, subject_der, n));
}

const struct output_error *evidence_cache_error(const struct evidence_cache *cache)
{
	return &cache->error;
}
