/*
 * The states of one domain. Two things go on side by side: the MX hosts (with the addresses of the
 * domain itself where it has no MX) and the policy (record, addresses of the policy host, fetch).
 * Called by whoever drives a domain; opens nothing.
 */
#include "steps/domain.h"

#include "facts/sts_record.h"
#include "steps/mx_hosts.h"
#include "steps/name_order.h"

enum { TAG_FETCH = DOMAIN_LOOKUPS };

enum { HTTP_TOO_MANY_REQUESTS = 429, HTTP_SERVICE_UNAVAILABLE = 503 };

static struct lookup_context context_of(struct domain_step *step, struct requests *out)
{
	return (struct lookup_context){
		.settings = step->settings,
		.arena = step->arena,
		.lookups = &step->record->lookups,
		.open = &step->open,
		.out = out,
	};
}

static void ask(struct domain_step *step, enum domain_lookup lookup, struct span name,
		enum dns_type type, struct requests *out)
{
	struct lookup_context context = context_of(step, out);

	lookup_slot_ask(&step->lookups[lookup], &context, lookup, name, type);
}

/* Both families of a name, or those that the settings leave. */
static void ask_addresses(struct domain_step *step, enum domain_lookup a, enum domain_lookup aaaa,
			  struct span name, struct requests *out)
{
	if (step->settings->ipv4 || step->settings->list_ipv4)
		ask(step, a, name, DNS_TYPE_A, out);
	else
		lookup_slot_leave_out(&step->lookups[a]);
	if (step->settings->ipv6 || step->settings->list_ipv6)
		ask(step, aaaa, name, DNS_TYPE_AAAA, out);
	else
		lookup_slot_leave_out(&step->lookups[aaaa]);
}

static bool is_settled(const struct domain_step *step, enum domain_lookup lookup)
{
	return lookup_slot_is_settled(&step->lookups[lookup]);
}

static const struct lookup_result *result_of(const struct domain_step *step,
					     enum domain_lookup lookup)
{
	return &step->lookups[lookup].result;
}

/* --- MX --- */

static void record_mx_hosts(struct domain_step *step, const struct dns_answer *answer)
{
	size_t hosts_max = (size_t)step->settings->limits->mx_hosts_count;

	step->hosts_cut = !mx_hosts_fill(step->arena, answer, hosts_max, &step->record->mx);
}

static enum domain_mx_state on_mx_asked(struct domain_step *step, struct requests *out)
{
	struct mx *mx = &step->record->mx;
	const struct lookup_result *result = result_of(step, DOMAIN_LOOKUP_MX);

	if (!is_settled(step, DOMAIN_LOOKUP_MX))
		return DOMAIN_MX_ASKED;
	mx->status = result->answer.status;
	mx->secure = result->secure;
	if (mx->status == DNS_STATUS_NODATA) {
		ask_addresses(step, DOMAIN_LOOKUP_A, DOMAIN_LOOKUP_AAAA, step->record->domain, out);
		return DOMAIN_MX_ADDRESSES_ASKED;
	}
	if (mx->status == DNS_STATUS_NOERROR)
		record_mx_hosts(step, &result->answer);
	else if (mx->status == DNS_STATUS_NXDOMAIN)
		mx->kind = MX_KIND_NONE;
	else
		mx->kind = MX_KIND_UNKNOWN;
	return DOMAIN_MX_SETTLED;
}

static bool is_certainly_absent(enum dns_status status)
{
	return status == DNS_STATUS_NODATA || status == DNS_STATUS_NXDOMAIN;
}

/* RFC 5321 5.1: without MX record, but with an address, the domain is its own host. */
static enum domain_mx_state on_mx_addresses_asked(struct domain_step *step, struct requests *out)
{
	struct mx *mx = &step->record->mx;
	enum dns_status a = lookup_slot_status(&step->lookups[DOMAIN_LOOKUP_A]);
	enum dns_status aaaa = lookup_slot_status(&step->lookups[DOMAIN_LOOKUP_AAAA]);

