/*
 * Providers by the published table or by name, and management by the published heuristics (IMC
 * 2025). Called by judge.c and census.c; thresholds are settings.
 */
#include "judge/entities.h"

#include "facts/name.h"
#include "judge/census.h"
#include "judge/domain_hosts.h"

struct provider_identity provider_identify(const psl_ctx_t *psl,
					   const struct provider_table *providers, struct span host)
{
	const struct provider *row = provider_table_find(providers, host);
	struct span registrable;

	if (row != NULL)
		return (struct provider_identity){row->name, row->name, row->class};
	registrable = name_registrable(psl, host);
	if (span_is_null(registrable))
		return (struct provider_identity){host, host, PROVIDER_CLASS_NULL};
	/* tutanota.de and tutanota.com are one. */
	return (struct provider_identity){
		.name = registrable,
		.key = span_first(registrable, span_find(registrable, '.')),
	};
}

struct span judge_provider_name(const psl_ctx_t *psl, const struct provider_table *providers,
				struct span host)
{
	return provider_identify(psl, providers, host).name;
}

struct span entities_policy_host(const struct sts_policy *policy)
{
	if (policy->cname.count > 0)
		return policy->cname.items[policy->cname.count - 1];
	return policy->addresses.count > 0 ? policy->host : (struct span){0};
}

/*
 * What of a domain somebody runs: a host whose name tells who, and the addresses that it was found
 * at.
 */
struct subject {
	enum entity_kind kind;
	struct span host;
	struct span_list addresses;                     /* of a policy host */
	const struct host_address_list *host_addresses; /* of an MX host, else NULL */
};

static int64_t most_domains_of_addresses(const struct census *census, const struct subject *subject)
{
	int64_t most = 0;

	for (size_t i = 0; i < subject->addresses.count; i++) {
		int64_t domains = census_domains_of_address(census, subject->kind,
							    subject->addresses.items[i]);

		most = domains > most ? domains : most;
	}
	for (size_t i = 0; subject->host_addresses != NULL && i < subject->host_addresses->count;
	     i++) {
		int64_t domains = census_domains_of_address(
			census, subject->kind, subject->host_addresses->items[i].address);

		most = domains > most ? domains : most;
	}
	return most;
}

/*
 * The provider itself, whose name many share, runs its own mail; a name of one's own at a crowded
 * address does not make one self-managed.
 */
static enum management management_of(const struct judge_settings *settings,
				     const struct census *census, struct span domain,
				     const struct subject *subject)
{
	struct span key = provider_identify(settings->psl, settings->providers, subject->host).key;
	struct span own = provider_identify(settings->psl, settings->providers, domain).key;
	bool is_own = span_equal_nocase(key, own);
	int64_t by_name, by_address;

	if (census == NULL)
		return MANAGEMENT_UNCLASSIFIED;
	by_name = census_domains_of_provider(census, subject->kind, key);
	by_address = most_domains_of_addresses(census, subject);
	if (is_own && by_name >= settings->third_party_min)
		return MANAGEMENT_SELF;
	if (by_name >= settings->third_party_min || by_address >= settings->third_party_min)
		return MANAGEMENT_THIRD_PARTY;
	if (is_own ||
	    (subject->kind == ENTITY_KIND_POLICY && by_name <= settings->self_policy_max &&
	     by_address <= settings->self_policy_max))
		return MANAGEMENT_SELF;
	return MANAGEMENT_UNCLASSIFIED;
}

static void fill(const struct judge_settings *settings, const struct census *census,
		 struct span domain, const struct subject *subject, struct entity *entity)
{
	struct provider_identity identity;

	record_init(&schema_entity, entity);
	if (span_is_null(subject->host))
		return;
	identity = provider_identify(settings->psl, settings->providers, subject->host);
	entity->provider = identity.name;
	entity->class = identity.class;
	entity->management = management_of(settings, census, domain, subject);
}

/* The most preferred host stands for all. */
static struct subject mx_subject(const struct host_source *hosts, const struct mx *mx)
{
	struct subject subject = {.kind = ENTITY_KIND_MX};

	for (size_t i = 0; i < mx->hosts.count; i++) {
		const struct host_record *host;

		if (domain_host_is_root(mx->hosts.items[i].host))
			continue;
		subject.host = mx->hosts.items[i].host;
		host = hosts->find(hosts->context, subject.host);
		subject.host_addresses = host == NULL ? NULL : &host->addresses;
		break;
	}
	return subject;
}

static enum flag same_provider(const struct judge_settings *settings, struct span mx,
			       struct span policy)
{
	if (span_is_null(mx) || span_is_null(policy))
		return FLAG_NULL;
	return flag_of(span_equal_nocase(
		provider_identify(settings->psl, settings->providers, mx).key,
		provider_identify(settings->psl, settings->providers, policy).key));
}

void entities_judge(const struct judge_settings *settings, const struct census *census,
		    const struct host_source *hosts, struct domain_record *domain)
{
	struct entities *entities = &domain->entities;
	struct subject mx = mx_subject(hosts, &domain->mx);
	struct subject policy = {
		.kind = ENTITY_KIND_POLICY,
		.host = entities_policy_host(&domain->sts.policy),
		.addresses = domain->sts.policy.addresses,
	};
	struct subject dns = {
		.kind = ENTITY_KIND_DNS,
		.host = domain->ns.hosts.count > 0 ? domain->ns.hosts.items[0] : (struct span){0},
	};

	fill(settings, census, domain->domain, &mx, &entities->mx);
	fill(settings, census, domain->domain, &policy, &entities->policy);
	fill(settings, census, domain->domain, &dns, &entities->dns);
	entities->same_provider = same_provider(settings, mx.host, policy.host);
}
