/*
 * The record, as DESIGN of the output: one table per map, in the order in which fields are written.
 * The same structs hold evidence (what was gathered) and the final record (judged, joined); `where`
 * tells which field belongs to which. All that a record points to lives in the arena of whoever
 * fills it.
 */
#ifndef STSWEEP_RECORD_RECORD_H
#define STSWEEP_RECORD_RECORD_H

#include "record/field.h"

enum { RECORD_SCHEMA_VERSION = 1, JUDGE_VERSION = 1 };

/* One DNS lookup, kept in the evidence: what a reader needs to doubt an answer (MEASURES 2). */
#define LOOKUP_FIELDS(F) \
	F(TEXT, name, , BOTH, "name asked for") \
	F(NUMBER, type, , BOTH, "type asked for, IANA number") \
	F(WORD, status, dns_status, BOTH, "what came of it") \
	F(WORD, secure, tristate, BOTH, "validated by a resolver that is trusted to") \
	F(NUMBER, extended_error, , BOTH, "Extended DNS Error code (RFC 8914)") \
	F(NUMBER, ttl_s, , BOTH, "least TTL of the answer") \
	F(TEXT, server, , BOTH, "address of the name server that answered last") \
	F(FLAG, tcp, , BOTH, "answered over TCP") \
	F(NUMBER, tries, , BOTH, "queries sent") \
	F(NUMBER, time_ms, , BOTH, "from the first query to the outcome") \
	F(TEXTS, cname, , BOTH, "CNAME chain")

#define MX_HOST_FIELDS(F) \
	F(TEXT, host, , BOTH, "MX host, lower-case A-labels; . for a null MX") \
	F(NUMBER, preference, , BOTH, "MX preference; 0 for an implicit MX")

#define MX_FIELDS(F) \
	F(WORD, status, dns_status, BOTH, "MX lookup") \
	F(WORD, secure, tristate, BOTH, "MX answer validated") \
	F(WORD, kind, mx_kind, BOTH, "kind of MX") \
	F(MAPS, hosts, mx_host, BOTH, "MX hosts in order of preference, then name")

#define NS_FIELDS(F) \
	F(WORD, status, dns_status, BOTH, "NS lookup at the domain; NODATA inside another zone") \
	F(TEXTS, hosts, , BOTH, "name servers")

#define STS_RECORD_FIELDS(F) \
	F(WORD, state, presence, FINAL, "is a record, or an attempt at one, published") \
	F(WORD, error, sts_record_error, FINAL, "first fault of the strict reading") \
	F(WORD, lookup, dns_status, BOTH, "TXT lookup at _mta-sts") \
	F(WORD, secure, tristate, BOTH, "TXT answer validated") \
	F(WORD, strict, validity, FINAL, "by the ABNF of RFC 8461 3.1") \
	F(WORD, lenient, validity, FINAL, "by what deployed senders accept") \
	F(TEXT, id, , FINAL, "policy id") \
	F(BYTES_LIST, txt, , BOTH, "every TXT record of the name, strings joined") \
	F(TEXTS, cname, , BOTH, "CNAME chain of the lookup") \
	F(WORDS, notes, sts_record_note, FINAL, "remarks that change no verdict")

/* TLS as it was negotiated, with whom it may be. */
#define POLICY_TLS_FIELDS(F) \
	F(TEXT, version, , BOTH, "TLS version negotiated, TLSv1.3") \
	F(TEXT, group, , BOTH, "key exchange group") \
	F(TEXT, cipher, , BOTH, "cipher suite, IANA name") \
	F(HASHES, chain, , BOTH, "SHA-256 of each certificate as sent, leaf first") \
	F(WORD, result, pkix_fault, FINAL, "first certificate fault; null when there is none") \
	F(WORDS, all, pkix_fault, FINAL, "all certificate faults") \
	F(TIME, not_after, , FINAL, "expiry of the leaf") \
	F(TEXT, issuer, , FINAL, "issuer of the leaf")

