/*
 * From lookups, TLSA records and chains to a DANE state. Called by host.c, and by domain_hosts.c
 * where the domain's own name counts too. What DNSSEC did not vouch for never counts for or against
 * a host.
 */
#include "judge/host_dane.h"

#include "judge/dane.h"
#include "judge/host.h"

static const struct host_dane unknown = {.state = DANE_UNKNOWN};

/* Answered without error, whether or not there are such records. */
static bool is_answer(enum dns_status status)
{
	return status == DNS_STATUS_NOERROR || status == DNS_STATUS_NODATA ||
	       status == DNS_STATUS_NXDOMAIN;
}

static bool was_asked(enum dns_status status)
{
	return status != DNS_STATUS_NULL && status != DNS_STATUS_NOT_ASKED;
}

/*
 * The usable and unusable TLSA records of the evidence, back from text; `*records` counts only what
 * can be read.
 */
static bool read_records(struct arena *arena, struct span_list texts, struct dane_records *records)
{
	struct dns_tlsa *items = arena_calloc(arena, texts.count, sizeof(*items));

	if (items == NULL)
		return false;
	*records = (struct dane_records){.items = items};
	for (size_t i = 0; i < texts.count; i++)
		records->count += tlsa_from_text(arena, texts.items[i], &items[records->count]);
	return true;
}

/* RFC 7672 3.2.2: the TLSA base domain, the MX name, and what the caller adds. */
static struct span_list reference_names(struct span items[3], const struct host_record *host,
					struct span extra_name)
{
	struct span_list names = {.items = items};
	struct span base = span_is_null(host->tlsa.base) ? host->host : host->tlsa.base;

	items[names.count++] = base;
	if (!span_equal_nocase(base, host->host))
		items[names.count++] = host->host;
	if (!span_is_null(extra_name) && !span_equal_nocase(extra_name, host->host) &&
	    !span_equal_nocase(extra_name, base))
		items[names.count++] = extra_name;
	return names;
}

/*
 * The server name indicated is the TLSA base domain (RFC 7672 8.1), so only that connection tells.
 */
static const struct host_tls *connection(const struct host_record *host,
					 const struct host_address *address)
{
	bool same = span_is_null(host->tlsa.base) || span_equal_nocase(host->tlsa.base, host->host);

	return same ? &address->tls : &address->tls_base;
}

static enum host_result failure_of(enum dane_result result)
{
	switch (result) {
	case DANE_RESULT_NO_MATCH:
		return HOST_RESULT_TLSA_INVALID;
	case DANE_RESULT_NAME_MISMATCH:
		return HOST_RESULT_CERTIFICATE_HOST_MISMATCH;
	case DANE_RESULT_EXPIRED:
		return HOST_RESULT_CERTIFICATE_EXPIRED;
	case DANE_RESULT_NOT_TRUSTED:
		return HOST_RESULT_CERTIFICATE_NOT_TRUSTED;
	case DANE_RESULT_MATCH:
		return HOST_RESULT_SUCCESS;
	case DANE_RESULT_UNUSABLE:
	case DANE_RESULT_UNKNOWN:
		break;
	}
	return HOST_RESULT_UNKNOWN;
}

/*
 * Without TLS under the TLSA base domain. That STARTTLS is absent does not hang on a name; a
 * handshake that failed may, where another name was indicated.
 */
static enum host_result judge_without_tls(const struct host_address *address, bool other_name)
{
	if (!span_is_null(address->tls.version))
		return HOST_RESULT_UNKNOWN;
	if (address->result == HOST_RESULT_STARTTLS_NOT_SUPPORTED ||
	    (address->result == HOST_RESULT_VALIDATION_FAILURE && !other_name))
		return address->result;
	return HOST_RESULT_UNKNOWN;
}

/*
 * One address against usable records, in the words of RFC 8460: TLS is mandatory, so its absence is
 * a failure too.
 */