	(void)out;
	if (!is_settled(step, DOMAIN_LOOKUP_A) || !is_settled(step, DOMAIN_LOOKUP_AAAA))
		return DOMAIN_MX_ADDRESSES_ASKED;
	if (a == DNS_STATUS_NOERROR || aaaa == DNS_STATUS_NOERROR)
		mx_hosts_fill_implicit(step->arena, step->record->domain, mx);
	else if (is_certainly_absent(dns_status_of_both(a, aaaa)))
		mx->kind = MX_KIND_NONE;
	else
		mx->kind = MX_KIND_UNKNOWN;
	return DOMAIN_MX_SETTLED;
}

static enum domain_mx_state next_mx_state(struct domain_step *step, struct requests *out)
{
	switch (step->mx) {
	case DOMAIN_MX_ASKED:
		return on_mx_asked(step, out);
	case DOMAIN_MX_ADDRESSES_ASKED:
		return on_mx_addresses_asked(step, out);
	case DOMAIN_MX_SETTLED:
		break;
	}
	return DOMAIN_MX_SETTLED;
}

/* --- the policy --- */

/* MEASURES 4: a record that is valid in either reading makes the policy worth a fetch. */
static bool policy_is_wanted(const struct domain_step *step)
{
	const struct sts_record_map *published = &step->record->sts.record;

	if (!step->settings->stage_policy)
		return false;
	if (step->settings->always_fetch)
		return true;
	if (published->lookup != DNS_STATUS_NOERROR)
		return false;
	struct sts_record record = sts_record_read(published->txt);

	return record.strict == VALIDITY_VALID || record.lenient == VALIDITY_VALID;
}

static enum domain_policy_state end_policy(struct domain_step *step, enum stage stage,
					   enum policy_error error)
{
	step->record->sts.policy.fetch.stage = stage;
	step->record->sts.policy.fetch.error = error;
	return DOMAIN_POLICY_SETTLED;
}

static enum domain_policy_state on_record_asked(struct domain_step *step, struct requests *out)
{
	struct sts_policy *policy = &step->record->sts.policy;
	struct span domain = step->record->domain;

	if (!is_settled(step, DOMAIN_LOOKUP_STS))
		return DOMAIN_POLICY_RECORD_ASKED;
	if (!policy_is_wanted(step))
		return DOMAIN_POLICY_SETTLED;
	policy->host = arena_printf(step->arena, "mta-sts.%.*s", (int)domain.len,
				    (const char *)domain.data);
	if (span_is_null(policy->host))
		return end_policy(step, STAGE_DNS, POLICY_ERROR_LOCAL_LIMIT);
	ask_addresses(step, DOMAIN_LOOKUP_POLICY_A, DOMAIN_LOOKUP_POLICY_AAAA, policy->host, out);
	return DOMAIN_POLICY_ADDRESSES_ASKED;
}

static enum policy_error dns_error_of(enum dns_status status)
{
	switch (status) {
	case DNS_STATUS_NXDOMAIN:
		return POLICY_ERROR_NXDOMAIN;
	case DNS_STATUS_SERVFAIL:
		return POLICY_ERROR_SERVFAIL;
	case DNS_STATUS_REFUSED:
		return POLICY_ERROR_REFUSED;
	case DNS_STATUS_FORMERR:
		return POLICY_ERROR_FORMERR;
	case DNS_STATUS_NOTIMP:
		return POLICY_ERROR_NOTIMP;
	case DNS_STATUS_TIMEOUT:
		return POLICY_ERROR_TIMEOUT;
	case DNS_STATUS_NETWORK_ERROR:
		return POLICY_ERROR_NETWORK_ERROR;
	case DNS_STATUS_BOGUS:
		return POLICY_ERROR_BOGUS;
	case DNS_STATUS_LIMIT:
		return POLICY_ERROR_TOO_LARGE;
	case DNS_STATUS_LOCAL_LIMIT:
	case DNS_STATUS_NOT_ASKED:
		return POLICY_ERROR_LOCAL_LIMIT;
	case DNS_STATUS_NULL:
	case DNS_STATUS_NOERROR:
	case DNS_STATUS_NODATA:
		break;
	}
	return POLICY_ERROR_NODATA;
}

