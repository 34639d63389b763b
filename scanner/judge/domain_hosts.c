/*
 * Joins a domain with its MX hosts. Called by judge.c. A host that was not gathered, because a
 * stage was left out or the scan was stopped, is unknown in all that is asked of it.
 */
#include "judge/domain_hosts.h"

#include "judge/judge_private.h"
#include "judge/mx_match.h"

bool domain_host_is_root(struct span host)
{
	return span_equal(host, span_text("."));
}

/* Patterns that some reading takes; a policy that neither takes lists nobody. */
static struct span_list patterns_of(const struct sts_policy *policy)
{
	bool usable = policy->strict == VALIDITY_VALID || policy->lenient == VALIDITY_VALID;

	return usable ? policy->mx : (struct span_list){0};
}

static enum tristate tls_came_up(const struct host_record *host, enum host_result result)
{
	if (!span_is_null(host_tls_version(host)))
		return TRISTATE_YES;
	return result == HOST_RESULT_STARTTLS_NOT_SUPPORTED ||
			       result == HOST_RESULT_VALIDATION_FAILURE
		       ? TRISTATE_NO
		       : TRISTATE_UNKNOWN;
}

static void note_address(struct judged_host *judged, const struct host_record *host,
			 const struct host_address *address)
{
	int64_t not_after_ms = address->pkix.not_after;

	for (size_t i = 0; i < address->pkix.all.count; i++)
		judged->faults |= PKIX_BIT((unsigned)address->pkix.all.items[i]);
	if (not_after_ms == NUMBER_NULL ||
	    (judged->not_after_ms != NUMBER_NULL && judged->not_after_ms <= not_after_ms))
		return;
	judged->not_after_ms = not_after_ms;
	judged->probed_ms = host_address_time(host, address);
}

/*
 * The host's own DANE state stands but for the one more name under which DANE-TA may match (RFC
 * 7672 3.2.2).
 */
static struct host_dane dane_for_domain(const struct certificate_source *certificates,
					struct arena *arena, const struct host_record *host,
					const struct domain_record *domain)
{
	bool secure = domain->mx.secure == TRISTATE_YES;

	if (host->dane != DANE_INVALID && host->dane != DANE_DNSSEC_INVALID)
		return (struct host_dane){.state = host->dane};
	return host_dane_judge(certificates, arena, host,
			       secure ? domain->domain : (struct span){0});
}

static void judge_found(const struct certificate_source *certificates, struct arena *arena,
			const struct host_record *host, const struct domain_record *domain,
			struct judged_host *judged)
{
	judged->found = true;
	judged->pkix = host_pkix_result(host);
	judged->pkix.detail = arena_copy(arena, judged->pkix.detail);
	judged->dane = dane_for_domain(certificates, arena, host, domain);
	judged->differs = host->addresses_differ == FLAG_TRUE;
	judged->cname = host->cname.count > 0;
	judged->old_tls = !span_is_null(host_tls_version(host)) &&
			  judge_tls_version_is_old(host_tls_version(host));
	judged->without_ipv6 =
		host->lookup_a == DNS_STATUS_NOERROR && host->lookup_aaaa == DNS_STATUS_NODATA;
	for (size_t i = 0; i < host->addresses.count; i++)
		note_address(judged, host, &host->addresses.items[i]);
	judged->delivery = (struct delivery_host){
		.has_address = host_has_address(host),
		.dane = judged->dane.state,
		.result = judged->pkix.result,
		.starttls = host_starttls(host),
		.tls = tls_came_up(host, judged->pkix.result),
	};
}

static void judge_missing(struct judged_host *judged)
{
	judged->pkix = (struct host_pkix){HOST_RESULT_UNKNOWN, span_text("not-gathered")};
	judged->dane.state = DANE_UNKNOWN;
	judged->delivery = delivery_unknown_host();
}

static void fill(const struct judge_settings *settings, struct arena *arena,
		 const struct host_record *found, const struct judged_host *judged,
		 struct domain_host *host)
{
	struct host_pkix result = host_result_with_dane(judged->pkix, judged->dane.state);

	host->host = judged->name;
	host->provider = arena_copy(
		arena, judge_provider_name(settings->psl, settings->providers, judged->name));
	host->result = result.result;
	host->detail = result.detail;
	host->dane = judged->dane.state;
	host->starttls = judged->delivery.starttls;
	if (found == NULL)
		return;
	host->tls_version = arena_copy(arena, host_tls_version(found));
	host->shared_probe = flag_of(!span_equal_nocase(found->host, judged->name));
	host->probe = arena_copy(arena, found->host);
}