/* How far the fetch itself came, before any judgement of certificate and body. */
#define POLICY_FETCH_FIELDS(F) \
	F(WORD, stage, stage, BOTH, "where it ended; null when a body came") \
	F(WORD, error, policy_error, BOTH, "how it ended") \
	F(TEXT, detail, , BOTH, "number of a TLS alert, HTTP/2 error code or text of the cause")

#define STS_POLICY_FIELDS(F) \
	F(WORD, state, presence, FINAL, \
	  "is there a policy document; null when it was not asked for") \
	F(WORD, stage, stage, FINAL, "stage of the error") \
	F(WORD, error, policy_error, FINAL, "why there is no policy, or what is wrong with it") \
	F(TEXT, detail, , FINAL, "what exactly: the bad mx and why, the alert's number") \
	F(WORD, strict, validity, FINAL, "body by the ABNF of RFC 8461 3.2") \
	F(WORD, lenient, validity, FINAL, "body by what deployed senders accept") \
	F(WORD, mode, policy_mode, FINAL, "mode") \
	F(NUMBER, max_age, , FINAL, "max_age in seconds") \
	F(TEXTS, mx, , FINAL, "mx patterns") \
	F(BYTES, body, , BOTH, "response body, byte for byte, whatever the verdict") \
	F(WORDS, notes, policy_note, FINAL, "remarks that change no verdict") \
	F(TEXT, host, , BOTH, "policy host, mta-sts and the domain") \
	F(TEXTS, cname, , BOTH, "CNAME chain of the policy host") \
	F(TEXTS, addresses, , BOTH, "addresses of the policy host") \
	F(TEXT, address, , BOTH, "the address that was connected to last") \
	F(WORD, protocol, http_protocol, BOTH, "HTTP version") \
	F(NUMBER, http_status, , BOTH, "HTTP status code") \
	F(BYTES, content_type, , BOTH, "Content-Type as sent") \
	F(BYTES, location, , BOTH, "Location of a redirect, not followed") \
	F(BYTES, server, , BOTH, "Server header") \
	F(MAP, tls, policy_tls, BOTH, "the TLS connection") \
	F(TIME, started, , BOTH, \
	  "when the last connection was begun; certificates are judged at this time") \
	F(NUMBER, tries, , BOTH, "fetches tried") \
	F(NUMBER, time_ms, , BOTH, "from connect to the end of the last fetch") \
	F(MAP, fetch, policy_fetch, EVIDENCE, "how the fetch ended")

#define STS_FIELDS(F) \
	F(MAP, record, sts_record_map, BOTH, "the TXT record at _mta-sts") \
	F(MAP, policy, sts_policy, BOTH, "the policy")

#define TLSRPT_FIELDS(F) \
	F(WORD, state, presence, FINAL, "is a record, or an attempt at one, published") \
	F(WORD, error, tlsrpt_record_error, FINAL, "first fault of the strict reading") \
	F(WORD, lookup, dns_status, BOTH, "TXT lookup at _smtp._tls") \
	F(WORD, secure, tristate, BOTH, "TXT answer validated") \
	F(WORD, strict, validity, FINAL, "by the ABNF of RFC 8460 3") \
	F(WORD, lenient, validity, FINAL, "by what deployed senders accept") \
	F(BYTES_LIST, rua, , FINAL, "where reports go") \
	F(BYTES_LIST, txt, , BOTH, "every TXT record of the name, strings joined") \
	F(TEXTS, cname, , BOTH, "CNAME chain of the lookup") \
	F(WORDS, notes, tlsrpt_record_note, FINAL, "remarks that change no verdict")

