/*
 * The memory of chain verdicts: a hash table over an arena, emptied as a whole when it is full.
 * Called by host.c and policy_fetch.c.
 */
#include "judge/chain_memory.h"

#include <openssl/sha.h>
#include <stdlib.h>

#define HASH_NONFATAL_OOM 1
/* The keys are digests already. */
#define HASH_FUNCTION(key, len, hash) memcpy(&(hash), key, sizeof(hash))
#include <uthash.h>

enum { ENTRIES_MAX = 16384, ARENA_CAP_BYTES = 64 << 20 };

struct chain_entry {
	uint8_t key[SHA256_DIGEST_LENGTH]; /* of the chain's hashes, one after the other */
	struct chain_verdict verdict;
	UT_hash_handle hh;
};

struct chain_memory {
	X509_STORE *store;
	struct chain_entry *entries;
	struct arena arena;
	struct chain_verdict missing;
};

struct chain_memory *chain_memory_new(X509_STORE *store)
{
	struct chain_memory *memory = calloc(1, sizeof(*memory));

	if (memory == NULL)
		return NULL;
	memory->store = store;
	memory->missing.state = CHAIN_MISSING;
	arena_init(&memory->arena, ARENA_CAP_BYTES);
	return memory;
}

static void forget_all(struct chain_memory *memory)
{
	HASH_CLEAR(hh, memory->entries);
	arena_reset(&memory->arena);
}

void chain_memory_free(struct chain_memory *memory)
{
	if (memory == NULL)
		return;
	forget_all(memory);
	arena_free(&memory->arena);
	free(memory);
}

static bool chain_key(struct span_list hashes, uint8_t key[SHA256_DIGEST_LENGTH])
{
	EVP_MD_CTX *digest = EVP_MD_CTX_new();
	bool ok = digest != NULL && EVP_DigestInit_ex(digest, EVP_sha256(), NULL);

	for (size_t i = 0; ok && i < hashes.count; i++)
		ok = EVP_DigestUpdate(digest, hashes.items[i].data, hashes.items[i].len);
	ok = ok && EVP_DigestFinal_ex(digest, key, NULL);
	EVP_MD_CTX_free(digest);
	return ok;
}

static void judge_chain(struct chain_memory *memory, const struct certificate_source *certificates,
			struct span_list hashes, int64_t at_ms, struct chain_verdict *verdict)
{
	struct chain chain = chain_load(certificates, hashes);

	*verdict = (struct chain_verdict){.state = chain.state};
	switch (chain.state) {
	case CHAIN_LOADED:
		verdict->pkix = pkix_verify(&chain, memory->store, certificates, at_ms);
		(void)certificate_read(&memory->arena,
				       certificates->find(certificates->context, hashes.items[0]),
				       &verdict->leaf);
		verdict->leaf.der = (struct span){0}; /* the source's, not ours to keep */
		break;
	case CHAIN_MALFORMED:
		verdict->pkix = (struct pkix_verdict){
			.faults = PKIX_BIT(PKIX_FAULT_UNTRUSTED),
			.detail = "malformed",
			.from_ms = INT64_MIN,
			.until_ms = INT64_MAX,
		};
		break;
	case CHAIN_NONE:
	case CHAIN_MISSING:
		break;
	}
	chain_free(&chain);
}

/* The entry for this key, new or of another time, judged now; NULL without memory. */
static struct chain_entry *remember(struct chain_memory *memory,
				    const struct certificate_source *certificates,
				    struct span_list hashes, int64_t at_ms, const uint8_t *key)
{
	struct chain_entry *entry;

	if (HASH_COUNT(memory->entries) >= ENTRIES_MAX ||
	    memory->arena.held_bytes > ARENA_CAP_BYTES / 2)
		forget_all(memory);
	entry = arena_alloc(&memory->arena, sizeof(*entry));
	if (entry == NULL)
		return NULL;
	memcpy(entry->key, key, sizeof(entry->key));
	judge_chain(memory, certificates, hashes, at_ms, &entry->verdict);
	if (memory->arena.exhausted)
		return NULL;
	HASH_ADD_KEYPTR(hh, memory->entries, entry->key, sizeof(entry->key), entry);
	return entry;
}

/* What the evidence lacked may be there by now, while a scan goes on. */
static bool still_holds(const struct chain_verdict *verdict, int64_t at_ms)
{
	return verdict->state == CHAIN_NONE || verdict->state == CHAIN_MALFORMED ||
	       (verdict->state == CHAIN_LOADED && at_ms >= verdict->pkix.from_ms &&
		at_ms < verdict->pkix.until_ms);
}

const struct chain_verdict *chain_memory_judge(struct chain_memory *memory,
					       const struct certificate_source *certificates,
					       struct span_list hashes, int64_t at_ms)
{
	uint8_t key[SHA256_DIGEST_LENGTH];
	struct chain_entry *entry = NULL;

	if (!chain_key(hashes, key))
		return &memory->missing;
	HASH_FIND(hh, memory->entries, key, sizeof(key), entry);
	if (entry != NULL && !still_holds(&entry->verdict, at_ms)) {
		HASH_DEL(memory->entries, entry);
		entry = NULL;
	}
	if (entry == NULL)
		entry = remember(memory, certificates, hashes, at_ms, key);
	return entry == NULL ? &memory->missing : &entry->verdict;
}

unsigned chain_faults(const struct chain_verdict *verdict, struct span name)
{
	unsigned faults = verdict->pkix.faults;

	if (verdict->state == CHAIN_LOADED && !certificate_matches(&verdict->leaf, name))
		faults |= PKIX_BIT(PKIX_FAULT_NAME_MISMATCH);
	return faults;
}
