/*
 * One MX host, judged by PKIX for its own name whatever the policy. Called through judge_host();
 * what the DNS and TLSA say is host_dane.c's business. A failure to reach a host is never told as
 * the host's fault (MEASURES 1).
 */
#include "judge/host.h"

#include "judge/host_dane.h"
#include "judge/judge_private.h"

/* Versions compare as texts: SSLv3 < TLSv1 < TLSv1.1 < TLSv1.2 < TLSv1.3. */
static const char lowest_good_version[] = "TLSv1.2";

static int compare_texts(struct span a, struct span b)
{
	int order = memcmp(a.data, b.data, a.len < b.len ? a.len : b.len);

	return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

bool judge_tls_version_is_old(struct span version)
{
	return compare_texts(version, span_text(lowest_good_version)) < 0;
}

static bool is_certain_absence(enum dns_status status)
{
	return status == DNS_STATUS_NODATA || status == DNS_STATUS_NXDOMAIN;
}

/* A name that does not exist has no address of the family that was left out either (RFC 8020 2). */
static bool does_not_exist(enum dns_status asked, enum dns_status left_out)
{
	return asked == DNS_STATUS_NXDOMAIN && left_out == DNS_STATUS_NOT_ASKED;
}

enum tristate host_has_address(const struct host_record *host)
{
	enum dns_status a = host->lookup_a, aaaa = host->lookup_aaaa;

	if (host->addresses.count > 0)
		return TRISTATE_YES;
	if (is_certain_absence(a) && is_certain_absence(aaaa))
		return TRISTATE_NO;
	return does_not_exist(a, aaaa) || does_not_exist(aaaa, a) ? TRISTATE_NO : TRISTATE_UNKNOWN;
}

int64_t host_address_time(const struct host_record *host, const struct host_address *address)
{
	return address->started != NUMBER_NULL ? address->started : host->started;
}

/* Failures stand in the vocabulary after success, in the order in which the worst is chosen. */
enum host_result host_result_worse(enum host_result a, enum host_result b)
{
	if (a == HOST_RESULT_UNKNOWN || a == HOST_RESULT_NULL)
		return b == HOST_RESULT_NULL ? a : b;
	if (b == HOST_RESULT_UNKNOWN || b == HOST_RESULT_NULL)
		return a;
	if (a == HOST_RESULT_SUCCESS || b == HOST_RESULT_SUCCESS)
		return a == HOST_RESULT_SUCCESS ? b : a;
	return a < b ? a : b;
}

/* RFC 8460 4.3.1: name constraints and chain errors are "not trusted". */
static enum host_result result_of_fault(enum pkix_fault fault)
{
	switch (fault) {
	case PKIX_FAULT_NULL:
		return HOST_RESULT_SUCCESS;
	case PKIX_FAULT_NAME_MISMATCH:
		return HOST_RESULT_CERTIFICATE_HOST_MISMATCH;
	case PKIX_FAULT_EXPIRED:
		return HOST_RESULT_CERTIFICATE_EXPIRED;
	case PKIX_FAULT_NOT_YET_VALID:
	case PKIX_FAULT_SELF_SIGNED:
	case PKIX_FAULT_INCOMPLETE_CHAIN:
	case PKIX_FAULT_UNTRUSTED:
	case PKIX_FAULT_WEAK:
	case PKIX_FAULT_NAME_CONSTRAINTS:
		break;
	}
	return HOST_RESULT_CERTIFICATE_NOT_TRUSTED;
}

void judge_add_faults(struct arena *arena, struct word_list *list, unsigned faults)
{
	for (enum pkix_fault fault = PKIX_FAULT_NAME_MISMATCH; fault <= PKIX_FAULT_NAME_CONSTRAINTS;
	     fault++)
		if (faults & PKIX_BIT(fault))
			(void)record_add_word(arena, list, (int)fault);
}

static void set_result(struct host_address *address, enum host_result result, const char *detail)
{
	address->result = result;
	address->result_detail = span_text(detail);
}

static void judge_certificate(struct chain_memory *memory,
			      const struct certificate_source *certificates, struct arena *arena,
			      const struct host_record *host, struct host_address *address)
{
	const struct chain_verdict *verdict = chain_memory_judge(
		memory, certificates, address->tls.chain, host_address_time(host, address));
	unsigned faults = chain_faults(verdict, host->host);
	enum pkix_fault first = pkix_first(faults);

	if (verdict->state == CHAIN_MISSING) {
		set_result(address, HOST_RESULT_UNKNOWN, "no-evidence");
		return;
	}
	if (verdict->state == CHAIN_NONE) {
		set_result(address, HOST_RESULT_VALIDATION_FAILURE, "no-certificate");
		return;
	}
	judge_add_faults(arena, &address->pkix.all, faults);
	if (verdict->state == CHAIN_LOADED)
		address->pkix.not_after = verdict->leaf.not_after_ms;
	address->pkix.result = first;
	address->pkix.detail = span_text(verdict->pkix.detail);
	if (first == PKIX_FAULT_UNTRUSTED && verdict->pkix.detail != NULL)
		set_result(address, result_of_fault(first), verdict->pkix.detail);
	else if (first != PKIX_FAULT_NULL)
		set_result(address, result_of_fault(first),
			   vocabulary_text(&vocabulary_pkix_fault, (int)first));
	else if (judge_tls_version_is_old(address->tls.version))
		set_result(address, HOST_RESULT_VALIDATION_FAILURE, "tls-version");
	else
		set_result(address, HOST_RESULT_SUCCESS, NULL);
}

/*
 * The handshake did not end: what the server did is its failure, what did not come in time, or was
 * over our own limits, is not known (MEASURES 1 and 12).
 */
static enum host_result result_of_handshake(enum outcome outcome)
{
	switch (outcome) {
	case OUTCOME_ALERT:
	case OUTCOME_PROTOCOL_ERROR:
		return HOST_RESULT_VALIDATION_FAILURE;
	case OUTCOME_TOO_LARGE:
	case OUTCOME_NULL:
	case OUTCOME_SUCCESS:
	case OUTCOME_REFUSED:
	case OUTCOME_RESET:
	case OUTCOME_TIMEOUT:
	case OUTCOME_UNREACHABLE:
	case OUTCOME_CLOSED:
	case OUTCOME_DEFERRED:
	case OUTCOME_NO_SERVICE:
	case OUTCOME_BLOCKED:
	case OUTCOME_EXCLUDED:
	case OUTCOME_LIMIT:
	case OUTCOME_LOCAL_LIMIT:
	case OUTCOME_NOT_ATTEMPTED:
		break;
	}
	return HOST_RESULT_UNKNOWN;
}

static void judge_without_tls(struct host_address *address)
{
	const char *outcome = vocabulary_text(&vocabulary_outcome, (int)address->outcome);

	if (address->starttls == STARTTLS_STRIPPED)
		set_result(address, HOST_RESULT_STARTTLS_NOT_SUPPORTED, "stripped");
	else if (address->starttls == STARTTLS_ABSENT)
		set_result(address, HOST_RESULT_STARTTLS_NOT_SUPPORTED, NULL);
	else if (address->stage == STAGE_STARTTLS && address->outcome == OUTCOME_REFUSED)
		set_result(address, HOST_RESULT_STARTTLS_NOT_SUPPORTED, "refused");
	else if (address->stage == STAGE_STARTTLS || address->stage == STAGE_TLS)
		set_result(address, result_of_handshake(address->outcome), outcome);
	else
		set_result(address, HOST_RESULT_UNKNOWN, outcome);
}

void host_judge_addresses(struct chain_memory *memory,
			  const struct certificate_source *certificates, struct arena *arena,
			  struct host_record *host)
{
	for (size_t i = 0; i < host->addresses.count; i++) {
		struct host_address *address = &host->addresses.items[i];

		record_init(&schema_pkix, &address->pkix);
		if (span_is_null(address->tls.version))
			judge_without_tls(address);
		else
			judge_certificate(memory, certificates, arena, host, address);
	}
}

struct host_pkix host_pkix_result(const struct host_record *host)
{
	struct host_pkix worst = {.result = HOST_RESULT_NULL};

	if (host->addresses.count == 0)
		return (struct host_pkix){
			.result = HOST_RESULT_UNKNOWN,
			.detail = span_text(host_has_address(host) == TRISTATE_NO ? "no-address"
										  : "dns"),
		};
	for (size_t i = 0; i < host->addresses.count; i++) {
		const struct host_address *address = &host->addresses.items[i];
		enum host_result result = host_result_worse(worst.result, address->result);

		if (result != worst.result)
			worst = (struct host_pkix){result, address->result_detail};
	}
	return worst;
}

struct host_pkix host_result_with_dane(struct host_pkix pkix, enum dane dane)
{
	if (dane == DANE_DNSSEC_INVALID &&
	    (pkix.result == HOST_RESULT_SUCCESS || pkix.result == HOST_RESULT_UNKNOWN))
		return (struct host_pkix){.result = HOST_RESULT_DNSSEC_INVALID};
	if (dane == DANE_INVALID && pkix.result == HOST_RESULT_SUCCESS)
		return (struct host_pkix){.result = HOST_RESULT_TLSA_INVALID};
	return pkix;
}

enum starttls host_starttls(const struct host_record *host)
{
	static const enum starttls order[] = {STARTTLS_STRIPPED, STARTTLS_ABSENT, STARTTLS_OFFERED};

	for (size_t i = 0; i < ARRAY_LENGTH(order); i++)
		for (size_t a = 0; a < host->addresses.count; a++)
			if (host->addresses.items[a].starttls == order[i])
				return order[i];
	return STARTTLS_UNKNOWN;
}

struct span host_tls_version(const struct host_record *host)
{
	struct span lowest = {0};

	for (size_t i = 0; i < host->addresses.count; i++) {
		struct span version = host->addresses.items[i].tls.version;

		if (!span_is_null(version) &&
		    (span_is_null(lowest) || compare_texts(version, lowest) < 0))
			lowest = version;
	}
	return lowest;
}

/*
 * An address that did not answer, or was not tried, is no other result (MEASURES 1): beside one
 * that did, nobody knows.
 */
static enum flag addresses_differ(const struct host_record *host)
{
	enum host_result known = HOST_RESULT_UNKNOWN;
	size_t unknown = 0;

	if (host->addresses.count == 0)
		return FLAG_NULL;
	for (size_t i = 0; i < host->addresses.count; i++) {
		enum host_result result = host->addresses.items[i].result;

		if (result == HOST_RESULT_UNKNOWN)
			unknown++;
		else if (known != HOST_RESULT_UNKNOWN && result != known)
			return FLAG_TRUE;
		else
			known = result;
	}
	return unknown == 0 || known == HOST_RESULT_UNKNOWN ? FLAG_FALSE : FLAG_NULL;
}

bool judge_host(struct judge *judge, const struct certificate_source *certificates,
		struct arena *arena, struct host_record *host)
{
	struct host_pkix result;

	host_judge_addresses(judge->memory, certificates, arena, host);
	host->dane = host_dane_judge(certificates, arena, host, (struct span){0}).state;
	result = host_result_with_dane(host_pkix_result(host), host->dane);
	host->result = result.result;
	host->detail = result.detail;
	host->starttls = host_starttls(host);
	host->addresses_differ = addresses_differ(host);
	if (span_is_null(host->provider))
		host->provider = judge_provider_name(judge->settings.psl, judge->settings.providers,
						     host->host);
	return !arena->exhausted;
}