/* A host as this domain sees it. */
#define DOMAIN_HOST_FIELDS(F) \
	F(TEXT, host, , FINAL, "MX host") \
	F(NUMBER, preference, , FINAL, "MX preference") \
	F(TEXT, provider, , FINAL, "who runs it") \
	F(FLAG, policy_match, , FINAL, "matches the policy; null without policy") \
	F(WORD, result, host_result, FINAL, "what a sender finds there, PKIX") \
	F(TEXT, detail, , FINAL, "why") \
	F(WORD, dane, dane, FINAL, "DANE state for this domain") \
	F(WORD, starttls, starttls, FINAL, "STARTTLS offered") \
	F(TEXT, tls_version, , FINAL, "lowest TLS version over its addresses") \
	F(WORD, delivery, host_delivery, FINAL, "what it contributes to the verdict") \
	F(FLAG, shared_probe, , FINAL, "probed under another name of the same provider") \
	F(TEXT, probe, , FINAL, "host name under which hosts-* holds the probe")

#define ENTITY_FIELDS(F) \
	F(TEXT, provider, , FINAL, "name") \
	F(WORD, class, provider_class, FINAL, "class, for providers in the table") \
	F(WORD, management, management, FINAL, "run by itself or by another")

#define ENTITIES_FIELDS(F) \
	F(MAP, mx, entity, FINAL, "who runs the MX hosts") \
	F(MAP, policy, entity, FINAL, "who runs the policy host") \
	F(MAP, dns, entity, FINAL, "who runs the name servers") \
	F(FLAG, same_provider, , FINAL, "MX and policy are run by one")

/* One RFC 8460 4.3 failure detail that a conforming sender would report. */
#define PREDICTED_FAILURE_FIELDS(F) \
	F(WORD, policy_type, report_policy_type, FINAL, "policy applied") \
	F(WORD, result_type, host_result, FINAL, "RFC 8460 result type") \
	F(TEXT, receiving_mx_hostname, , FINAL, \
	  "MX host; null for a failure of the policy itself") \
	F(TEXT, failure_reason_code, , FINAL, "detail")

#define VERDICT_FIELDS(F) \
	F(WORD, sts, sts_verdict, FINAL, "MTA-STS state of the domain") \
	F(WORD, dane, dane, FINAL, "worst DANE state of the hosts") \
	F(WORD, delivery, delivery, FINAL, "what a sender that honours DANE and MTA-STS does") \
	F(WORD, ready_for_enforce, tristate, FINAL, "would a testing policy hold in mode enforce") \
	F(WORDS, categories, category, FINAL, "misconfigurations as IMC 2025 counts them") \
	F(MAPS, predicted_report, predicted_failure, FINAL, \
	  "failure details a sender would report") \
	F(NUMBER, judge_version, , FINAL, "version of the rules")

#define DOMAIN_FIELDS(F) \
	F(NUMBER, schema, , BOTH, "version of this schema") \
	F(NUMBER, index, , BOTH, "line of the target, from 1") \
	F(NUMBER, rank, , BOTH, "rank given by the list") \
	F(TEXT, domain, , BOTH, "domain, lower-case A-labels") \
	F(BYTES, input, , BOTH, "the target as the list gave it") \
	F(BYTES, metadata, , BOTH, "the rest of the input line, with --metadata-passthrough") \
	F(WORD, status, record_status, BOTH, "how far the scan came") \
	F(TEXT, reason, , BOTH, "why the status is not complete") \
	F(TIME, started, , BOTH, "first lookup") \
	F(NUMBER, duration_ms, , BOTH, "to the end of its DNS and policy stages") \
	F(TEXT, vantage, , BOTH, "where it was measured from") \
	F(MAP, mx, mx, BOTH, "MX records") \
	F(MAP, ns, ns, BOTH, "name servers") \
	F(MAP, sts, sts, BOTH, "MTA-STS (RFC 8461)") \
	F(MAP, tlsrpt, tlsrpt, BOTH, "TLS-RPT (RFC 8460)") \
	F(WORD, match, match, FINAL, "do the MX hosts match the policy") \
	F(WORD, mismatch, mismatch, FINAL, \
	  "how far the closest pair is apart, where none matches") \
	F(WORDS, mismatch_notes, mismatch_note, FINAL, "remarks on the mismatch") \
	F(MAPS, hosts, domain_host, FINAL, "MX hosts, judged for this domain") \
	F(MAP, entities, entities, FINAL, "who runs it") \
	F(MAP, verdict, verdict, FINAL, "the verdict") \
	F(WORDS, findings, finding, FINAL, "codes of what is wrong or worth knowing") \
	F(MAPS, lookups, lookup, EVIDENCE, "every DNS lookup made for the domain itself")

