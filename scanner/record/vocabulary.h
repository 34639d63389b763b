/*
 * The closed vocabularies of the record: for each an X-macro table of code, public text and
 * meaning, an enum, and one descriptor from which encoders, readers, schema and codebook work.
 * Tables of values that a parser yields stand beside the parser in facts/. In every enum 0 is "does
 * not apply" and is written as null. A text never changes its meaning.
 */
#ifndef STSWEEP_RECORD_VOCABULARY_H
#define STSWEEP_RECORD_VOCABULARY_H

#include "base/enumerator.h"
#include "base/span.h"
#include "facts/dns_message.h"
#include "facts/policy.h"
#include "facts/sts_record.h"
#include "facts/tlsrpt_record.h"
#include "facts/validity.h"

#define RECORD_STATUSES(V, P) \
	V(P, COMPLETE, "complete", "every stage was gone through") \
	V(P, PARTIAL, "partial", "a stage was left out or cut short") \
	V(P, EXCLUDED, "excluded", "on the block list; no packet was sent") \
	V(P, INVALID_INPUT, "invalid-input", "the line holds no domain name")

#define PRESENCES(V, P) \
	V(P, PRESENT, "present", "it is there") \
	V(P, ABSENT, "absent", "it is certainly not there") \
	V(P, UNKNOWN, "unknown", "it could not be found out")

#define TRISTATES(V, P) \
	V(P, YES, "yes", "it holds") \
	V(P, NO, "no", "it does not hold") \
	V(P, UNKNOWN, "unknown", "it could not be found out")

#define MX_KINDS(V, P) \
	V(P, EXPLICIT, "explicit", "MX records") \
	V(P, IMPLICIT, "implicit", "no MX record but an address (RFC 5321 5.1)") \
	V(P, NULL_MX, "null", "one MX record whose host is . (RFC 7505)") \
	V(P, INVALID_NULL, "invalid-null", "a host . among other MX records") \
	V(P, NONE, "none", "neither MX record nor address") \
	V(P, UNKNOWN, "unknown", "the lookup failed")

/* Stages of a policy fetch and of a host probe share one table: where it ended. */
#define STAGES(V, P) \
	V(P, DNS, "dns", "name lookup") \
	V(P, TCP, "tcp", "connection") \
	V(P, BANNER, "banner", "SMTP greeting") \
	V(P, EHLO, "ehlo", "SMTP EHLO or HELO") \
	V(P, STARTTLS, "starttls", "SMTP STARTTLS") \
	V(P, TLS, "tls", "TLS handshake and certificate") \
	V(P, HTTP, "http", "HTTP exchange") \
	V(P, SYNTAX, "syntax", "policy body")

/* How a stage ended (MEASURES 2). */
#define OUTCOMES(V, P) \
	V(P, SUCCESS, "success", "all stages were gone through") \
	V(P, REFUSED, "refused", "connection refused, or a command refused for good") \
	V(P, RESET, "reset", "connection reset") \
	V(P, TIMEOUT, "timeout", "nothing came in time") \
	V(P, UNREACHABLE, "unreachable", "no route, or an ICMP error") \
	V(P, CLOSED, "closed", "connection closed early") \
	V(P, ALERT, "alert", "TLS alert received") \
	V(P, PROTOCOL_ERROR, "protocol-error", "the other side broke the protocol") \
	V(P, TOO_LARGE, "too-large", "more than a cap allows") \
	V(P, DEFERRED, "deferred", "a 4xx reply, twice") \
	V(P, NO_SERVICE, "no-service", "521 or 554 at the greeting") \
	V(P, BLOCKED, "blocked", "refused with a text that names a list, a policy or our address") \
	V(P, EXCLUDED, "excluded", "on the block list, or a reserved address") \
	V(P, LIMIT, "limit", "a limit of the scan was spent") \
	V(P, LOCAL_LIMIT, "local-limit", "the scanning machine was short of something") \
	V(P, NOT_ATTEMPTED, "not-attempted", "left out")

/*
 * Errors of a policy, all stages (MEASURES 4); which belong to which stage is there. Certificate
 * faults are the PKIX table.
 */
#define PKIX_FAULTS(V, P) \
	V(P, NAME_MISMATCH, "name-mismatch", "no DNS-ID of the certificate matches") \
	V(P, EXPIRED, "expired", "a certificate of the chain has expired") \
	V(P, NOT_YET_VALID, "not-yet-valid", "a certificate of the chain is not valid yet") \
	V(P, SELF_SIGNED, "self-signed", "the leaf is self-signed and not trusted") \
	V(P, INCOMPLETE_CHAIN, "incomplete-chain", \
	  "an intermediate was not sent; the chain completes with it") \
	V(P, UNTRUSTED, "untrusted", "no chain to a trusted root") \
	V(P, WEAK, "weak", "a key or signature below security level 1") \
	V(P, NAME_CONSTRAINTS, "name-constraints", "excluded by a name constraint of an issuer")