/* A chain that comes back to itself, or that is longer than is followed. */
static bool chain_is_endless(const struct dns_answer *answer)
{
	return answer->cname_loop ||
	       (answer->status == DNS_STATUS_LIMIT && answer->cnames.count > 0);
}

static enum domain_policy_state end_without_address(struct domain_step *step)
{
	const struct dns_answer *a = &result_of(step, DOMAIN_LOOKUP_POLICY_A)->answer;
	const struct dns_answer *aaaa = &result_of(step, DOMAIN_LOOKUP_POLICY_AAAA)->answer;
	enum dns_status status = dns_status_of_both(a->status, aaaa->status);

	if (!dns_status_is_unknown(status) && (chain_is_endless(a) || chain_is_endless(aaaa)))
		return end_policy(step, STAGE_DNS, POLICY_ERROR_CNAME_LOOP);
	return end_policy(step, STAGE_DNS, dns_error_of(status));
}

/* Recorded all (to a cap), to be tried only those that may be contacted. */
static void gather_addresses(struct domain_step *step, const struct dns_answer *answer,
			     bool *unroutable)
{
	struct span_list *listed = &step->record->sts.policy.addresses;
	size_t max = (size_t)step->settings->limits->host_addresses_count;

	for (size_t i = 0; i < answer->addresses_count && listed->count < max; i++) {
		struct address address = answer->addresses[i];
		struct span text = address_to_text(step->arena, address);
		void *items = step->addresses;

		if (span_is_null(text) || !arena_append(step->arena, listed, text))
			return;
		if (!step_connects_to(step->settings, address)) {
			*unroutable = true;
			continue;
		}
		if (address_is_reserved(address) && !step->settings->allow_reserved)
			continue;
		struct address *place =
			arena_grow(step->arena, &items, &step->addresses_count, sizeof(*place));

		if (place == NULL)
			return;
		step->addresses = items;
		*place = address;
	}
}

static void request_fetch(struct domain_step *step, int64_t now_ms, struct requests *out)
{
	struct sts_policy *policy = &step->record->sts.policy;
	struct request *request = requests_add(out, REQUEST_FETCH, TAG_FETCH);

	request->fetch.host = policy->host;
	request->fetch.addresses = step->addresses;
	request->fetch.addresses_count = step->addresses_count;
	request->fetch.policy = policy;
	policy->tries = policy->tries == NUMBER_NULL ? 1 : policy->tries + 1;
	policy->started = now_ms;
	policy->time_ms = NUMBER_NULL;
	step->open++;
}

static enum domain_policy_state on_addresses_asked(struct domain_step *step, int64_t now_ms,
						   struct requests *out)
{
	struct sts_policy *policy = &step->record->sts.policy;
	const struct dns_answer *a = &result_of(step, DOMAIN_LOOKUP_POLICY_A)->answer;
	const struct dns_answer *aaaa = &result_of(step, DOMAIN_LOOKUP_POLICY_AAAA)->answer;
	bool unroutable = false;

	if (!is_settled(step, DOMAIN_LOOKUP_POLICY_A) ||
	    !is_settled(step, DOMAIN_LOOKUP_POLICY_AAAA))
		return DOMAIN_POLICY_ADDRESSES_ASKED;
	policy->cname = a->cnames.count > 0 ? a->cnames : aaaa->cnames;
	/* IPv4 first: a policy that IPv6 alone cannot reach is not the policy's fault. */
	gather_addresses(step, a, &unroutable);
	gather_addresses(step, aaaa, &unroutable);
	if (policy->addresses.count == 0)
		return end_without_address(step);
	if (step->addresses_count == 0)
		return end_policy(step, STAGE_TCP,
				  unroutable ? POLICY_ERROR_UNREACHABLE : POLICY_ERROR_EXCLUDED);
	request_fetch(step, now_ms, out);
	return DOMAIN_POLICY_FETCHING;
}

