/*
 * From a judged domain to findings. Called by judge.c; judges nothing itself: every finding is read
 * off a field that the record shows, or off a host that it names.
 */
#include "judge/diagnosis.h"

enum { DAY_MS = 86400000, EXPIRES_SOON_DAYS = 14 };

/* One flag a finding, so that the order of the table is the order of the list. */
struct diagnosis {
	bool holds[FINDING_DELIVERY_REFUSED + 1];
};

static void find(struct diagnosis *diagnosis, enum finding finding)
{
	diagnosis->holds[finding] = true;
}

static void find_if(struct diagnosis *diagnosis, bool holds, enum finding finding)
{
	if (holds)
		diagnosis->holds[finding] = true;
}

static bool has_word(struct word_list list, unsigned word)
{
	for (size_t i = 0; i < list.count; i++)
		if (list.items[i] == (int)word)
			return true;
	return false;
}

/* --- records --- */

#define STS_ERROR_CASE(P, code, text, meaning) \
	case STS_RECORD_ERROR_##code: \
		return FINDING_STS_RECORD_##code;
#define TLSRPT_ERROR_CASE(P, code, text, meaning) \
	case TLSRPT_RECORD_ERROR_##code: \
		return FINDING_TLSRPT_RECORD_##code;

static enum finding finding_of_record(enum sts_record_error error)
{
	switch (error) {
		STS_RECORD_ERRORS(STS_ERROR_CASE, )
	case STS_RECORD_ERROR_NULL:
		break;
	}
	return FINDING_NULL;
}

static enum finding finding_of_tlsrpt(enum tlsrpt_record_error error)
{
	switch (error) {
		TLSRPT_RECORD_ERRORS(TLSRPT_ERROR_CASE, )
	case TLSRPT_RECORD_ERROR_NULL:
		break;
	}
	return FINDING_NULL;
}

static void diagnose_record(struct diagnosis *diagnosis, const struct sts_record_map *record)
{
	find(diagnosis, finding_of_record(record->error));
	find_if(diagnosis, has_word(record->notes, STS_RECORD_NOTE_DUPLICATE_ID),
		FINDING_STS_RECORD_DUPLICATE_ID);
	find_if(diagnosis, record->state == PRESENCE_UNKNOWN, FINDING_STS_RECORD_UNKNOWN);
	find_if(diagnosis, record->lookup == DNS_STATUS_NXDOMAIN && record->cname.count > 0,
		FINDING_STS_RECORD_DANGLING);
}

static bool uses_dane(const struct domain_record *domain)
{
	return domain->verdict.dane == DANE_VALID || domain->verdict.dane == DANE_INVALID ||
	       domain->verdict.dane == DANE_UNUSABLE;
}

static void diagnose_tlsrpt(struct diagnosis *diagnosis, const struct domain_record *domain)
{
	const struct tlsrpt *tlsrpt = &domain->tlsrpt;
	bool wanted = domain->sts.record.state == PRESENCE_PRESENT || uses_dane(domain);

	find(diagnosis, finding_of_tlsrpt(tlsrpt->error));
	find_if(diagnosis, tlsrpt->state == PRESENCE_ABSENT && wanted, FINDING_TLSRPT_MISSING);
	find_if(diagnosis, tlsrpt->state == PRESENCE_UNKNOWN, FINDING_TLSRPT_UNKNOWN);
}

/* --- the policy --- */

#define SYNTAX_ERROR_CASE(P, code, text, meaning) \
	case POLICY_ERROR_##code: \
		return FINDING_POLICY_SYNTAX_##code;
#define FAULT_CASE(P, code, text, meaning) \
	case POLICY_ERROR_##code: \
		return FINDING_POLICY_TLS_##code;