#define POLICY_TRANSPORT_ERRORS(V, P) \
	V(P, NXDOMAIN, "nxdomain", "the policy host does not exist") \
	V(P, NODATA, "nodata", "the policy host has no address") \
	V(P, SERVFAIL, "servfail", "name server failure") \
	V(P, REFUSED, "refused", "refused by the name server, or the connection was") \
	V(P, FORMERR, "formerr", "the name server could not read the query") \
	V(P, NOTIMP, "notimp", "the name server does not do this") \
	V(P, TIMEOUT, "timeout", "nothing came in time") \
	V(P, BOGUS, "bogus", "the answer fails DNSSEC validation") \
	V(P, CNAME_LOOP, "cname-loop", "the CNAME chain loops or is too long") \
	V(P, NETWORK_ERROR, "network-error", "the query could not be sent") \
	V(P, RESET, "reset", "connection reset") \
	V(P, UNREACHABLE, "unreachable", "no route, or an ICMP error") \
	V(P, NO_CERTIFICATE, "no-certificate", "the server sent no certificate") \
	V(P, ALERT, "alert", "TLS alert received; its number is the detail") \
	V(P, PROTOCOL_VERSION, "protocol-version", "no TLS version in common, or below 1.2") \
	V(P, CLOSED, "closed", "connection closed early") \
	V(P, STATUS, "status", "an HTTP status other than 200 and 3xx; its code is http_status") \
	V(P, REDIRECT, "redirect", "a 3xx status; not followed (RFC 8461 3.3)") \
	V(P, PROTOCOL_ERROR, "protocol-error", "TLS or HTTP was broken by the server") \
	V(P, GOAWAY, "goaway", "HTTP/2 GOAWAY or a refused stream before the answer") \
	V(P, TOO_LARGE, "too-large", "more than a cap allows") \
	V(P, TRUNCATED, "truncated", "the body ended before its announced length") \
	V(P, EXCLUDED, "excluded", "the address is reserved or on the block list") \
	V(P, LOCAL_LIMIT, "local-limit", "the scanning machine was short of something")

/* All that can stand in sts.policy.error; `stage` says which part it is from. */
#define POLICY_ERRORS(V, P) \
	POLICY_TRANSPORT_ERRORS(V, P) \
	PKIX_FAULTS(V, P) \
	POLICY_SYNTAX_ERRORS(V, P)

#define MATCHES(V, P) \
	V(P, ALL, "all", "every MX host matches a pattern of the policy") \
	V(P, SOME, "some", "some MX hosts match") \
	V(P, NONE, "none", "no MX host matches")

#define MISMATCHES(V, P) \
	V(P, TLD, "tld", "the closest pair differs in the public suffix only") \
	V(P, TYPO, "typo", "the closest pair has an edit distance of 3 or less") \
	V(P, PARTIAL, "partial", "the closest pair shares the registrable domain") \
	V(P, COMPLETE, "complete", "no pair has anything in common")

#define MISMATCH_NOTES(V, P) \
	V(P, LABEL_MTA_STS, "label-mta-sts", "a pattern holds a literal mta-sts label") \
	V(P, WILDCARD_PARENT, "wildcard-parent", "a wildcard whose parent is itself an MX host") \
	V(P, WILDCARD_DEPTH, "wildcard-depth", \
	  "a wildcard that would have to stand for several labels") \
	V(P, STALE, "stale", "the pattern matches MX hosts of an earlier scan")

/*
 * Result of a host, from RFC 8460 4.3; the order is that in which the worst of several addresses is
 * chosen.
 */
#define HOST_RESULTS(V, P) \
	V(P, SUCCESS, "success", \
	  "STARTTLS with TLS 1.2 or later and a certificate that PKIX accepts for the MX name") \
	V(P, STARTTLS_NOT_SUPPORTED, "starttls-not-supported", \
	  "STARTTLS is not offered, or refused") \
	V(P, CERTIFICATE_HOST_MISMATCH, "certificate-host-mismatch", \
	  "no DNS-ID matches the MX name") \
	V(P, CERTIFICATE_EXPIRED, "certificate-expired", "the certificate has expired") \
	V(P, CERTIFICATE_NOT_TRUSTED, "certificate-not-trusted", "no chain to a trusted root") \
	V(P, VALIDATION_FAILURE, "validation-failure", "another failure; the detail says which") \
	V(P, TLSA_INVALID, "tlsa-invalid", "no TLSA record matches") \
	V(P, DNSSEC_INVALID, "dnssec-invalid", "the TLSA or address lookup is bogus") \
	V(P, STS_POLICY_FETCH_ERROR, "sts-policy-fetch-error", "only in predicted_report") \
	V(P, STS_POLICY_INVALID, "sts-policy-invalid", "only in predicted_report") \
	V(P, STS_WEBPKI_INVALID, "sts-webpki-invalid", "only in predicted_report") \
	V(P, DANE_REQUIRED, "dane-required", "reserved") \
	V(P, UNKNOWN, "unknown", "it could not be found out")

