/*
 * The tables of MEASURES 8. Called by judge.c.
 *
 * What is not known is tried both ways: a host has a set of possible outcomes, and the domain's
 * answer is known when every choice among them leads to the same row.
 */
#include "judge/delivery.h"

#include "base/span.h"

/* One outcome of a host, and what a domain's row hangs on: which outcomes occur among its hosts. */
enum {
	OCCURS_SECURE = 1 << 0,
	OCCURS_REFUSED = 1 << 1,
	OCCURS_PLAIN = 1 << 2,
	OCCURS_OPPORTUNISTIC = 1 << 3,
	OCCURS_ENCRYPTED = 1 << 4,
	OCCURS_FAILURE = 1 << 5, /* a testing policy is not met; together with another */
	OCCURRENCES = 1 << 6,    /* sets of the six */
};

/*
 * A set of outcomes: bit n is set when the outcome (or for a domain the occurrences) n is possible.
 */
typedef uint64_t outcome_set;

static outcome_set outcome(unsigned occurs)
{
	return (outcome_set)1 << occurs;
}

/* Without DANE and without a policy in force: STARTTLS where it is offered. */
static outcome_set opportunistic(const struct delivery_host *host)
{
	if (host->result == HOST_RESULT_STARTTLS_NOT_SUPPORTED)
		return outcome(OCCURS_PLAIN);
	if (host->starttls == STARTTLS_OFFERED || host->tls == TRISTATE_YES)
		return outcome(OCCURS_OPPORTUNISTIC);
	if (host->result == HOST_RESULT_UNKNOWN)
		return outcome(OCCURS_PLAIN) | outcome(OCCURS_OPPORTUNISTIC);
	return outcome(OCCURS_OPPORTUNISTIC);
}

/* TLS is mandatory, authentication is not (RFC 7672 2.2: all records unusable). */
static outcome_set mandatory_tls(const struct delivery_host *host)
{
	if (host->tls == TRISTATE_YES)
		return outcome(OCCURS_ENCRYPTED);
	if (host->tls == TRISTATE_NO)
		return outcome(OCCURS_REFUSED);
	return outcome(OCCURS_ENCRYPTED) | outcome(OCCURS_REFUSED);
}

/* RFC 8461 5: the host must match, offer STARTTLS and show a certificate that holds. */
static outcome_set enforced(const struct delivery_host *host)
{
	bool may_match = host->matches != TRISTATE_NO;

	if (may_match && host->result == HOST_RESULT_SUCCESS)
		return outcome(OCCURS_SECURE);
	if (may_match && host->result == HOST_RESULT_UNKNOWN)
		return outcome(OCCURS_SECURE) | outcome(OCCURS_REFUSED);
	return outcome(OCCURS_REFUSED);
}

/* Every outcome of `set` with the failure beside it. */
static outcome_set failing(outcome_set set)
{
	return set << OCCURS_FAILURE;
}

/* Mode testing: delivered as without policy (`set`), and reported where enforce would refuse. */
static outcome_set tested(const struct delivery_host *host, outcome_set set)
{
	outcome_set strict = enforced(host);
	outcome_set result = 0;

	if (strict & outcome(OCCURS_SECURE))
		result |= set;
	if (strict & outcome(OCCURS_REFUSED))
		result |= failing(set);
	return result;
}

/* What the policy makes of a host; `without` is what happens where no policy is in force. */
static outcome_set by_policy(const struct delivery_host *host, enum sts_verdict sts,
			     outcome_set without)
{
	switch (sts) {
	case STS_VERDICT_ENFORCE:
		return enforced(host);
	case STS_VERDICT_TESTING:
		return tested(host, without);
	case STS_VERDICT_UNKNOWN:
		/* Some policy or none: it may list the host or not. */
		return enforced(host) | outcome(OCCURS_REFUSED) | without | failing(without);
	case STS_VERDICT_NULL:
	case STS_VERDICT_NONE:
	case STS_VERDICT_BROKEN:
	case STS_VERDICT_OFF:
		break;
	}
	return without;
}

/*
 * A host whose TLSA records are all unusable and which cannot do TLS is refused under any policy.
 */
static outcome_set by_unusable(const struct delivery_host *host, enum sts_verdict sts)
{
	outcome_set without = mandatory_tls(host);

	if (without == outcome(OCCURS_REFUSED))
		return without;
	return by_policy(host, sts, without);
}

/* DANE goes before MTA-STS, and MTA-STS never overrides a failing DANE (RFC 8461 2). */
static outcome_set outcomes_with_address(const struct delivery_host *host, enum sts_verdict sts)
{
	switch (host->dane) {
	case DANE_VALID:
		return outcome(OCCURS_SECURE);
	case DANE_INVALID:
	case DANE_DNSSEC_INVALID:
		return outcome(OCCURS_REFUSED);
	case DANE_UNUSABLE:
		return by_unusable(host, sts);
	case DANE_UNKNOWN:
		return outcome(OCCURS_SECURE) | outcome(OCCURS_REFUSED) | by_unusable(host, sts) |
		       by_policy(host, sts, opportunistic(host));
	case DANE_NULL:
	case DANE_NONE:
	case DANE_INSECURE:
		break;
	}
	return by_policy(host, sts, opportunistic(host));
}