/* Errors of the DNS, TCP and HTTP stages share words, so the stage comes first. */
static enum finding finding_of_dns(enum policy_error error)
{
	if (error == POLICY_ERROR_NXDOMAIN)
		return FINDING_POLICY_DNS_NXDOMAIN;
	if (error == POLICY_ERROR_NODATA)
		return FINDING_POLICY_DNS_NODATA;
	if (error == POLICY_ERROR_FORMERR)
		return FINDING_POLICY_DNS_FORMERR;
	if (error == POLICY_ERROR_NOTIMP)
		return FINDING_POLICY_DNS_NOTIMP;
	if (error == POLICY_ERROR_BOGUS)
		return FINDING_POLICY_DNS_BOGUS;
	if (error == POLICY_ERROR_CNAME_LOOP)
		return FINDING_POLICY_DNS_CNAME_LOOP;
	return FINDING_POLICY_DNS_UNKNOWN;
}

static enum finding finding_of_http(enum policy_error error)
{
	if (error == POLICY_ERROR_STATUS)
		return FINDING_POLICY_HTTP_STATUS;
	if (error == POLICY_ERROR_REDIRECT)
		return FINDING_POLICY_HTTP_REDIRECT;
	if (error == POLICY_ERROR_TOO_LARGE)
		return FINDING_POLICY_HTTP_TOO_LARGE;
	return FINDING_POLICY_HTTP_PROTOCOL_ERROR;
}

static enum finding finding_of_error(enum policy_error error)
{
	switch (error) {
		POLICY_SYNTAX_ERRORS(SYNTAX_ERROR_CASE, )
		PKIX_FAULTS(FAULT_CASE, )
	case POLICY_ERROR_NO_CERTIFICATE:
		return FINDING_POLICY_TLS_NO_CERTIFICATE;
	case POLICY_ERROR_ALERT:
		return FINDING_POLICY_TLS_ALERT;
	case POLICY_ERROR_PROTOCOL_VERSION:
		return FINDING_POLICY_TLS_PROTOCOL_VERSION;
	case POLICY_ERROR_NULL:
	case POLICY_ERROR_NXDOMAIN:
	case POLICY_ERROR_NODATA:
	case POLICY_ERROR_SERVFAIL:
	case POLICY_ERROR_REFUSED:
	case POLICY_ERROR_FORMERR:
	case POLICY_ERROR_NOTIMP:
	case POLICY_ERROR_TIMEOUT:
	case POLICY_ERROR_BOGUS:
	case POLICY_ERROR_CNAME_LOOP:
	case POLICY_ERROR_NETWORK_ERROR:
	case POLICY_ERROR_RESET:
	case POLICY_ERROR_UNREACHABLE:
	case POLICY_ERROR_CLOSED:
	case POLICY_ERROR_STATUS:
	case POLICY_ERROR_REDIRECT:
	case POLICY_ERROR_PROTOCOL_ERROR:
	case POLICY_ERROR_GOAWAY:
	case POLICY_ERROR_TOO_LARGE:
	case POLICY_ERROR_TRUNCATED:
	case POLICY_ERROR_EXCLUDED:
	case POLICY_ERROR_LOCAL_LIMIT:
		break;
	}
	return FINDING_POLICY_TLS_PROTOCOL_ERROR;
}

static enum finding finding_of_policy(const struct sts_policy *policy)
{
	bool unknown = policy->state == PRESENCE_UNKNOWN;

	switch (policy->stage) {
	case STAGE_DNS:
		return unknown ? FINDING_POLICY_DNS_UNKNOWN : finding_of_dns(policy->error);
	case STAGE_TCP:
		return unknown ? FINDING_POLICY_TCP_UNKNOWN : FINDING_POLICY_TCP_REFUSED;
	case STAGE_TLS:
		return unknown ? FINDING_POLICY_TLS_UNKNOWN : finding_of_error(policy->error);
	case STAGE_HTTP:
		return unknown ? FINDING_POLICY_HTTP_UNKNOWN : finding_of_http(policy->error);
	case STAGE_SYNTAX:
		return finding_of_error(policy->error);
	case STAGE_NULL:
	case STAGE_BANNER:
	case STAGE_EHLO:
	case STAGE_STARTTLS:
		break;
	}
	return FINDING_NULL;
}