#define HOST_TLS_FIELDS(F) \
	F(TEXT, version, , BOTH, "TLS version negotiated") \
	F(TEXT, cipher, , BOTH, "cipher suite, IANA name") \
	F(TEXT, group, , BOTH, "key exchange group") \
	F(HASHES, chain, , BOTH, "SHA-256 of each certificate as sent, leaf first") \
	F(TEXT, sni, , BOTH, "server name indicated")

#define PKIX_FIELDS(F) \
	F(WORD, result, pkix_fault, FINAL, \
	  "first certificate fault for the MX name; null when there is none or no certificate") \
	F(TEXT, detail, , FINAL, "what exactly") \
	F(WORDS, all, pkix_fault, FINAL, "all certificate faults") \
	F(TIME, not_after, , FINAL, "expiry of the leaf")

#define HOST_ADDRESS_FIELDS(F) \
	F(TEXT, address, , BOTH, "address") \
	F(NUMBER, family, , BOTH, "4 or 6") \
	F(WORD, stage, stage, BOTH, "where the probe ended; null when it was gone through") \
	F(WORD, outcome, outcome, BOTH, "how it ended") \
	F(NUMBER, code, , BOTH, "SMTP code of the last reply") \
	F(BYTES, reply, , BOTH, "text of the reply that ended the probe, or the cause") \
	F(BYTES, banner, , BOTH, "greeting") \
	F(TEXT, software, , BOTH, "server software named by the greeting") \
	F(BYTES_LIST, ehlo, , BOTH, "EHLO keywords before TLS") \
	F(BYTES_LIST, ehlo_tls, , BOTH, "EHLO keywords after STARTTLS") \
	F(WORD, starttls, starttls, BOTH, "STARTTLS offered") \
	F(FLAG, requiretls, , BOTH, "REQUIRETLS offered after TLS (RFC 8689)") \
	F(MAP, tls, host_tls, BOTH, "the TLS connection under the MX name") \
	F(MAP, tls_base, host_tls, BOTH, "the one under the TLSA base domain, where that differs") \
	F(MAP, pkix, pkix, FINAL, "certificate of `tls` for the MX name") \
	F(WORD, result, host_result, FINAL, "result of this address") \
	F(TEXT, result_detail, , FINAL, "why") \
	F(NUMBER, tries, , BOTH, "connections tried under the MX name") \
	F(TIME, started, , BOTH, "begin of the last try; certificates are judged at this time") \
	F(NUMBER, duration_ms, , BOTH, "length of the last try")

#define TLSA_MAP_FIELDS(F) \
	F(WORD, status, dns_status, BOTH, "TLSA lookup; NOT-ASKED where DANE does not apply") \
	F(WORD, secure, tristate, BOTH, "TLSA answer validated") \
	F(TEXT, base, , BOTH, "TLSA base domain") \
	F(TEXTS, records, , BOTH, "TLSA records, usage selector matching-type hex")

