/*
 * The judge of a domain: the order of judging, and what is told of the domain as a whole. Called by
 * whoever finishes a scan; the parts are in the files beside it.
 */
#include "judge/judge.h"

#include <stdlib.h>

#include "judge/diagnosis.h"
#include "judge/domain_hosts.h"
#include "judge/entities.h"
#include "judge/judge_private.h"
#include "judge/publication.h"
#include "judge/report.h"

struct judge *judge_new(const struct judge_settings *settings)
{
	struct judge *judge = calloc(1, sizeof(*judge));

	if (judge == NULL)
		return NULL;
	judge->settings = *settings;
	judge->memory = chain_memory_new(settings->store);
	if (judge->memory == NULL) {
		free(judge);
		return NULL;
	}
	return judge;
}

void judge_free(struct judge *judge)
{
	if (judge == NULL)
		return;
	chain_memory_free(judge->memory);
	free(judge);
}

/*
 * DANE states stand in the vocabulary from the worst to the best; a host without address has none.
 */
static enum dane worst_dane(const struct domain_record *domain, const struct judged_hosts *hosts)
{
	enum dane worst = hosts->incomplete ? DANE_UNKNOWN : DANE_NULL;

	for (size_t i = 0; i < hosts->count; i++) {
		enum dane state = hosts->items[i].dane.state;

		if (state != DANE_NULL && (worst == DANE_NULL || state < worst))
			worst = state;
	}
	/*
	 * RFC 7672 2.2.1: who is told the MX hosts by an insecure answer knows nothing of them for
	 * sure.
	 */
	if (worst > DANE_INSECURE && domain->mx.secure != TRISTATE_YES)
		return DANE_INSECURE;
	return worst;
}

static bool has_mx(const struct domain_record *domain)
{
	return domain->mx.kind == MX_KIND_EXPLICIT || domain->mx.kind == MX_KIND_IMPLICIT ||
	       domain->mx.kind == MX_KIND_INVALID_NULL;
}

static bool policy_is_broken(const struct sts_policy *policy)
{
	return policy->state == PRESENCE_ABSENT ||
	       (policy->state == PRESENCE_PRESENT && policy->strict != VALIDITY_VALID);
}

/*
 * As IMC 2025 counts: domains with MX and a record, whatever the mode; what is unknown is not
 * counted.
 */
static void judge_categories(struct arena *arena, struct domain_record *domain,
			     const struct judged_hosts *hosts)
{
	struct word_list *categories = &domain->verdict.categories;
	bool certificate = false;

	if (!has_mx(domain) || domain->sts.record.state != PRESENCE_PRESENT)
		return;
	for (size_t i = 0; i < hosts->count; i++)
		certificate = certificate || hosts->items[i].faults != 0;
	if (domain->sts.record.strict != VALIDITY_VALID)
		(void)record_add_word(arena, categories, CATEGORY_RECORD);
	if (policy_is_broken(&domain->sts.policy))
		(void)record_add_word(arena, categories, CATEGORY_POLICY);
	if (certificate)
		(void)record_add_word(arena, categories, CATEGORY_MX_CERTIFICATE);
	if (domain->match == MATCH_NONE)
		(void)record_add_word(arena, categories, CATEGORY_INCONSISTENCY);
}

static bool judge_delivery(struct arena *arena, struct domain_record *domain,
			   const struct judged_hosts *hosts)
{
	/* One more than are listed stands for all that may be missing. */
	struct delivery_host *items = arena_calloc(arena, hosts->count + 1, sizeof(*items));
	struct delivery_domain delivery = {
		.mx = domain->mx.kind,
		.sts = domain->verdict.sts,
		.hosts = items,
		.hosts_count = hosts->count + hosts->incomplete,
	};

	if (items == NULL)
		return false;
	items[hosts->count] = delivery_unknown_host();
	for (size_t i = 0; i < hosts->count; i++) {
		items[i] = hosts->items[i].delivery;
		domain->hosts.items[i].delivery = delivery_of_host(&items[i], delivery.sts);
	}
	domain->verdict.delivery = delivery_of_domain(&delivery);
	domain->verdict.ready_for_enforce = delivery_ready_for_enforce(&delivery);
	return true;
}

/* Nothing was asked about such a line, so nothing is said of it. */
static bool was_scanned(const struct domain_record *domain)
{
	return domain->status != RECORD_STATUS_INVALID_INPUT &&
	       domain->status != RECORD_STATUS_EXCLUDED;
}

bool judge_domain(struct judge *judge, const struct certificate_source *certificates,
		  const struct host_source *hosts, const struct census *census, struct arena *arena,
		  struct domain_record *domain)
{
	struct judged_hosts judged;
	bool ok;

	record_init(&schema_verdict, &domain->verdict);
	record_init(&schema_entities, &domain->entities);
	if (!was_scanned(domain))
		return true;
	domain->verdict.judge_version = JUDGE_VERSION;
	publication_judge_record(arena, &domain->sts.record);
	publication_judge_tlsrpt(arena, &domain->tlsrpt);
	publication_judge_policy(judge->memory, certificates, arena, &domain->sts.policy);
	domain->verdict.sts = publication_verdict(&domain->sts);
	if (!domain_hosts_judge(&judge->settings, certificates, hosts, arena, domain, &judged))
		return false;
	domain->verdict.dane = worst_dane(domain, &judged);
	judge_categories(arena, domain, &judged);
	ok = judge_delivery(arena, domain, &judged) && report_predict(arena, domain, &judged) &&
	     diagnosis_make(arena, domain, &judged);
	entities_judge(&judge->settings, census, hosts, domain);
	return ok && !arena->exhausted;
}