#define STARTTLS_STATES(V, P) \
	V(P, OFFERED, "offered", "EHLO lists STARTTLS") \
	V(P, ABSENT, "absent", "EHLO does not list it, or only HELO was accepted") \
	V(P, STRIPPED, "stripped", "a word of X's stands where STARTTLS was") \
	V(P, UNKNOWN, "unknown", "EHLO was not reached")

/* DANE state, from worst to best (MEASURES 7). */
#define DANE_STATES(V, P) \
	V(P, DNSSEC_INVALID, "dnssec-invalid", "an address or TLSA lookup is bogus") \
	V(P, INVALID, "invalid", "usable TLSA records, none matches") \
	V(P, UNKNOWN, "unknown", "it could not be found out") \
	V(P, NONE, "none", "a secure zone without TLSA records") \
	V(P, INSECURE, "insecure", "no DNSSEC: DANE does not apply") \
	V(P, UNUSABLE, "unusable", \
	  "TLSA records, none of them usable: TLS without authentication") \
	V(P, VALID, "valid", "a TLSA record matches")

#define STS_VERDICTS(V, P) \
	V(P, NONE, "none", "no MTA-STS record") \
	V(P, UNKNOWN, "unknown", "record or policy could not be found out") \
	V(P, BROKEN, "broken", "a record or policy that a sender cannot use") \
	V(P, TESTING, "testing", "a valid policy in mode testing") \
	V(P, ENFORCE, "enforce", "a valid policy in mode enforce") \
	V(P, OFF, "off", "a valid policy in mode none")

#define DELIVERIES(V, P) \
	V(P, NO_MAIL, "no-mail", "null MX: the domain takes no mail") \
	V(P, UNDELIVERABLE, "undeliverable", "no MX host with an address") \
	V(P, REFUSED, "refused", "mail is deferred and bounced in the end") \
	V(P, PROTECTED, "protected", "every host is authenticated") \
	V(P, PROTECTED_IN_PART, "protected-in-part", "some hosts are authenticated or refused") \
	V(P, REPORTED, "reported", "delivered, the failure would be reported (mode testing)") \
	V(P, CLEARTEXT, "cleartext", "delivered without TLS") \
	V(P, OPPORTUNISTIC, "opportunistic", "delivered with unauthenticated TLS where offered") \
	V(P, UNKNOWN, "unknown", "an unknown fact could change the answer")

/* What one host contributes to `delivery` (MEASURES 8). */
#define HOST_DELIVERIES(V, P) \
	V(P, SECURE, "secure", "authenticated TLS") \
	V(P, ENCRYPTED, "encrypted", "TLS required by DANE, not authenticated") \
	V(P, OPPORTUNISTIC, "opportunistic", "TLS, not authenticated") \
	V(P, PLAIN, "plain", "no TLS") \
	V(P, REFUSED, "refused", "no delivery through this host") \
	V(P, UNKNOWN, "unknown", "it could not be found out")

#define CATEGORIES(V, P) \
	V(P, RECORD, "record", "the MTA-STS record is broken") \
	V(P, POLICY, "policy", "the policy cannot be fetched or is invalid") \
	V(P, MX_CERTIFICATE, "mx-certificate", "an MX host's certificate fails PKIX") \
	V(P, INCONSISTENCY, "inconsistency", "no MX host matches the policy")

#define MANAGEMENTS(V, P) \
	V(P, SELF, "self", "run by the domain itself") \
	V(P, THIRD_PARTY, "third-party", "run for many domains") \
	V(P, UNCLASSIFIED, "unclassified", "the heuristics do not say")

#define PROVIDER_CLASSES(V, P) \
	V(P, MAILBOX, "mailbox", "mailbox provider") \
	V(P, GATEWAY, "gateway", "filtering gateway") \
	V(P, HOSTING, "hosting", "web and mail hoster") \
	V(P, FORWARDING, "forwarding", "mail forwarding") \
	V(P, POLICY_HOSTING, "policy-hosting", "MTA-STS policies for others") \
	V(P, REPORTING, "reporting", "report processing") \
	V(P, DNS, "dns", "DNS operator")

#define ENTITY_KINDS(V, P) \
	V(P, MX, "mx", "MX hosts") \
	V(P, POLICY, "policy", "policy hosts") \
	V(P, DNS, "dns", "name servers")