#define HOST_FIELDS(F) \
	F(NUMBER, schema, , BOTH, "version of this schema") \
	F(TEXT, host, , BOTH, "MX host") \
	F(TEXT, provider, , BOTH, "who runs it") \
	F(TIME, started, , BOTH, "first lookup") \
	F(NUMBER, duration_ms, , BOTH, "to the end of the last probe") \
	F(TEXT, vantage, , BOTH, "where it was measured from") \
	F(WORD, lookup_a, dns_status, BOTH, "A lookup") \
	F(WORD, lookup_aaaa, dns_status, BOTH, "AAAA lookup") \
	F(WORD, secure, tristate, BOTH, "address answers and their CNAME chain validated") \
	F(WORD, name_secure, tristate, BOTH, \
	  "where the name is a CNAME that is not all secure: the CNAME itself validated") \
	F(TEXTS, cname, , BOTH, "CNAME chain of the host") \
	F(MAPS, addresses, host_address, BOTH, "every address, probed") \
	F(FLAG, addresses_differ, , FINAL, "addresses give different results") \
	F(MAP, tlsa, tlsa_map, BOTH, "TLSA records") \
	F(WORD, dane, dane, FINAL, "DANE state, without a reference to any domain") \
	F(WORD, result, host_result, FINAL, "what a sender finds there, PKIX") \
	F(TEXT, detail, , FINAL, "why") \
	F(WORD, starttls, starttls, FINAL, "STARTTLS offered, over all answering addresses") \
	F(MAPS, lookups, lookup, EVIDENCE, "every DNS lookup made for the host")

#define CERTIFICATE_FIELDS(F) \
	F(HASH, sha256, , BOTH, "SHA-256 of the DER") \
	F(BYTES, der, , BOTH, "the certificate") \
	F(TEXT, subject, , FINAL, "subject (RFC 4514)") \
	F(TEXT, issuer, , FINAL, "issuer (RFC 4514)") \
	F(TIME, not_before, , FINAL, "begin of validity") \
	F(TIME, not_after, , FINAL, "end of validity") \
	F(TEXTS, san, , FINAL, "subject alternative names, with their type") \
	F(TEXT, key_type, , FINAL, "rsa, ec-P-256, ed25519...") \
	F(NUMBER, key_bits, , FINAL, "key length") \
	F(TEXT, signature, , FINAL, "signature algorithm") \
	F(HASH, spki_sha256, , FINAL, "SHA-256 of the SubjectPublicKeyInfo")

/* One provider of the scan, in entities-*. */
#define ENTITY_RECORD_FIELDS(F) \
	F(NUMBER, schema, , FINAL, "version of this schema") \
	F(WORD, kind, entity_kind, FINAL, "what it runs") \
	F(TEXT, provider, , FINAL, "name") \
	F(WORD, class, provider_class, FINAL, "class, for providers in the table") \
	F(NUMBER, domains, , FINAL, "domains of the scan that it runs this for")

/* type, table: inner maps before the outer ones that hold them. */
#define RECORDS(R) \
	R(lookup, LOOKUP_FIELDS) \
	R(mx_host, MX_HOST_FIELDS) \
	R(mx, MX_FIELDS) \
	R(ns, NS_FIELDS) \
	R(sts_record_map, STS_RECORD_FIELDS) \
	R(policy_tls, POLICY_TLS_FIELDS) \
	R(policy_fetch, POLICY_FETCH_FIELDS) \
	R(sts_policy, STS_POLICY_FIELDS) \
	R(sts, STS_FIELDS) \
	R(tlsrpt, TLSRPT_FIELDS) \
	R(domain_host, DOMAIN_HOST_FIELDS) \
	R(entity, ENTITY_FIELDS) \
	R(entities, ENTITIES_FIELDS) \
	R(predicted_failure, PREDICTED_FAILURE_FIELDS) \
	R(verdict, VERDICT_FIELDS) \
	R(domain_record, DOMAIN_FIELDS) \
	R(host_tls, HOST_TLS_FIELDS) \
	R(pkix, PKIX_FIELDS) \
	R(host_address, HOST_ADDRESS_FIELDS) \
	R(tlsa_map, TLSA_MAP_FIELDS) \
	R(host_record, HOST_FIELDS) \
	R(certificate_record, CERTIFICATE_FIELDS) \
	R(entity_record, ENTITY_RECORD_FIELDS)

RECORDS(RECORD_STRUCT)

#endif
