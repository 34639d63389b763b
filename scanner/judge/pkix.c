/*
 * PKIX verification by OpenSSL, with a callback that lets every check run to its end and notes what
 * each one says. Called by the chain memory. The clock is never read: the time of the connection is
 * an argument.
 *
 * "Weak" is below OpenSSL's security level 1, 80 bits: RSA under 1024 bits, or a SHA-1 signature.
 * That is what deployed verifiers refuse today, and nothing that they still take.
 */
#include "judge/pkix.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

enum {
	AUTH_LEVEL = 1,
	COMPLETING_CERTIFICATES_MAX = 32, /* tried altogether to complete one chain */
	COMPLETING_PER_SUBJECT_MAX = 8,   /* of one name: cross-signed and renewed ones */
	MS_PER_S = 1000,
};

/* What one run of OpenSSL said. */
struct run {
	unsigned faults;
	bool issuer_missing;
	const char *detail;
};

/* The first cause counts: what follows from it is noise. */
static void note_untrusted(struct run *run, const char *detail)
{
	run->faults |= PKIX_BIT(PKIX_FAULT_UNTRUSTED);
	if (run->detail == NULL)
		run->detail = detail;
}

static void note(struct run *run, int error)
{
	switch (error) {
	case X509_V_ERR_CERT_HAS_EXPIRED:
		run->faults |= PKIX_BIT(PKIX_FAULT_EXPIRED);
		break;
	case X509_V_ERR_CERT_NOT_YET_VALID:
		run->faults |= PKIX_BIT(PKIX_FAULT_NOT_YET_VALID);
		break;
	case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
		run->faults |= PKIX_BIT(PKIX_FAULT_SELF_SIGNED);
		break;
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
	case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
		run->issuer_missing = true;
		break;
	case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
	case X509_V_ERR_CERT_UNTRUSTED:
		note_untrusted(run, NULL);
		break;
	case X509_V_ERR_EE_KEY_TOO_SMALL:
	case X509_V_ERR_CA_KEY_TOO_SMALL:
	case X509_V_ERR_CA_MD_TOO_WEAK:
		run->faults |= PKIX_BIT(PKIX_FAULT_WEAK);
		break;
	case X509_V_ERR_PERMITTED_VIOLATION:
	case X509_V_ERR_EXCLUDED_VIOLATION:
	case X509_V_ERR_SUBTREE_MINMAX:
	case X509_V_ERR_UNSUPPORTED_CONSTRAINT_TYPE:
	case X509_V_ERR_UNSUPPORTED_CONSTRAINT_SYNTAX:
	case X509_V_ERR_UNSUPPORTED_NAME_SYNTAX:
		run->faults |= PKIX_BIT(PKIX_FAULT_NAME_CONSTRAINTS);
		break;
	case X509_V_ERR_INVALID_PURPOSE:
	case X509_V_ERR_CERT_REJECTED:
	case X509_V_ERR_KEYUSAGE_NO_CERTSIGN:
		note_untrusted(run, "purpose");
		break;
	case X509_V_ERR_INVALID_CA:
		note_untrusted(run, "issuer-not-a-ca");
		break;
	case X509_V_ERR_PATH_LENGTH_EXCEEDED:
		note_untrusted(run, "path-length");
		break;
	case X509_V_ERR_CERT_SIGNATURE_FAILURE:
		note_untrusted(run, "bad-signature");
		break;
	case X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION:
		note_untrusted(run, "critical-extension");
		break;
	default: /* OpenSSL's codes are open-ended: there is no enum to forget one of */
		note_untrusted(run, "other");
		break;
	}
}

/*
 * An error that stays set would pass for the cause of what is found later, so it is taken back once
 * it is noted.
 */
static int on_verify(int ok, X509_STORE_CTX *context)
{
	if (!ok)
		note(X509_STORE_CTX_get_app_data(context), X509_STORE_CTX_get_error(context));
	X509_STORE_CTX_set_error(context, X509_V_OK);
	return 1;
}

/* One run; `built` gets the chain that OpenSSL made of it (the caller frees it). */
static struct run verify_once(X509 *leaf, STACK_OF(X509) * others, X509_STORE *store, int64_t at_ms,
			      STACK_OF(X509) * *built)
{
	struct run run = {0};
	X509_STORE_CTX *context = X509_STORE_CTX_new();
	X509_VERIFY_PARAM *param;

	*built = NULL;
	if (context == NULL || !X509_STORE_CTX_init(context, store, leaf, others) ||
	    !X509_STORE_CTX_set_default(context, "ssl_server")) {
		note_untrusted(&run, "local-limit");
		goto out;
	}
	param = X509_STORE_CTX_get0_param(context);
	X509_VERIFY_PARAM_set_time(param, (time_t)(at_ms / MS_PER_S));
	X509_VERIFY_PARAM_set_auth_level(param, AUTH_LEVEL);
	(void)X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_TRUSTED_FIRST);
	X509_STORE_CTX_set_app_data(context, &run);
	X509_STORE_CTX_set_verify_cb(context, on_verify);
	if (X509_verify_cert(context) <= 0 && run.faults == 0 && !run.issuer_missing)
		note_untrusted(&run, "other");
	*built = X509_STORE_CTX_get1_chain(context);
out:
	X509_STORE_CTX_free(context);
	ERR_clear_error();
	return run;
}

static bool contains(STACK_OF(X509) * certificates, X509 *wanted)
{
	for (int i = 0; i < sk_X509_num(certificates); i++)
		if (X509_cmp(sk_X509_value(certificates, i), wanted) == 0)
			return true;
	return false;
}

