/*
 * Findings: the closed table of what can be wrong with a domain or worth knowing, one row each with severity, a sentence
 * for a person, what to do, and the section of the standard. The codebook, `check`'s advice, `schema` and the
 * documentation come from this table.
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
	  "Keep exactly one TXT record that begins v=STSv1; at _mta-sts.", "RFC 8461 3.1")

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
