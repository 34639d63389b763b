/*
 * Counts over a whole scan: how many domains each provider and each address serves. Filled by
 * whoever finishes a scan, domain by domain, then asked by the judge; it holds no evidence.
 */
#include "judge/census.h"

#include <openssl/sha.h>
#include <stdlib.h>

#include "base/seen.h"
#include "judge/domain_hosts.h"

/* What is counted; the first byte of its key. */
enum subject { SUBJECT_PROVIDER = 'p', SUBJECT_ADDRESS = 'a' };

/* 16 bytes for an address, a name more for a provider: there may be tens of millions. */
struct counted {
	uint32_t domains;
	uint32_t counted_for; /* ordinal of the domain that was counted last: each counts once */
	uint8_t kind;         /* enum entity_kind */
	uint8_t class;        /* enum provider_class */
	uint8_t name_len;     /* 0 for an address */
	uint8_t name[];
};

struct census {
	struct seen *entities; /* values are pointers to struct counted */
	struct arena arena;
	uint32_t domains;
};

struct census *census_new(void)
{
	struct census *census = calloc(1, sizeof(*census));

	if (census == NULL)
		return NULL;
	census->entities = seen_new();
	if (census->entities == NULL) {
		free(census);
		return NULL;
	}
	arena_init(&census->arena, SIZE_MAX / 2);
	return census;
}

void census_free(struct census *census)
{
	if (census == NULL)
		return;
	seen_free(census->entities);
	arena_free(&census->arena);
	free(census);
}

/*
 * Unkeyed, so that censuses of different runs can be merged; SHA-256 lets nobody choose colliding
 * names.
 */
static struct seen_key entity_key(enum subject subject, enum entity_kind kind, struct span text)
{
	uint8_t bytes[2 + UINT8_MAX], digest[SHA256_DIGEST_LENGTH];
	size_t len = text.len < UINT8_MAX ? text.len : UINT8_MAX;
	struct seen_key key;

	bytes[0] = (uint8_t)subject;
	bytes[1] = (uint8_t)kind;
	for (size_t i = 0; i < len; i++)
		bytes[2 + i] = text.data[i] >= 'A' && text.data[i] <= 'Z'
				       ? (uint8_t)(text.data[i] + ('a' - 'A'))
				       : text.data[i];
	SHA256(bytes, 2 + len, digest);
	memcpy(&key.high, digest, sizeof(key.high));
	memcpy(&key.low, digest + sizeof(key.high), sizeof(key.low));
	return key;
}

static struct counted *entity_of(uint64_t value)
{
	return (struct counted *)(uintptr_t)value;
}

static struct span entity_name(const struct counted *entity)
{
	return span_of(entity->name, entity->name_len);
}