static bool expires_soon(int64_t not_after_ms, int64_t at_ms)
{
	return not_after_ms != NUMBER_NULL && not_after_ms > at_ms &&
	       not_after_ms - at_ms < (int64_t)EXPIRES_SOON_DAYS * DAY_MS;
}

static void diagnose_policy(struct diagnosis *diagnosis, const struct domain_record *domain)
{
	const struct sts_policy *policy = &domain->sts.policy;
	enum sts_verdict sts = domain->verdict.sts;
	bool ready = domain->verdict.ready_for_enforce == TRISTATE_YES;

	find(diagnosis, finding_of_policy(policy));
	find_if(diagnosis,
		policy->cname.count > 0 && policy->stage == STAGE_DNS &&
			policy->error == POLICY_ERROR_NXDOMAIN,
		FINDING_POLICY_DANGLING);
	find_if(diagnosis, expires_soon(policy->tls.not_after, policy->started),
		FINDING_CERTIFICATE_EXPIRES_SOON);
	find_if(diagnosis, has_word(policy->notes, POLICY_NOTE_CONTENT_TYPE),
		FINDING_POLICY_CONTENT_TYPE);
	find_if(diagnosis, has_word(policy->notes, POLICY_NOTE_MAX_AGE_SHORT),
		FINDING_POLICY_MAX_AGE_SHORT);
	find_if(diagnosis, has_word(policy->notes, POLICY_NOTE_DUPLICATE_FIELD),
		FINDING_POLICY_DUPLICATE_FIELD);
	find_if(diagnosis, sts == STS_VERDICT_TESTING && !ready, FINDING_POLICY_TESTING);
	find_if(diagnosis, sts == STS_VERDICT_TESTING && ready, FINDING_POLICY_READY);
	find_if(diagnosis, sts == STS_VERDICT_OFF, FINDING_POLICY_OFF);
}

/* --- MX records and the match --- */

static void diagnose_mx(struct diagnosis *diagnosis, const struct mx *mx)
{
	find_if(diagnosis, mx->kind == MX_KIND_NONE, FINDING_MX_NONE);
	find_if(diagnosis, mx->kind == MX_KIND_UNKNOWN, FINDING_MX_UNKNOWN);
	find_if(diagnosis, mx->kind == MX_KIND_INVALID_NULL, FINDING_MX_INVALID_NULL);
	find_if(diagnosis,
		mx->kind == MX_KIND_NULL_MX && mx->hosts.count > 0 &&
			mx->hosts.items[0].preference > 0,
		FINDING_MX_NULL_PREFERENCE);
}

static void diagnose_match(struct diagnosis *diagnosis, const struct domain_record *domain)
{
	find_if(diagnosis, domain->match == MATCH_NONE, FINDING_MX_MATCH_NONE);
	find_if(diagnosis, domain->match == MATCH_SOME, FINDING_MX_MATCH_SOME);
	find_if(diagnosis, domain->mismatch == MISMATCH_TLD, FINDING_MX_MATCH_TLD);
	find_if(diagnosis, domain->mismatch == MISMATCH_TYPO, FINDING_MX_MATCH_TYPO);
	find_if(diagnosis, has_word(domain->mismatch_notes, MISMATCH_NOTE_LABEL_MTA_STS),
		FINDING_MX_MATCH_LABEL);
	find_if(diagnosis, has_word(domain->mismatch_notes, MISMATCH_NOTE_WILDCARD_PARENT),
		FINDING_MX_MATCH_PARENT);
	find_if(diagnosis, has_word(domain->mismatch_notes, MISMATCH_NOTE_WILDCARD_DEPTH),
		FINDING_MX_MATCH_DEPTH);
}

/* --- hosts --- */

#define MX_FAULT_CASE(P, code, text, meaning) \
	case PKIX_FAULT_##code: \
		return FINDING_MX_TLS_##code;

static enum finding finding_of_fault(enum pkix_fault fault)
{
	switch (fault) {
		PKIX_FAULTS(MX_FAULT_CASE, )
	case PKIX_FAULT_NULL:
		break;
	}
	return FINDING_NULL;
}

