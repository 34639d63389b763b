/*
 * Findings: the closed table of what can be wrong with a domain or worth knowing, one row each with
 * severity, a sentence for a person, what to do, and the section of the standard. The codebook,
 * `check`'s advice, `schema` and the documentation come from this table.
 */
#ifndef STSWEEP_RECORD_FINDINGS_H
#define STSWEEP_RECORD_FINDINGS_H

#define SEVERITIES(V, P) \
	V(P, ERROR, "error", "mail protection fails, or mail is lost") \
	V(P, WARNING, "warning", "works today, and is wrong or will break") \
	V(P, NOTICE, "notice", "worth knowing")

/* V(P, CODE, "part.stage.error", SEVERITY, "sentence", "what to do", "section") */
#define FINDINGS(V, P) \
	V(P, STS_RECORD_MULTIPLE, "sts.record.multiple", ERROR, \
	  "Several MTA-STS records are published, so senders ignore all of them.", \
	  "Keep exactly one TXT record that begins v=STSv1; at _mta-sts.", "RFC 8461 3.1") \
	V(P, STS_RECORD_BAD_VERSION, "sts.record.bad-version", ERROR, \
	  "The MTA-STS record does not begin v=STSv1; so senders ignore it.", \
	  "Publish v=STSv1; id=<1 to 32 letters and digits>; at _mta-sts.", "RFC 8461 3.1") \
	V(P, STS_RECORD_MISSING_ID, "sts.record.missing-id", ERROR, \
	  "The MTA-STS record has no id, so senders ignore it.", \
	  "Publish v=STSv1; id=<1 to 32 letters and digits>; at _mta-sts.", "RFC 8461 3.1") \
	V(P, STS_RECORD_BAD_ID, "sts.record.bad-id", ERROR, \
	  "The id of the MTA-STS record is not 1 to 32 letters and digits.", \
	  "Use letters and digits only, 20260131T120000 say; no hyphens, no spaces, " \
	  "nothing after it.", \
	  "RFC 8461 3.1") \
	V(P, STS_RECORD_BAD_EXTENSION, "sts.record.bad-extension", ERROR, \
	  "The MTA-STS record holds a field that is not name=value.", \
	  "Take the field out, or write it as name=value without spaces.", "RFC 8461 3.1") \
	V(P, STS_RECORD_BAD_SYNTAX, "sts.record.bad-syntax", ERROR, \
	  "The MTA-STS record does not follow the grammar.", \
	  "Publish v=STSv1; id=<1 to 32 letters and digits>; at _mta-sts.", "RFC 8461 3.1") \
	V(P, STS_RECORD_NOT_ASCII, "sts.record.not-ascii", ERROR, \
	  "The MTA-STS record holds characters beyond ASCII.", \
	  "Type the record anew; look for curly quotes, dashes and invisible " \
	  "spaces.", \
	  "RFC 8461 3.1") \
	V(P, STS_RECORD_DUPLICATE_ID, "sts.record.duplicate-id", NOTICE, \
	  "The MTA-STS record holds several ids; the first counts.", "Keep one id.", \
	  "RFC 8461 3.2") \
	V(P, STS_RECORD_UNKNOWN, "sts.record.unknown", NOTICE, \
	  "The MTA-STS record could not be looked up, so nothing is known of it.", \
	  "Look again later; if it stays so, check the name servers.", "RFC 8461 3.1") \
	V(P, STS_RECORD_DANGLING, "sts.delegation.dangling", ERROR, \
	  "_mta-sts is a CNAME to a name that does not exist.", \
	  "Point it to where the record is, or take it away.", "RFC 8461 8.2") \
	V(P, POLICY_DANGLING, "policy.delegation.dangling", ERROR, \
	  "The policy host is a CNAME to a name that does not exist; whoever can register " \
	  "that name can serve a policy.", \
	  "Point mta-sts to where the policy is served, or take it away.", "RFC 8461 8.2") \
	V(P, POLICY_DNS_NXDOMAIN, "policy.dns.nxdomain", ERROR, \
	  "There is a record but the policy host does not exist.", \
	  "Create mta-sts with the address of the server that holds the policy.", "RFC 8461 3.3") \
	V(P, POLICY_DNS_NODATA, "policy.dns.nodata", ERROR, "The policy host has no address.", \
	  "Give mta-sts an A or AAAA record, or a CNAME to a name that has one.", "RFC 8461 3.3") \
	V(P, POLICY_DNS_FORMERR, "policy.dns.formerr", ERROR, \
	  "The name server cannot read the query for the policy host.", "Check the name servers.", \
	  "RFC 8461 3.3") \
	V(P, POLICY_DNS_NOTIMP, "policy.dns.notimp", ERROR, \
	  "The name server refuses this kind of query for the policy host.", \
	  "Check the name servers.", "RFC 8461 3.3") \
	V(P, POLICY_DNS_BOGUS, "policy.dns.bogus", ERROR, \
	  "The address of the policy host fails DNSSEC validation.", \
	  "Check the zone's signatures and its DS record.", "RFC 8461 3.3") \
	V(P, POLICY_DNS_CNAME_LOOP, "policy.dns.cname-loop", ERROR, \
	  "The CNAME chain of the policy host does not end.", "Break the loop.", "RFC 8461 3.3") \
	V(P, POLICY_DNS_UNKNOWN, "policy.dns.unknown", NOTICE, \
	  "The policy host could not be looked up, so nothing is known of the policy.", \
	  "Look again later; if it stays so, check the name servers.", "RFC 8461 3.3") \
	V(P, POLICY_TCP_REFUSED, "policy.tcp.refused", ERROR, \
	  "The policy host refuses connections to port 443.", "Serve HTTPS at the policy host.", \
	  "RFC 8461 3.3") \
	V(P, POLICY_TCP_UNKNOWN, "policy.tcp.unknown", NOTICE, \
	  "The policy host could not be reached, so nothing is known of the policy.", \
	  "Look again later; if it stays so, check the server and what stands before " \
	  "it.", \
	  "RFC 8461 3.3") \
	V(P, POLICY_TLS_NAME_MISMATCH, "policy.tls.name-mismatch", ERROR, \
	  "The certificate of the policy host is for another name.", \
	  "Get a certificate whose subjectAltName holds mta-sts and the domain.", "RFC 8461 3.3") \
	V(P, POLICY_TLS_EXPIRED, "policy.tls.expired", ERROR, \
	  "The certificate of the policy host has expired.", \
	  "Renew it, and let something renew it from now on.", "RFC 8461 3.3") \
	V(P, POLICY_TLS_NOT_YET_VALID, "policy.tls.not-yet-valid", ERROR, \
	  "The certificate of the policy host is not valid yet.", \
	  "Check the clock of who issued it, or wait.", "RFC 8461 3.3") \
	V(P, POLICY_TLS_SELF_SIGNED, "policy.tls.self-signed", ERROR, \
	  "The certificate of the policy host is self-signed.", \
	  "Get one from a certification authority that senders trust.", "RFC 8461 3.3") \
	V(P, POLICY_TLS_INCOMPLETE_CHAIN, "policy.tls.incomplete-chain", ERROR, \
	  "The policy host does not send the intermediate certificate.", \
	  "Configure the full chain, not the leaf alone.", "RFC 8461 3.3") \
	V(P, POLICY_TLS_UNTRUSTED, "policy.tls.untrusted", ERROR, \
	  "The certificate of the policy host does not lead to a trusted root.", \
	  "Get one from a certification authority that senders trust.", "RFC 8461 3.3") \
	V(P, POLICY_TLS_WEAK, "policy.tls.weak", ERROR, \
	  "The certificate chain of the policy host uses a key or signature that is too weak.", \
	  "Get a certificate with a key of 2048 bits RSA or P-256 and SHA-256.", "RFC 8461 3.3") \
	V(P, POLICY_TLS_NAME_CONSTRAINTS, "policy.tls.name-constraints", ERROR, \
	  "An issuer of the policy host's certificate may not issue for this name.", \
	  "Get a certificate from another issuer.", "RFC 8461 3.3") \
	V(P, POLICY_TLS_NO_CERTIFICATE, "policy.tls.no-certificate", ERROR, \
	  "The policy host sends no certificate.", \
	  "Configure a certificate for mta-sts and the domain.", "RFC 8461 3.3") \
	V(P, POLICY_TLS_ALERT, "policy.tls.alert", ERROR, \
	  "The policy host breaks the TLS handshake off with an alert.", \
	  "Check that the server knows the name mta-sts and the domain.", "RFC 8461 3.3") \
	V(P, POLICY_TLS_PROTOCOL_VERSION, "policy.tls.protocol-version", ERROR, \
	  "The policy host does not speak TLS 1.2 or later.", "Enable TLS 1.2 and 1.3.", \
	  "RFC 8461 7.2") \
	V(P, POLICY_TLS_PROTOCOL_ERROR, "policy.tls.protocol-error", ERROR, \
	  "The policy host breaks the TLS protocol.", "Check what serves port 443 there.", \
	  "RFC 8461 3.3") \
	V(P, POLICY_TLS_UNKNOWN, "policy.tls.unknown", NOTICE, \
	  "The TLS handshake with the policy host did not end, so nothing is known of the " \
	  "policy.", \
	  "Look again later; if it stays so, check the server and what stands before " \
	  "it.", \
	  "RFC 8461 3.3") \
	V(P, POLICY_HTTP_STATUS, "policy.http.status", ERROR, \
	  "The policy host does not answer with status 200.", \
	  "Serve the policy at /.well-known/mta-sts.txt.", "RFC 8461 3.3") \
	V(P, POLICY_HTTP_REDIRECT, "policy.http.redirect", ERROR, \
	  "The policy host redirects; senders do not follow.", \
	  "Serve the policy itself, or proxy it, at mta-sts and the domain.", "RFC 8461 3.3") \
	V(P, POLICY_HTTP_PROTOCOL_ERROR, "policy.http.protocol-error", ERROR, \
	  "The policy host breaks the HTTP protocol.", "Check what serves port 443 there.", \
	  "RFC 8461 3.3") \
	V(P, POLICY_HTTP_TOO_LARGE, "policy.http.too-large", ERROR, \
	  "The policy is larger than senders take.", "Keep it under 64 kilobytes.", \
	  "RFC 8461 3.3") \
	V(P, POLICY_HTTP_UNKNOWN, "policy.http.unknown", NOTICE, \
	  "The policy could not be fetched for now, so nothing is known of it.", \
	  "Look again later; if it stays so, check the server and what stands before " \
	  "it.", \
	  "RFC 8461 3.3") \
	V(P, POLICY_SYNTAX_EMPTY, "policy.syntax.empty", ERROR, "The policy is empty.", \
	  "Serve version, mode, mx and max_age, one field a line.", "RFC 8461 3.2") \
	V(P, POLICY_SYNTAX_NOT_UTF8, "policy.syntax.not-utf8", ERROR, \
	  "The policy is not UTF-8 text.", "Save it as plain ASCII text.", "RFC 8461 3.2") \
	V(P, POLICY_SYNTAX_NOT_A_POLICY, "policy.syntax.not-a-policy", ERROR, \
	  "What is served is no policy but another kind of document.", \
	  "Serve version, mode, mx and max_age, one field a line.", "RFC 8461 3.2") \
	V(P, POLICY_SYNTAX_BOM, "policy.syntax.bom", ERROR, \
	  "A byte order mark stands before the policy; strict senders reject it.", \
	  "Save it as ASCII, or UTF-8 without a byte order mark.", "RFC 8461 3.2") \
	V(P, POLICY_SYNTAX_BAD_LINE, "policy.syntax.bad-line", ERROR, \
	  "The policy holds a line that is no field; strict senders reject it.", \
	  "Take out blank lines, indentation, comments and whatever is not name: " \
	  "value.", \
	  "RFC 8461 3.2") \
	V(P, POLICY_SYNTAX_MISSING_VERSION, "policy.syntax.missing-version", ERROR, \
	  "The policy has no version.", "Begin it with version: STSv1.", "RFC 8461 3.2") \
	V(P, POLICY_SYNTAX_BAD_VERSION, "policy.syntax.bad-version", ERROR, \
	  "The version of the policy is not STSv1.", "Write version: STSv1.", "RFC 8461 3.2") \
	V(P, POLICY_SYNTAX_MISSING_MODE, "policy.syntax.missing-mode", ERROR, \
	  "The policy has no mode.", "Add mode: testing, or mode: enforce.", "RFC 8461 3.2") \
	V(P, POLICY_SYNTAX_BAD_MODE, "policy.syntax.bad-mode", ERROR, \
	  "The mode of the policy is not enforce, testing or none.", \
	  "Write mode: enforce, testing or none, in small letters.", "RFC 8461 3.2") \
	V(P, POLICY_SYNTAX_MISSING_MAX_AGE, "policy.syntax.missing-max-age", ERROR, \
	  "The policy has no max_age.", "Add max_age: 604800, or more.", "RFC 8461 3.2") \
	V(P, POLICY_SYNTAX_BAD_MAX_AGE, "policy.syntax.bad-max-age", ERROR, \
	  "The max_age of the policy is not a plain number.", "Write it in seconds, digits only.", \
	  "RFC 8461 3.2") \
	V(P, POLICY_SYNTAX_MAX_AGE_OVER_LIMIT, "policy.syntax.max-age-over-limit", ERROR, \
	  "The max_age of the policy is over 31557600 seconds; strict senders reject it.", \
	  "Write 31557600 or less.", "RFC 8461 3.2") \
	V(P, POLICY_SYNTAX_MISSING_MX, "policy.syntax.missing-mx", ERROR, \
	  "The policy lists no mx.", "Add an mx line for every MX host.", "RFC 8461 3.2") \
	V(P, POLICY_SYNTAX_BAD_MX, "policy.syntax.bad-mx", ERROR, \
	  "The policy lists an mx that is no host name.", \
	  "Write a host name, or *. and a domain; one a line, no final dot.", "RFC 8461 3.2") \
	V(P, POLICY_CONTENT_TYPE, "policy.note.content-type", WARNING, \
	  "The policy is not served as text/plain; some senders reject it.", \
	  "Serve it with Content-Type: text/plain.", "RFC 8461 3.2") \
	V(P, POLICY_MAX_AGE_SHORT, "policy.note.max-age-short", WARNING, \
	  "The policy's max_age is under a day, which leaves attackers a gap at every refresh.", \
	  "Raise it to weeks.", "RFC 8461 3.2") \
	V(P, POLICY_DUPLICATE_FIELD, "policy.note.duplicate-field", NOTICE, \
	  "A field of the policy is given twice; the first counts.", "Keep one.", "RFC 8461 3.2") \
	V(P, POLICY_TESTING, "policy.mode.testing", NOTICE, \
	  "The policy is in mode testing: it is reported on, it does not protect.", \
	  "Move to enforce when the reports are clean.", "RFC 8461 5") \
	V(P, POLICY_READY, "policy.mode.ready-for-enforce", NOTICE, \
	  "The policy is in mode testing and would hold in mode enforce.", "Move to enforce.", \
	  "RFC 8461 5") \
	V(P, POLICY_OFF, "policy.mode.none", NOTICE, \
	  "The policy is in mode none: MTA-STS is being taken back.", \
	  "Publish testing or enforce to protect mail.", "RFC 8461 8.3") \
	V(P, MX_NONE, "mx.dns.none", ERROR, \
	  "The domain has neither MX records nor an address, so mail to it cannot be delivered.", \
	  "Publish MX records, or a null MX if it takes no mail.", "RFC 5321 5.1") \
	V(P, MX_UNKNOWN, "mx.dns.unknown", NOTICE, \
	  "The MX records could not be looked up, so nothing is known of the hosts.", \
	  "Look again later; if it stays so, check the name servers.", "RFC 5321 5.1") \
	V(P, MX_INVALID_NULL, "mx.null.among-others", ERROR, \
	  "A null MX stands among other MX records.", \
	  "Keep either the null MX alone or the others.", "RFC 7505 3") \
	V(P, MX_NULL_PREFERENCE, "mx.null.preference", NOTICE, \
	  "The preference of the null MX is not 0.", "Publish 0 and a single dot.", "RFC 7505 3") \
	V(P, MX_NO_ADDRESS, "mx.host.no-address", WARNING, "An MX host has no address.", \
	  "Give it one, or take it out.", "RFC 5321 5.1") \
	V(P, MX_CNAME, "mx.host.cname", WARNING, \
	  "An MX host is a CNAME, which an MX record must not point to.", \
	  "Point the MX record to the name behind it.", "RFC 2181 10.3") \
	V(P, MX_WITHOUT_IPV6, "mx.host.without-ipv6", NOTICE, "An MX host has no IPv6 address.", \
	  "Give it an AAAA record.", "RFC 5321 5.2") \
	V(P, MX_ADDRESSES_DIFFER, "mx.host.addresses-differ", WARNING, \
	  "The addresses of an MX host behave differently.", "Configure them alike.", \
	  "RFC 8461 4") \
	V(P, MX_UNANSWERED, "mx.host.unanswered", NOTICE, \
	  "Of an MX host it could not be found out what it does.", \
	  "Look again later, or from elsewhere.", "RFC 8461 4") \
	V(P, MX_MATCH_NONE, "mx.match.none", ERROR, "No MX host matches the policy.", \
	  "List the MX hosts in the policy, as the MX records name them.", "RFC 8461 4.1") \
	V(P, MX_MATCH_SOME, "mx.match.some", ERROR, "Some MX hosts do not match the policy.", \
	  "List every MX host in the policy.", "RFC 8461 4.1") \
	V(P, MX_MATCH_TLD, "mx.match.tld", WARNING, \
	  "The policy's mx differs from the MX host in the public suffix only.", \
	  "Correct the end of the name.", "RFC 8461 4.1") \
	V(P, MX_MATCH_TYPO, "mx.match.typo", WARNING, \
	  "The policy's mx differs from the MX host by a few letters.", "Correct the name.", \
	  "RFC 8461 4.1") \
	V(P, MX_MATCH_LABEL, "mx.match.label-mta-sts", WARNING, \
	  "The policy lists a name with an mta-sts label, which is the policy host and no " \
	  "MX host.", \
	  "List the MX hosts.", "RFC 8461 4.1") \
	V(P, MX_MATCH_PARENT, "mx.match.wildcard-parent", WARNING, \
	  "A wildcard of the policy does not cover the name itself that it stands under.", \
	  "List that name too.", "RFC 8461 4.1") \
	V(P, MX_MATCH_DEPTH, "mx.match.wildcard-depth", WARNING, \
	  "A wildcard of the policy stands for one label only; an MX host has more.", \
	  "List the host, or a wildcard one label above it.", "RFC 8461 4.1") \
	V(P, MX_STARTTLS_ABSENT, "mx.starttls.absent", ERROR, \
	  "An MX host does not offer STARTTLS.", "Enable STARTTLS.", "RFC 8461 4") \
	V(P, MX_STARTTLS_STRIPPED, "mx.starttls.stripped", ERROR, \
	  "STARTTLS is made unreadable on the way to an MX host.", \
	  "Look for a firewall that inspects SMTP, and switch that off.", "RFC 8461 10") \
	V(P, MX_STARTTLS_REFUSED, "mx.starttls.refused", ERROR, \
	  "An MX host offers STARTTLS and then refuses it.", "Check its TLS configuration.", \
	  "RFC 3207 4") \
	V(P, MX_TLS_VERSION, "mx.tls.protocol-version", ERROR, \
	  "An MX host does not speak TLS 1.2 or later.", "Enable TLS 1.2 and 1.3.", \
	  "RFC 8461 7.2") \
	V(P, MX_TLS_HANDSHAKE, "mx.tls.handshake", ERROR, \
	  "The TLS handshake with an MX host fails.", \
	  "Check its TLS configuration and certificate.", "RFC 8461 4") \
	V(P, MX_TLS_NAME_MISMATCH, "mx.tls.name-mismatch", WARNING, \
	  "The certificate of an MX host is for another name.", \
	  "Get a certificate whose subjectAltName holds the MX name.", "RFC 8461 4.2") \
	V(P, MX_TLS_EXPIRED, "mx.tls.expired", WARNING, \
	  "The certificate of an MX host has expired.", \
	  "Renew it, and let something renew it from now on.", "RFC 8461 4.2") \
	V(P, MX_TLS_NOT_YET_VALID, "mx.tls.not-yet-valid", WARNING, \
	  "The certificate of an MX host is not valid yet.", \
	  "Check the clock of who issued it, or wait.", "RFC 8461 4.2") \
	V(P, MX_TLS_SELF_SIGNED, "mx.tls.self-signed", WARNING, \
	  "The certificate of an MX host is self-signed.", \
	  "Get one from a certification authority that senders trust.", "RFC 8461 4.2") \
	V(P, MX_TLS_INCOMPLETE_CHAIN, "mx.tls.incomplete-chain", WARNING, \
	  "An MX host does not send the intermediate certificate.", \
	  "Configure the full chain, not the leaf alone.", "RFC 8461 4.2") \
	V(P, MX_TLS_UNTRUSTED, "mx.tls.untrusted", WARNING, \
	  "The certificate of an MX host does not lead to a trusted root.", \
	  "Get one from a certification authority that senders trust.", "RFC 8461 4.2") \
	V(P, MX_TLS_WEAK, "mx.tls.weak", WARNING, \
	  "The certificate chain of an MX host uses a key or signature that is too weak.", \
	  "Get a certificate with a key of 2048 bits RSA or P-256 and SHA-256.", "RFC 8461 4.2") \
	V(P, MX_TLS_NAME_CONSTRAINTS, "mx.tls.name-constraints", WARNING, \
	  "An issuer of an MX host's certificate may not issue for this name.", \
	  "Get a certificate from another issuer.", "RFC 8461 4.2") \
	V(P, CERTIFICATE_EXPIRES_SOON, "certificate.expires-soon", WARNING, \
	  "A certificate of the policy host or of an MX host expires in less than 14 days.", \
	  "Renew it now, and see that something renews it in time.", "RFC 8461 4.2") \
	V(P, DANE_DNSSEC_INVALID, "dane.dnssec.invalid", ERROR, \
	  "The address or TLSA lookup of an MX host fails DNSSEC validation, so DANE " \
	  "senders defer mail.", \
	  "Check the zone's signatures and its DS record.", "RFC 7672 2.1.1") \
	V(P, DANE_INVALID, "dane.tlsa.invalid", ERROR, \
	  "No TLSA record of an MX host fits its certificate, so DANE senders defer mail.", \
	  "Publish the TLSA record of the certificate in use, before it is " \
	  "changed.", \
	  "RFC 7672 2.2") \
	V(P, DANE_UNUSABLE, "dane.tlsa.unusable", WARNING, \
	  "All TLSA records of an MX host are unusable for mail.", \
	  "Publish usage 3 or 2; 3 1 1 is best.", "RFC 7672 3.1.3") \
	V(P, DANE_MX_INSECURE, "dane.mx.insecure", WARNING, \
	  "The MX host is secured by DANE, the MX record that names it is not signed.", \
	  "Sign the domain's zone.", "RFC 7672 2.2.1") \
	V(P, DANE_UNKNOWN, "dane.tlsa.unknown", NOTICE, \
	  "Of an MX host it could not be found out whether DANE applies.", \
	  "Look again with a validating resolver.", "RFC 7672 2.1") \
	V(P, TLSRPT_RECORD_MULTIPLE, "tlsrpt.record.multiple", WARNING, \
	  "Several TLS-RPT records are published, so senders ignore all of them.", \
	  "Keep exactly one TXT record that begins v=TLSRPTv1; at _smtp._tls.", "RFC 8460 3") \
	V(P, TLSRPT_RECORD_BAD_VERSION, "tlsrpt.record.bad-version", WARNING, \
	  "The TLS-RPT record does not begin v=TLSRPTv1; so senders ignore it.", \
	  "Publish v=TLSRPTv1; rua=mailto:<address> at _smtp._tls.", "RFC 8460 3") \
	V(P, TLSRPT_RECORD_MISSING_RUA, "tlsrpt.record.missing-rua", WARNING, \
	  "The TLS-RPT record has no rua.", \
	  "Publish v=TLSRPTv1; rua=mailto:<address> at _smtp._tls.", "RFC 8460 3") \
	V(P, TLSRPT_RECORD_BAD_RUA, "tlsrpt.record.bad-rua", WARNING, \
	  "The rua of the TLS-RPT record is no list of URIs.", \
	  "Write mailto: before addresses; separate by commas; encode ! and ; in a " \
	  "URI.", \
	  "RFC 8460 3") \
	V(P, TLSRPT_RECORD_BAD_SCHEME, "tlsrpt.record.bad-scheme", WARNING, \
	  "The TLS-RPT record names neither a mailto: nor an https: destination.", \
	  "Publish v=TLSRPTv1; rua=mailto:<address> at _smtp._tls.", "RFC 8460 3") \
	V(P, TLSRPT_RECORD_BAD_EXTENSION, "tlsrpt.record.bad-extension", WARNING, \
	  "The TLS-RPT record holds a field that is not name=value.", \
	  "Take the field out, or write it as name=value without spaces.", "RFC 8460 3") \
	V(P, TLSRPT_RECORD_BAD_SYNTAX, "tlsrpt.record.bad-syntax", WARNING, \
	  "The TLS-RPT record does not follow the grammar.", \
	  "Publish v=TLSRPTv1; rua=mailto:<address> at _smtp._tls.", "RFC 8460 3") \
	V(P, TLSRPT_RECORD_NOT_ASCII, "tlsrpt.record.not-ascii", WARNING, \
	  "The TLS-RPT record holds characters beyond ASCII.", \
	  "Type the record anew; look for curly quotes, dashes and invisible " \
	  "spaces.", \
	  "RFC 8460 3") \
	V(P, TLSRPT_MISSING, "tlsrpt.record.absent", NOTICE, \
	  "MTA-STS or DANE is in use but no reports are asked for, so failures go unnoticed.", \
	  "Publish v=TLSRPTv1; rua=mailto:<address> at _smtp._tls.", "RFC 8460 3") \
	V(P, TLSRPT_UNKNOWN, "tlsrpt.record.unknown", NOTICE, \
	  "The TLS-RPT record could not be looked up, so nothing is known of it.", \
	  "Look again later; if it stays so, check the name servers.", "RFC 8460 3") \
	V(P, DELIVERY_REFUSED, "delivery.domain.refused", ERROR, \
	  "Senders that honour DANE and MTA-STS cannot deliver mail to this domain.", \
	  "Mend what the other findings say of its hosts; until then, publish mode none or " \
	  "testing.", \
	  "RFC 8461 5")

#define FINDING_ENUMERATOR(P, code, text, severity, sentence, advice, section) P##_##code,
enum finding { FINDING_NULL, FINDINGS(FINDING_ENUMERATOR, FINDING) };

enum severity { SEVERITY_NULL, SEVERITY_ERROR, SEVERITY_WARNING, SEVERITY_NOTICE };

struct finding_info {
	const char *code;
	enum severity severity;
	const char *sentence;
	const char *advice;
	const char *section;
};

/* Indexed by enum finding; row 0 is empty. `vocabulary_finding` has the same words. */
extern const struct finding_info finding_infos[];
extern const unsigned finding_infos_count;

#endif