/* One host of the domain, but for what hangs on the policy. */
static bool judge_one(const struct judge_settings *settings,
		      const struct certificate_source *certificates,
		      const struct host_source *hosts, struct arena *arena,
		      struct domain_record *domain, const struct mx_host *mx,
		      struct judged_host *judged)
{
	const struct host_record *found = hosts->find(hosts->context, mx->host);
	struct domain_host *host = record_append(arena, &schema_domain_host, &domain->hosts);

	if (host == NULL)
		return false;
	*judged = (struct judged_host){.name = mx->host, .not_after_ms = NUMBER_NULL};
	if (found == NULL)
		judge_missing(judged);
	else
		judge_found(certificates, arena, found, domain, judged);
	host->preference = mx->preference;
	fill(settings, arena, found, judged, host);
	return true;
}

static void add_notes(struct arena *arena, struct domain_record *domain, unsigned notes)
{
	for (unsigned note = MISMATCH_NOTE_LABEL_MTA_STS; note <= MISMATCH_NOTE_STALE; note++)
		if (notes & 1u << note)
			(void)record_add_word(arena, &domain->mismatch_notes, (int)note);
}

static bool host_names(struct arena *arena, const struct domain_record *domain,
		       struct span_list *names)
{
	for (size_t i = 0; i < domain->hosts.count; i++)
		if (!arena_append(arena, names, domain->hosts.items[i].host))
			return false;
	return true;
}

/* RFC 8461 4.1, for every host and for the domain as a whole. */
static bool judge_match(const psl_ctx_t *psl, struct arena *arena, struct domain_record *domain,
			struct judged_hosts *judged)
{
	struct span_list patterns = patterns_of(&domain->sts.policy);
	struct span_list names = {0};
	size_t matching = 0;

	if (patterns.count == 0 || judged->count == 0)
		return true;
	for (size_t i = 0; i < domain->hosts.count; i++) {
		bool matches = mx_match_any(judged->items[i].name, patterns);

		matching += matches;
		domain->hosts.items[i].policy_match = flag_of(matches);
		judged->items[i].delivery.matches = matches ? TRISTATE_YES : TRISTATE_NO;
	}
	domain->match = matching == domain->hosts.count ? MATCH_ALL
			: matching > 0                  ? MATCH_SOME
							: MATCH_NONE;
	/* Neither "all" nor "none" is known where hosts are left out. */
	if (judged->incomplete && domain->match != MATCH_SOME)
		domain->match = MATCH_NULL;
	if (matching == domain->hosts.count)
		return true;
	if (!host_names(arena, domain, &names))
		return false;
	if (domain->match == MATCH_NONE)
		domain->mismatch = mx_mismatch(psl, names, patterns);
	add_notes(arena, domain, mx_mismatch_notes(names, patterns));
	return true;
}

/* The MX records were not had, or more than are kept, or than there was room for. */
static bool is_incomplete(const struct domain_record *domain)
{
	return domain->mx.kind == MX_KIND_UNKNOWN ||
	       span_equal(domain->reason, span_text("mx-hosts-limit")) ||
	       span_equal(domain->reason, span_text("local-limit"));
}

bool domain_hosts_judge(const struct judge_settings *settings,
			const struct certificate_source *certificates,
			const struct host_source *hosts, struct arena *arena,
			struct domain_record *domain, struct judged_hosts *judged)
{
	const struct mx_host_list *list = &domain->mx.hosts;

	domain->hosts = (struct domain_host_list){0};
	domain->match = MATCH_NULL;
	domain->mismatch = MISMATCH_NULL;
	domain->mismatch_notes = (struct word_list){0};
	*judged = (struct judged_hosts){
		.items = arena_calloc(arena, list->count, sizeof(*judged->items)),
		.incomplete = is_incomplete(domain),
	};
	if (judged->items == NULL)
		return false;
	for (size_t i = 0; i < list->count; i++) {
		if (domain_host_is_root(list->items[i].host))
			continue;
		if (!judge_one(settings, certificates, hosts, arena, domain, &list->items[i],
			       &judged->items[judged->count]))
			return false;
		judged->count++;
	}
	return judge_match(settings->psl, arena, domain, judged);
}