/* A host without any address is left out: nothing of it occurs. */
static outcome_set outcomes(const struct delivery_host *host, enum sts_verdict sts)
{
	switch (host->has_address) {
	case TRISTATE_NO:
		return host->dane == DANE_DNSSEC_INVALID ? outcome(OCCURS_REFUSED) : outcome(0);
	case TRISTATE_UNKNOWN:
		return host->dane == DANE_DNSSEC_INVALID
			       ? outcome(OCCURS_REFUSED)
			       : outcome(0) | outcomes_with_address(host, sts);
	case TRISTATE_NULL:
	case TRISTATE_YES:
		break;
	}
	return outcomes_with_address(host, sts);
}

struct delivery_host delivery_unknown_host(void)
{
	return (struct delivery_host){
		.has_address = TRISTATE_UNKNOWN,
		.dane = DANE_UNKNOWN,
		.result = HOST_RESULT_UNKNOWN,
		.starttls = STARTTLS_UNKNOWN,
		.tls = TRISTATE_UNKNOWN,
	};
}

enum host_delivery delivery_of_host(const struct delivery_host *host, enum sts_verdict sts)
{
	static const struct {
		unsigned occurs;
		enum host_delivery delivery;
	} kinds[] = {
		{OCCURS_SECURE, HOST_DELIVERY_SECURE},
		{OCCURS_REFUSED, HOST_DELIVERY_REFUSED},
		{OCCURS_PLAIN, HOST_DELIVERY_PLAIN},
		{OCCURS_OPPORTUNISTIC, HOST_DELIVERY_OPPORTUNISTIC},
		{OCCURS_ENCRYPTED, HOST_DELIVERY_ENCRYPTED},
	};
	outcome_set set = outcomes(host, sts);

	if (set == outcome(0))
		return HOST_DELIVERY_NULL;
	for (size_t i = 0; i < ARRAY_LENGTH(kinds); i++) {
		outcome_set kind = outcome(kinds[i].occurs);

		if ((set & ~(kind | failing(kind))) == 0)
			return kinds[i].delivery;
	}
	return HOST_DELIVERY_UNKNOWN;
}

/* The row of MEASURES 8 for what occurs among the hosts. */
static enum delivery row(unsigned occurs)
{
	unsigned kinds = occurs & ~(unsigned)OCCURS_FAILURE;

	if (kinds == 0)
		return DELIVERY_UNDELIVERABLE;
	if (kinds == OCCURS_REFUSED)
		return DELIVERY_REFUSED;
	if (kinds == OCCURS_SECURE)
		return DELIVERY_PROTECTED;
	if (kinds & (OCCURS_SECURE | OCCURS_REFUSED))
		return DELIVERY_PROTECTED_IN_PART;
	if (occurs & OCCURS_FAILURE)
		return DELIVERY_REPORTED;
	if (kinds == OCCURS_PLAIN)
		return DELIVERY_CLEARTEXT;
	return DELIVERY_OPPORTUNISTIC;
}

/* What can occur among the hosts so far (`before`), and one host more. */
static outcome_set join(outcome_set before, outcome_set host)
{
	outcome_set after = 0;

	for (unsigned occurs = 0; occurs < OCCURRENCES; occurs++)
		for (unsigned more = 0; more < OCCURRENCES; more++)
			if ((before & outcome(occurs)) && (host & outcome(more)))
				after |= outcome(occurs | more);
	return after;
}

static enum delivery delivery_by_hosts(const struct delivery_domain *domain)
{
	outcome_set possible = outcome(0);
	enum delivery answer = DELIVERY_NULL;

	for (size_t i = 0; i < domain->hosts_count; i++)
		possible = join(possible, outcomes(&domain->hosts[i], domain->sts));
	for (unsigned occurs = 0; occurs < OCCURRENCES; occurs++) {
		if ((possible & outcome(occurs)) == 0)
			continue;
		if (answer != DELIVERY_NULL && answer != row(occurs))
			return DELIVERY_UNKNOWN;
		answer = row(occurs);
	}
	return answer;
}

enum delivery delivery_of_domain(const struct delivery_domain *domain)
{
	switch (domain->mx) {
	case MX_KIND_NULL:
		return DELIVERY_NULL;
	case MX_KIND_NULL_MX:
		return DELIVERY_NO_MAIL;
	case MX_KIND_NONE:
		return DELIVERY_UNDELIVERABLE;
	case MX_KIND_UNKNOWN:
		return DELIVERY_UNKNOWN;
	case MX_KIND_EXPLICIT:
	case MX_KIND_IMPLICIT:
	case MX_KIND_INVALID_NULL:
		break;
	}
	return delivery_by_hosts(domain);
}

enum tristate delivery_ready_for_enforce(const struct delivery_domain *domain)
{
	enum tristate ready = TRISTATE_NULL;

	if (domain->sts != STS_VERDICT_TESTING)
		return TRISTATE_NULL;
	for (size_t i = 0; i < domain->hosts_count; i++) {
		switch (delivery_of_host(&domain->hosts[i], STS_VERDICT_ENFORCE)) {
		case HOST_DELIVERY_NULL:
			break;
		case HOST_DELIVERY_SECURE:
			if (ready == TRISTATE_NULL)
				ready = TRISTATE_YES;
			break;
		case HOST_DELIVERY_REFUSED:
			return TRISTATE_NO;
		case HOST_DELIVERY_ENCRYPTED:
		case HOST_DELIVERY_OPPORTUNISTIC:
		case HOST_DELIVERY_PLAIN:
		case HOST_DELIVERY_UNKNOWN:
			ready = TRISTATE_UNKNOWN;
			break;
		}
	}
	return ready;
}