static enum host_result judge_address(const struct certificate_source *certificates,
				      const struct host_record *host,
				      const struct host_address *address,
				      struct dane_records records, struct span_list names)
{
	const struct host_tls *tls = connection(host, address);
	struct chain chain;
	enum dane_result result;

	if (span_is_null(tls->version))
		return judge_without_tls(address, tls != &address->tls);
	chain = chain_load(certificates, tls->chain);
	result = dane_verify(&chain, records, names, host_address_time(host, address));
	chain_free(&chain);
	return failure_of(result);
}

/*
 * Every address that answered must agree; the failure told is the first in the vocabulary's order.
 */
static struct host_dane judge_addresses(const struct certificate_source *certificates,
					const struct host_record *host, struct dane_records records,
					struct span_list names)
{
	enum host_result worst = HOST_RESULT_UNKNOWN;

	for (size_t i = 0; i < host->addresses.count; i++)
		worst = host_result_worse(worst,
					  judge_address(certificates, host,
							&host->addresses.items[i], records, names));
	if (worst == HOST_RESULT_UNKNOWN)
		return unknown;
	if (worst == HOST_RESULT_SUCCESS)
		return (struct host_dane){.state = DANE_VALID};
	return (struct host_dane){.state = DANE_INVALID, .failure = worst};
}

static struct host_dane judge_records(const struct certificate_source *certificates,
				      struct arena *arena, const struct host_record *host,
				      struct span extra_name)
{
	const struct chain none = {.state = CHAIN_MISSING};
	struct span name_items[3];
	struct span_list names = reference_names(name_items, host, extra_name);
	struct dane_records records;

	if (!read_records(arena, host->tlsa.records, &records))
		return unknown;
	if (dane_verify(&none, records, names, 0) == DANE_RESULT_UNUSABLE)
		return (struct host_dane){.state = DANE_UNUSABLE};
	return judge_addresses(certificates, host, records, names);
}

/*
 * No TLSA query was made: rightly so where the addresses are insecure, and the CNAME to them too
 * (RFC 7672 2.2.2).
 */
static enum dane state_without_tlsa(const struct host_record *host)
{
	if (host->secure == TRISTATE_NO)
		return host->name_secure == TRISTATE_UNKNOWN || host->name_secure == TRISTATE_YES
			       ? DANE_UNKNOWN
			       : DANE_INSECURE;
	return DANE_UNKNOWN;
}

/*
 * A family's lookup failed: what stands there may be behind another alias, with TLSA records of its
 * own, so their absence here is none (MEASURES 7, "never absence").
 */
static bool lost_addresses(const struct host_record *host)
{
	return (was_asked(host->lookup_a) && !is_answer(host->lookup_a)) ||
	       (was_asked(host->lookup_aaaa) && !is_answer(host->lookup_aaaa));
}

struct host_dane host_dane_judge(const struct certificate_source *certificates, struct arena *arena,
				 const struct host_record *host, struct span extra_name)
{
	const struct host_dane bogus = {.state = DANE_DNSSEC_INVALID,
					.failure = HOST_RESULT_DNSSEC_INVALID};
	enum dns_status status = host->tlsa.status;

	if (host->lookup_a == DNS_STATUS_BOGUS || host->lookup_aaaa == DNS_STATUS_BOGUS ||
	    status == DNS_STATUS_BOGUS)
		return bogus;
	if (host_has_address(host) == TRISTATE_NO)
		return (struct host_dane){.state = DANE_NULL};
	if (!was_asked(status))
		return (struct host_dane){.state = state_without_tlsa(host)};
	if (!is_answer(status) || host->tlsa.secure == TRISTATE_UNKNOWN ||
	    host->tlsa.secure == TRISTATE_NULL)
		return unknown;
	if (host->tlsa.secure == TRISTATE_NO)
		return (struct host_dane){.state = DANE_INSECURE};
	if (host->tlsa.records.count == 0)
		return (struct host_dane){.state = lost_addresses(host) ? DANE_UNKNOWN : DANE_NONE};
	return judge_records(certificates, arena, host, extra_name);
}