static int compare_spans(struct span a, struct span b)
{
	int order = memcmp(a.data, b.data, a.len < b.len ? a.len : b.len);

	return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

static struct counted *entity_new(struct census *census, enum entity_kind kind,
				  enum provider_class class, struct span name)
{
	size_t len = name.len < UINT8_MAX ? name.len : UINT8_MAX;
	struct counted *entity = arena_alloc(&census->arena, sizeof(*entity) + len);

	if (entity == NULL)
		return NULL;
	entity->kind = (uint8_t)kind;
	entity->class = (uint8_t) class;
	entity->name_len = (uint8_t)len;
	if (len > 0)
		memcpy(entity->name, name.data, len);
	return entity;
}

/*
 * The entity of a key, made where it is missing. Of several names (tutanota.de, tutanota.com) the
 * first in order stands, so that it does not hang on the order of domains.
 */
static struct counted *entity_get(struct census *census, struct seen_key key, enum entity_kind kind,
				  enum provider_class class, struct span name)
{
	bool added;
	uint64_t *place = seen_add(census->entities, key, &added);
	struct counted *old, *entity;

	if (place == NULL)
		return NULL;
	old = entity_of(*place);
	if (old != NULL && (name.len == 0 || compare_spans(name, entity_name(old)) >= 0))
		return old;
	entity = entity_new(census, kind, class, name);
	if (entity == NULL)
		return old;
	if (old != NULL) {
		entity->domains = old->domains;
		entity->counted_for = old->counted_for;
	}
	*place = (uint64_t)(uintptr_t)entity;
	return entity;
}

/* Counts the domain that is being added, once. */
static bool count(struct census *census, struct counted *entity)
{
	if (entity == NULL)
		return false;
	if (entity->counted_for != census->domains) {
		entity->counted_for = census->domains;
		entity->domains++;
	}
	return true;
}

static bool count_provider(struct census *census, const struct judge_settings *settings,
			   enum entity_kind kind, struct span host)
{
	struct provider_identity identity =
		provider_identify(settings->psl, settings->providers, host);

	return count(census, entity_get(census, entity_key(SUBJECT_PROVIDER, kind, identity.key),
					kind, identity.class, identity.name));
}

static bool count_address(struct census *census, enum entity_kind kind, struct span address)
{
	return count(census, entity_get(census, entity_key(SUBJECT_ADDRESS, kind, address), kind,
					PROVIDER_CLASS_NULL, span_text("")));
}

static bool count_mx(struct census *census, const struct judge_settings *settings,
		     const struct host_source *hosts, const struct mx *mx)
{
	bool ok = true;

	for (size_t i = 0; i < mx->hosts.count; i++) {
		struct span name = mx->hosts.items[i].host;
		const struct host_record *host;

		if (domain_host_is_root(name))
			continue;
		ok = count_provider(census, settings, ENTITY_KIND_MX, name) && ok;
		host = hosts->find(hosts->context, name);
		for (size_t a = 0; host != NULL && a < host->addresses.count; a++)
			ok = count_address(census, ENTITY_KIND_MX,
					   host->addresses.items[a].address) &&
			     ok;
	}
	return ok;
}

static bool count_policy(struct census *census, const struct judge_settings *settings,
			 const struct sts_policy *policy)
{
	struct span host = entities_policy_host(policy);
	bool ok = true;

	if (span_is_null(host))
		return true;
	ok = count_provider(census, settings, ENTITY_KIND_POLICY, host);
	for (size_t i = 0; i < policy->addresses.count; i++)
		ok = count_address(census, ENTITY_KIND_POLICY, policy->addresses.items[i]) && ok;
	return ok;
}

bool census_add(struct census *census, const struct judge_settings *settings,
		const struct host_source *hosts, const struct domain_record *domain)
{
	bool ok;

	census->domains++;
	ok = count_mx(census, settings, hosts, &domain->mx);
	ok = count_policy(census, settings, &domain->sts.policy) && ok;
	for (size_t i = 0; i < domain->ns.hosts.count; i++)
		ok = count_provider(census, settings, ENTITY_KIND_DNS, domain->ns.hosts.items[i]) &&
		     ok;
	return ok;
}

struct merging {
	struct census *into;
	bool ok;
};

static void merge_entity(void *context, struct seen_key key, uint64_t value)
{
	struct merging *merging = context;
	const struct counted *from = entity_of(value);
	struct counted *into =
		entity_get(merging->into, key, from->kind, from->class, entity_name(from));

	if (into == NULL)
		merging->ok = false;
	else
		into->domains += from->domains;
}

bool census_merge(struct census *census, const struct census *other)
{
	struct merging merging = {.into = census, .ok = true};

	seen_each(other->entities, merge_entity, &merging);
	return merging.ok;
}

static int64_t domains_of(const struct census *census, struct seen_key key)
{
	const uint64_t *place = seen_find(census->entities, key);

	return place == NULL ? 0 : entity_of(*place)->domains;
}

int64_t census_domains_of_provider(const struct census *census, enum entity_kind kind,
				   struct span key)
{
	return domains_of(census, entity_key(SUBJECT_PROVIDER, kind, key));
}

int64_t census_domains_of_address(const struct census *census, enum entity_kind kind,
				  struct span address)
{
	return domains_of(census, entity_key(SUBJECT_ADDRESS, kind, address));
}

struct listing {
	const struct counted **items;
	size_t count;
};

static void list_entity(void *context, struct seen_key key, uint64_t value)
{
	struct listing *listing = context;
	const struct counted *entity = entity_of(value);

	(void)key;
	if (entity->name_len > 0)
		listing->items[listing->count++] = entity;
}

/* By kind, the largest first, then by name. */
static int compare_entities(const void *a, const void *b)
{
	const struct counted *left = *(const struct counted *const *)a;
	const struct counted *right = *(const struct counted *const *)b;

	if (left->kind != right->kind)
		return left->kind < right->kind ? -1 : 1;
	if (left->domains != right->domains)
		return left->domains > right->domains ? -1 : 1;
	return compare_spans(entity_name(left), entity_name(right));
}

void census_each(const struct census *census,
		 void (*each)(void *context, const char *kind, struct span provider,
			      enum provider_class class, int64_t domains),
		 void *context)
{
	struct listing listing = {
		.items = calloc(seen_count(census->entities) + 1, sizeof(*listing.items)),
	};

	if (listing.items == NULL)
		return;
	seen_each(census->entities, list_entity, &listing);
	qsort(listing.items, listing.count, sizeof(*listing.items), compare_entities);
	for (size_t i = 0; i < listing.count; i++) {
		const struct counted *entity = listing.items[i];

		each(context, vocabulary_text(&vocabulary_entity_kind, entity->kind),
		     entity_name(entity), entity->class, entity->domains);
	}
	free(listing.items);
}