static enum finding finding_of_starttls(const struct judged_host *host)
{
	if (host->delivery.starttls == STARTTLS_STRIPPED)
		return FINDING_MX_STARTTLS_STRIPPED;
	if (host->delivery.starttls == STARTTLS_OFFERED)
		return FINDING_MX_STARTTLS_REFUSED;
	return FINDING_MX_STARTTLS_ABSENT;
}

static void diagnose_tls(struct diagnosis *diagnosis, const struct judged_host *host)
{
	enum host_result result = host->pkix.result;

	for (enum pkix_fault fault = PKIX_FAULT_NAME_MISMATCH; fault <= PKIX_FAULT_NAME_CONSTRAINTS;
	     fault++)
		find_if(diagnosis, host->faults & PKIX_BIT(fault), finding_of_fault(fault));
	if (result == HOST_RESULT_STARTTLS_NOT_SUPPORTED)
		find(diagnosis, finding_of_starttls(host));
	find_if(diagnosis, host->old_tls, FINDING_MX_TLS_VERSION);
	find_if(diagnosis, result == HOST_RESULT_VALIDATION_FAILURE && !host->old_tls,
		FINDING_MX_TLS_HANDSHAKE);
	find_if(diagnosis, expires_soon(host->not_after_ms, host->probed_ms),
		FINDING_CERTIFICATE_EXPIRES_SOON);
}

static enum finding finding_of_dane(enum dane dane)
{
	switch (dane) {
	case DANE_DNSSEC_INVALID:
		return FINDING_DANE_DNSSEC_INVALID;
	case DANE_INVALID:
		return FINDING_DANE_INVALID;
	case DANE_UNUSABLE:
		return FINDING_DANE_UNUSABLE;
	case DANE_UNKNOWN:
		return FINDING_DANE_UNKNOWN;
	case DANE_NULL:
	case DANE_NONE:
	case DANE_INSECURE:
	case DANE_VALID:
		break;
	}
	return FINDING_NULL;
}

static void diagnose_host(struct diagnosis *diagnosis, const struct domain_record *domain,
			  const struct judged_host *host)
{
	find(diagnosis, finding_of_dane(host->dane.state));
	find_if(diagnosis, host->dane.state == DANE_VALID && domain->mx.secure == TRISTATE_NO,
		FINDING_DANE_MX_INSECURE);
	find_if(diagnosis, host->delivery.has_address == TRISTATE_NO, FINDING_MX_NO_ADDRESS);
	find_if(diagnosis, host->cname, FINDING_MX_CNAME);
	find_if(diagnosis, host->without_ipv6, FINDING_MX_WITHOUT_IPV6);
	find_if(diagnosis, host->differs, FINDING_MX_ADDRESSES_DIFFER);
	find_if(diagnosis,
		host->pkix.result == HOST_RESULT_UNKNOWN &&
			host->delivery.has_address != TRISTATE_NO,
		FINDING_MX_UNANSWERED);
	diagnose_tls(diagnosis, host);
}

bool diagnosis_make(struct arena *arena, struct domain_record *domain,
		    const struct judged_hosts *hosts)
{
	struct diagnosis diagnosis = {0};

	domain->findings = (struct word_list){0};
	diagnose_record(&diagnosis, &domain->sts.record);
	diagnose_policy(&diagnosis, domain);
	diagnose_mx(&diagnosis, &domain->mx);
	diagnose_match(&diagnosis, domain);
	/* Of a host that was not looked at (--stages) there is nothing to find. */
	for (size_t i = 0; i < hosts->count; i++)
		if (hosts->items[i].found)
			diagnose_host(&diagnosis, domain, &hosts->items[i]);
	diagnose_tlsrpt(&diagnosis, domain);
	find_if(&diagnosis, domain->verdict.delivery == DELIVERY_REFUSED, FINDING_DELIVERY_REFUSED);
	for (size_t i = 1; i < ARRAY_LENGTH(diagnosis.holds); i++)
		if (diagnosis.holds[i] && !record_add_word(arena, &domain->findings, (int)i))
			return false;
	return true;
}