static enum domain_policy_state next_policy_state(struct domain_step *step, int64_t now_ms,
						  struct requests *out)
{
	switch (step->policy) {
	case DOMAIN_POLICY_RECORD_ASKED:
		return on_record_asked(step, out);
	case DOMAIN_POLICY_ADDRESSES_ASKED:
		return on_addresses_asked(step, now_ms, out);
	case DOMAIN_POLICY_FETCHING: /* these wait for events of their own */
	case DOMAIN_POLICY_PAUSED:
	case DOMAIN_POLICY_FETCHING_AGAIN:
	case DOMAIN_POLICY_SETTLED:
		break;
	}
	return step->policy;
}

static bool is_one_of(enum policy_error error, const enum policy_error *errors, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (errors[i] == error)
			return true;
	}
	return false;
}

/* MEASURES 12, "Unknown after the second try", the stages of a connection. */
static bool fetch_failed_for_now(const struct sts_policy *policy)
{
	static const enum policy_error tcp[] = {POLICY_ERROR_TIMEOUT, POLICY_ERROR_RESET,
						POLICY_ERROR_UNREACHABLE};
	static const enum policy_error tls[] = {POLICY_ERROR_TIMEOUT, POLICY_ERROR_CLOSED,
						POLICY_ERROR_RESET};
	static const enum policy_error http[] = {POLICY_ERROR_TIMEOUT, POLICY_ERROR_CLOSED,
						 POLICY_ERROR_RESET, POLICY_ERROR_GOAWAY,
						 POLICY_ERROR_TRUNCATED};
	enum policy_error error = policy->fetch.error;

	if (error == POLICY_ERROR_LOCAL_LIMIT)
		return true;
	switch (policy->fetch.stage) {
	case STAGE_TCP:
		return is_one_of(error, tcp, ARRAY_LENGTH(tcp));
	case STAGE_TLS:
		return is_one_of(error, tls, ARRAY_LENGTH(tls));
	case STAGE_HTTP:
		if (error == POLICY_ERROR_STATUS)
			return policy->http_status == HTTP_TOO_MANY_REQUESTS ||
			       policy->http_status == HTTP_SERVICE_UNAVAILABLE;
		return is_one_of(error, http, ARRAY_LENGTH(http));
	case STAGE_NULL:
	case STAGE_DNS:
	case STAGE_BANNER:
	case STAGE_EHLO:
	case STAGE_STARTTLS:
	case STAGE_SYNTAX:
		break;
	}
	return false;
}

static enum domain_policy_state on_fetched_first(struct domain_step *step, struct requests *out)
{
	if (!fetch_failed_for_now(&step->record->sts.policy))
		return DOMAIN_POLICY_SETTLED;
	struct request *request = requests_add(out, REQUEST_DELAY, TAG_FETCH);

	request->delay_ms = step->settings->limits->retry_delay_ms;
	step->open++;
	return DOMAIN_POLICY_PAUSED;
}

/* --- what the lookups say, and the end --- */

/* More TXT records than are kept: what was left out may be the one, so nothing certain is known. */
static void record_txt(const struct domain_step *step, const struct lookup_result *result,
		       enum dns_status *status, struct span_list *txt)
{
	size_t max = (size_t)step->settings->limits->txt_records_count;

	*status = result->answer.status;
	*txt = result->answer.txt;
	if (txt->count <= max)
		return;
	txt->count = max;
	*status = DNS_STATUS_LIMIT;
}