#define REPORT_POLICY_TYPES(V, P) \
	V(P, TLSA, "tlsa", "a DANE policy") \
	V(P, STS, "sts", "an MTA-STS policy") \
	V(P, NO_POLICY_FOUND, "no-policy-found", "neither")

#define HTTP_PROTOCOLS(V, P) \
	V(P, H2, "h2", "HTTP/2 (RFC 9113)") \
	V(P, HTTP_1_1, "http/1.1", "HTTP/1.1 (RFC 9112)") \
	V(P, HTTP_1_0, "http/1.0", "an HTTP/1.0 status line")

/*
 * name, table: every vocabulary there is. For each: `enum <name>`, `const struct vocabulary
 * vocabulary_<name>`.
 */
#define OWN_VOCABULARIES(T) \
	T(record_status, RECORD_STATUS, RECORD_STATUSES) \
	T(presence, PRESENCE, PRESENCES) \
	T(tristate, TRISTATE, TRISTATES) \
	T(mx_kind, MX_KIND, MX_KINDS) \
	T(stage, STAGE, STAGES) \
	T(outcome, OUTCOME, OUTCOMES) \
	T(pkix_fault, PKIX_FAULT, PKIX_FAULTS) \
	T(policy_error, POLICY_ERROR, POLICY_ERRORS) \
	T(match, MATCH, MATCHES) \
	T(mismatch, MISMATCH, MISMATCHES) \
	T(mismatch_note, MISMATCH_NOTE, MISMATCH_NOTES) \
	T(host_result, HOST_RESULT, HOST_RESULTS) \
	T(starttls, STARTTLS, STARTTLS_STATES) \
	T(dane, DANE, DANE_STATES) \
	T(sts_verdict, STS_VERDICT, STS_VERDICTS) \
	T(delivery, DELIVERY, DELIVERIES) \
	T(host_delivery, HOST_DELIVERY, HOST_DELIVERIES) \
	T(category, CATEGORY, CATEGORIES) \
	T(management, MANAGEMENT, MANAGEMENTS) \
	T(provider_class, PROVIDER_CLASS, PROVIDER_CLASSES) \
	T(entity_kind, ENTITY_KIND, ENTITY_KINDS) \
	T(report_policy_type, REPORT_POLICY_TYPE, REPORT_POLICY_TYPES) \
	T(http_protocol, HTTP_PROTOCOL, HTTP_PROTOCOLS)

#define FACTS_VOCABULARIES(T) \
	T(dns_status, DNS_STATUS, DNS_STATUSES) \
	T(validity, VALIDITY, VALIDITIES) \
	T(sts_record_error, STS_RECORD_ERROR, STS_RECORD_ERRORS) \
	T(sts_record_note, STS_RECORD_NOTE, STS_RECORD_NOTES) \
	T(tlsrpt_record_error, TLSRPT_RECORD_ERROR, TLSRPT_RECORD_ERRORS) \
	T(tlsrpt_record_note, TLSRPT_RECORD_NOTE, TLSRPT_RECORD_NOTES) \
	T(policy_mode, POLICY_MODE, POLICY_MODES) \
	T(policy_syntax_error, POLICY_SYNTAX_ERROR, POLICY_SYNTAX_ERRORS) \
	T(policy_mx_fault, POLICY_MX_FAULT, POLICY_MX_FAULTS) \
	T(policy_note, POLICY_NOTE, POLICY_NOTES)

#define VOCABULARIES(T) OWN_VOCABULARIES(T) FACTS_VOCABULARIES(T)

#define DECLARE_ENUM(name, P, TABLE) ENUMERATION(name, P, TABLE);
OWN_VOCABULARIES(DECLARE_ENUM)
#undef DECLARE_ENUM

struct vocabulary_word {
	const char *text; /* NULL for the word 0, "does not apply" */
	const char *meaning;
};

struct vocabulary {
	const char *name;
	const struct vocabulary_word *words; /* indexed by the enum's value */
	unsigned count;                      /* with the word 0 */
};

#define DECLARE_VOCABULARY(name, P, TABLE) extern const struct vocabulary vocabulary_##name;
VOCABULARIES(DECLARE_VOCABULARY)
/* Of the findings table, in record/findings.h. */
extern const struct vocabulary vocabulary_finding;
#undef DECLARE_VOCABULARY

/* The public text of a value; NULL for 0. A value outside the vocabulary is a bug and aborts. */
const char *vocabulary_text(const struct vocabulary *vocabulary, int value);
/* The value of a public text, or 0 when it is no word of this vocabulary. */
int vocabulary_value(const struct vocabulary *vocabulary, struct span text);

#endif
