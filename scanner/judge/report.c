/*
 * Predicts TLS-RPT reports. Called by judge.c. What is not known is not predicted: transient
 * failures need not be reported (RFC 8460 4.3.4).
 */
#include "judge/report.h"

static bool add(struct arena *arena, struct domain_record *domain, enum report_policy_type type,
		enum host_result result, struct span host, struct span reason)
{
	struct predicted_failure *failure =
		record_append(arena, &schema_predicted_failure, &domain->verdict.predicted_report);

	if (failure == NULL)
		return false;
	failure->policy_type = type;
	failure->result_type = result;
	failure->receiving_mx_hostname = host;
	failure->failure_reason_code = reason;
	return true;
}

/* The certificate faults stand together in the vocabulary of policy errors. */
static bool is_pkix_error(enum policy_error error)
{
	return (error >= POLICY_ERROR_NAME_MISMATCH && error <= POLICY_ERROR_NAME_CONSTRAINTS) ||
	       error == POLICY_ERROR_NO_CERTIFICATE;
}

/*
 * RFC 8460 4.3.2.2, of the policy itself: RFC 8461 6 asks for it where a valid TXT record is
 * present.
 */
static bool predict_policy(struct arena *arena, struct domain_record *domain)
{
	const struct sts_policy *policy = &domain->sts.policy;
	const char *error = vocabulary_text(&vocabulary_policy_error, (int)policy->error);
	enum host_result result = HOST_RESULT_STS_POLICY_FETCH_ERROR;

	if (domain->sts.record.strict != VALIDITY_VALID ||
	    (policy->state != PRESENCE_PRESENT && policy->state != PRESENCE_ABSENT) ||
	    policy->error == POLICY_ERROR_NULL)
		return true;
	if (policy->stage == STAGE_SYNTAX)
		result = HOST_RESULT_STS_POLICY_INVALID;
	else if (policy->stage == STAGE_TLS && is_pkix_error(policy->error))
		result = HOST_RESULT_STS_WEBPKI_INVALID;
	return add(arena, domain, REPORT_POLICY_TYPE_STS, result, (struct span){0},
		   span_text(error));
}

/* A host under a policy in mode testing or enforce (RFC 8461 6). */
static bool predict_sts(struct arena *arena, struct domain_record *domain,
			const struct judged_host *host)
{
	if (host->delivery.matches == TRISTATE_NO)
		/* No category of 4.3.1 names it: the certificate was not looked at. */
		return add(arena, domain, REPORT_POLICY_TYPE_STS, HOST_RESULT_VALIDATION_FAILURE,
			   host->name, span_text("mx-mismatch"));
	if (host->pkix.result == HOST_RESULT_SUCCESS || host->pkix.result == HOST_RESULT_UNKNOWN)
		return true;
	return add(arena, domain, REPORT_POLICY_TYPE_STS, host->pkix.result, host->name,
		   host->pkix.detail);
}

static bool predict_unusable(struct arena *arena, struct domain_record *domain,
			     const struct judged_host *host)
{
	if (host->delivery.tls != TRISTATE_NO)
		return true;
	return add(arena, domain, REPORT_POLICY_TYPE_TLSA, host->pkix.result, host->name,
		   host->pkix.detail);
}

static bool policy_is_applied(const struct domain_record *domain)
{
	return domain->verdict.sts == STS_VERDICT_ENFORCE ||
	       domain->verdict.sts == STS_VERDICT_TESTING;
}

/* DANE goes first, host by host; where it decides, the MTA-STS policy is not asked. */
static bool predict_host(struct arena *arena, struct domain_record *domain,
			 const struct judged_host *host)
{
	bool sts = policy_is_applied(domain);

	switch (host->dane.state) {
	case DANE_VALID:
	case DANE_UNKNOWN:
		return true;
	case DANE_INVALID:
	case DANE_DNSSEC_INVALID:
		return add(arena, domain, REPORT_POLICY_TYPE_TLSA, host->dane.failure, host->name,
			   (struct span){0});
	case DANE_UNUSABLE:
		if (!predict_unusable(arena, domain, host))
			return false;
		break;
	case DANE_NULL:
	case DANE_NONE:
	case DANE_INSECURE:
		break;
	}
	return !sts || host->delivery.has_address == TRISTATE_NO ||
	       predict_sts(arena, domain, host);
}

bool report_predict(struct arena *arena, struct domain_record *domain,
		    const struct judged_hosts *hosts)
{
	domain->verdict.predicted_report = (struct predicted_failure_list){0};
	if (!predict_policy(arena, domain))
		return false;
	for (size_t i = 0; i < hosts->count; i++)
		if (!predict_host(arena, domain, &hosts->items[i]))
			return false;
	return true;
}