static void record_sts(struct domain_step *step, const struct lookup_result *result)
{
	struct sts_record_map *record = &step->record->sts.record;

	record_txt(step, result, &record->lookup, &record->txt);
	record->secure = result->secure;
	record->cname = result->answer.cnames;
}

static void record_tlsrpt(struct domain_step *step, const struct lookup_result *result)
{
	struct tlsrpt *tlsrpt = &step->record->tlsrpt;

	record_txt(step, result, &tlsrpt->lookup, &tlsrpt->txt);
	tlsrpt->secure = result->secure;
	tlsrpt->cname = result->answer.cnames;
}

static void record_ns(struct domain_step *step, const struct lookup_result *result)
{
	step->record->ns.status = result->answer.status;
	step->record->ns.hosts = result->answer.names;
	name_order_sort(&step->record->ns.hosts);
}

static void record_lookup(struct domain_step *step, enum domain_lookup lookup)
{
	const struct lookup_result *result = result_of(step, lookup);

	switch (lookup) {
	case DOMAIN_LOOKUP_NS:
		record_ns(step, result);
		break;
	case DOMAIN_LOOKUP_STS:
		record_sts(step, result);
		break;
	case DOMAIN_LOOKUP_TLSRPT:
		record_tlsrpt(step, result);
		break;
	case DOMAIN_LOOKUP_MX: /* these move the states of MX and policy */
	case DOMAIN_LOOKUP_A:
	case DOMAIN_LOOKUP_AAAA:
	case DOMAIN_LOOKUP_POLICY_A:
	case DOMAIN_LOOKUP_POLICY_AAAA:
	case DOMAIN_LOOKUPS:
		break;
	}
}

static void end_step(struct domain_step *step, const char *reason, int64_t now_ms)
{
	struct domain_record *record = step->record;

	/* These come first: the judge must know that the MX hosts listed are not all. */
	if (step->hosts_cut)
		reason = "mx-hosts-limit";
	if (step->arena->exhausted)
		reason = "local-limit";
	record->status = reason == NULL ? RECORD_STATUS_COMPLETE : RECORD_STATUS_PARTIAL;
	record->reason = span_text(reason);
	record->duration_ms = now_ms - record->started;
	step->done = true;
}

static const char *why_partial(const struct domain_step *step)
{
	if (!step->settings->stage_policy || !step->settings->stage_smtp)
		return "stages";
	return NULL;
}

/* One move may make another possible: both machines go on until neither moves. */
static void advance(struct domain_step *step, int64_t now_ms, struct requests *out)
{
	enum domain_mx_state mx;
	enum domain_policy_state policy;

	do {
		mx = step->mx;
		policy = step->policy;
		step->mx = next_mx_state(step, out);
		step->policy = next_policy_state(step, now_ms, out);
	} while (step->mx != mx || step->policy != policy);
	if (step->mx == DOMAIN_MX_SETTLED && step->policy == DOMAIN_POLICY_SETTLED &&
	    step->open == 0)
		end_step(step, why_partial(step), now_ms);
}

void domain_step_start(struct domain_step *step, const struct step_settings *settings,
		       struct arena *arena, struct domain_record *record, int64_t now_ms,
		       struct requests *out)
{
	struct span domain = record->domain;
	int len = (int)domain.len;
	const char *text = (const char *)domain.data;

	*step = (struct domain_step){.settings = settings, .arena = arena, .record = record};
	record->schema = RECORD_SCHEMA_VERSION;
	record->started = now_ms;
	record->vantage = settings->vantage;
	struct span sts = arena_printf(arena, "_mta-sts.%.*s", len, text);
	struct span tlsrpt = arena_printf(arena, "_smtp._tls.%.*s", len, text);