/* Adds the scan's CA certificates whose subject is the issuer of `certificate`. */
static void add_issuers(STACK_OF(X509) * others, X509 *certificate,
			const struct certificate_source *certificates)
{
	const unsigned char *name;
	size_t name_len;

	if (!X509_NAME_get0_der(X509_get_issuer_name(certificate), &name, &name_len))
		return;
	for (size_t n = 0; n < COMPLETING_PER_SUBJECT_MAX; n++) {
		struct span der = certificates->find_by_subject(certificates->context,
								span_of(name, name_len), n);
		const unsigned char *at = der.data;
		X509 *issuer;

		if (span_is_null(der))
			return;
		issuer = der.len <= LONG_MAX ? d2i_X509(NULL, &at, (long)der.len) : NULL;
		if (issuer != NULL &&
		    (contains(others, issuer) || sk_X509_push(others, issuer) == 0))
			X509_free(issuer);
	}
}

/*
 * Would the chain reach a trusted root with certificates that others in the scan have sent? A leaf
 * that is not trusted for another reason (`known`, its key usage say) stays so.
 */
static bool completes(const struct chain *chain, X509 *top, unsigned known, X509_STORE *store,
		      const struct certificate_source *certificates, int64_t at_ms)
{
	STACK_OF(X509) *others = X509_chain_up_ref(chain->sent);
	STACK_OF(X509) *built = NULL;
	struct run run = {.issuer_missing = true};
	int next;

	if (others == NULL)
		return false;
	next = sk_X509_num(others);
	add_issuers(others, top, certificates);
	while (next < sk_X509_num(others) && next < COMPLETING_CERTIFICATES_MAX)
		add_issuers(others, sk_X509_value(others, next++), certificates);
	if (sk_X509_num(others) > sk_X509_num(chain->sent))
		run = verify_once(chain->leaf, others, store, at_ms, &built);
	sk_X509_pop_free(built, X509_free);
	sk_X509_pop_free(others, X509_free);
	return !run.issuer_missing && (run.faults & ~known & PKIX_BIT(PKIX_FAULT_UNTRUSTED)) == 0;
}

/*
 * An intermediate that was not sent but lies in the store: only senders with this very store accept
 * the chain.
 */
static bool leans_on_store(const struct chain *chain, STACK_OF(X509) * built)
{
	for (int i = 1; i < sk_X509_num(built) - 1; i++)
		if (!contains(chain->sent, sk_X509_value(built, i)))
			return true;
	return false;
}

/* -1 when it cannot be read: the same verdict then holds at no other time. */
static int64_t time_ms(const ASN1_TIME *time)
{
	struct tm parts;

	if (time == NULL || !ASN1_TIME_to_tm(time, &parts))
		return -1;
	return (int64_t)timegm(&parts) * MS_PER_S;
}

/*
 * A certificate is not valid yet, valid or expired: the verdict lasts while that stays so for each.
 */
static void narrow(struct pkix_verdict *verdict, STACK_OF(X509) * certificates, int64_t at_ms)
{
	for (int i = 0; i < sk_X509_num(certificates); i++) {
		const X509 *certificate = sk_X509_value(certificates, i);
		int64_t edges[] = {time_ms(X509_get0_notBefore(certificate)),
				   time_ms(X509_get0_notAfter(certificate))};

		for (size_t e = 0; e < ARRAY_LENGTH(edges); e++) {
			if (edges[e] <= at_ms && edges[e] > verdict->from_ms)
				verdict->from_ms = edges[e];
			if (edges[e] > at_ms && edges[e] < verdict->until_ms)
				verdict->until_ms = edges[e];
		}
	}
}

struct pkix_verdict pkix_verify(const struct chain *chain, X509_STORE *store,
				const struct certificate_source *certificates, int64_t at_ms)
{
	struct pkix_verdict verdict = {.from_ms = INT64_MIN, .until_ms = INT64_MAX};
	STACK_OF(X509) * built;
	struct run run = verify_once(chain->leaf, chain->sent, store, at_ms, &built);
	X509 *top = sk_X509_value(built, sk_X509_num(built) - 1);
	bool self_signed = (run.faults & PKIX_BIT(PKIX_FAULT_SELF_SIGNED)) != 0;

	verdict.faults = run.faults;
	verdict.detail = run.detail;
	if (run.issuer_missing && !self_signed) {
		if (top != NULL && completes(chain, top, run.faults, store, certificates, at_ms))
			verdict.faults |= PKIX_BIT(PKIX_FAULT_INCOMPLETE_CHAIN);
		else
			verdict.faults |= PKIX_BIT(PKIX_FAULT_UNTRUSTED);
	} else if (run.faults == 0 && leans_on_store(chain, built)) {
		verdict.faults |= PKIX_BIT(PKIX_FAULT_INCOMPLETE_CHAIN);
	}
	narrow(&verdict, chain->sent, at_ms);
	narrow(&verdict, built, at_ms);
	sk_X509_pop_free(built, X509_free);
	return verdict;
}

enum pkix_fault pkix_first(unsigned faults)
{
	for (enum pkix_fault fault = PKIX_FAULT_NAME_MISMATCH; fault <= PKIX_FAULT_NAME_CONSTRAINTS;
	     fault++)
		if (faults & PKIX_BIT(fault))
			return fault;
	return PKIX_FAULT_NULL;
}