	if (span_is_null(sts) || span_is_null(tlsrpt)) {
		domain_step_stop(step, now_ms);
		return;
	}
	ask(step, DOMAIN_LOOKUP_MX, domain, DNS_TYPE_MX, out);
	ask(step, DOMAIN_LOOKUP_NS, domain, DNS_TYPE_NS, out);
	ask(step, DOMAIN_LOOKUP_STS, sts, DNS_TYPE_TXT, out);
	ask(step, DOMAIN_LOOKUP_TLSRPT, tlsrpt, DNS_TYPE_TXT, out);
}

void domain_step_on_lookup(struct domain_step *step, uint32_t tag,
			   const struct lookup_result *result, int64_t now_ms, struct requests *out)
{
	struct lookup_context context = context_of(step, out);

	if (step->done || tag >= DOMAIN_LOOKUPS)
		return;
	step->open--;
	lookup_slot_on_result(&step->lookups[tag], &context, result);
	if (!lookup_slot_is_settled(&step->lookups[tag]))
		return;
	record_lookup(step, (enum domain_lookup)tag);
	advance(step, now_ms, out);
}

void domain_step_on_fetched(struct domain_step *step, uint32_t tag, int64_t now_ms,
			    struct requests *out)
{
	struct sts_policy *policy = &step->record->sts.policy;

	if (step->done || tag != TAG_FETCH)
		return;
	step->open--;
	if (policy->time_ms == NUMBER_NULL)
		policy->time_ms = now_ms - policy->started;
	if (step->policy == DOMAIN_POLICY_FETCHING)
		step->policy = on_fetched_first(step, out);
	else
		step->policy = DOMAIN_POLICY_SETTLED;
	advance(step, now_ms, out);
}

void domain_step_on_delay(struct domain_step *step, uint32_t tag, int64_t now_ms,
			  struct requests *out)
{
	struct lookup_context context = context_of(step, out);

	if (step->done)
		return;
	step->open--;
	if (tag < DOMAIN_LOOKUPS) {
		lookup_slot_on_delay(&step->lookups[tag], &context);
	} else if (step->policy == DOMAIN_POLICY_PAUSED) {
		request_fetch(step, now_ms, out);
		step->policy = DOMAIN_POLICY_FETCHING_AGAIN;
	}
}

/* A policy that was wanted and not had is unknown, for want of time. */
static void stop_policy(struct domain_step *step)
{
	switch (step->policy) {
	case DOMAIN_POLICY_ADDRESSES_ASKED:
		end_policy(step, STAGE_DNS, POLICY_ERROR_LOCAL_LIMIT);
		break;
	case DOMAIN_POLICY_FETCHING:
	case DOMAIN_POLICY_FETCHING_AGAIN:
		end_policy(step, STAGE_TCP, POLICY_ERROR_LOCAL_LIMIT);
		break;
	case DOMAIN_POLICY_RECORD_ASKED: /* never wanted; or failed for now, which stands */
	case DOMAIN_POLICY_PAUSED:
	case DOMAIN_POLICY_SETTLED:
		break;
	}
	step->policy = DOMAIN_POLICY_SETTLED;
}

void domain_step_stop(struct domain_step *step, int64_t now_ms)
{
	if (step->done)
		return;
	for (unsigned i = DOMAIN_LOOKUP_MX; i <= DOMAIN_LOOKUP_TLSRPT; i++) {
		if (is_settled(step, i))
			continue;
		if (step->lookups[i].state != LOOKUP_SLOT_PAUSED)
			lookup_slot_leave_out(&step->lookups[i]);
		record_lookup(step, i);
	}
	if (step->mx != DOMAIN_MX_SETTLED) {
		step->record->mx.status = lookup_slot_status(&step->lookups[DOMAIN_LOOKUP_MX]);
		step->record->mx.secure = result_of(step, DOMAIN_LOOKUP_MX)->secure;
		step->record->mx.kind = MX_KIND_UNKNOWN;
		step->mx = DOMAIN_MX_SETTLED;
	}
	stop_policy(step);
	step->open = 0;
	end_step(step, "stopped", now_ms);
}
