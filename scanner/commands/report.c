/*
 * Writes predicted_report as a report file. Called by check --tlsrpt; decides nothing.
 */
#include "commands/report.h"

#include <inttypes.h>
#include <jansson.h>
#include <time.h>

#include "output/buffer.h"
#include "output/text.h"

enum { DAY_MS = 86400 * 1000, TIME_BYTES = 32, ID_BYTES = 320 };

/* JSON holds UTF-8 only: other bytes become \xNN. */
static json_t *text_json(struct span text)
{
	struct buffer valid = {0};
	json_t *json = NULL;

	text_append_valid(&valid, text);
	if (!valid.failed)
		json = json_stringn_nocheck(valid.len == 0 ? "" : (const char *)valid.data,
					    valid.len);
	buffer_free(&valid);
	return json;
}

static void time_text(char *text, int64_t time_ms)
{
	time_t seconds = (time_t)(time_ms / 1000);
	struct tm parts;

	gmtime_r(&seconds, &parts);
	strftime(text, TIME_BYTES, "%Y-%m-%dT%H:%M:%SZ", &parts);
}

/* The lines of the policy as they were served (RFC 8460 4.4, policy-string). */
static json_t *policy_string(const struct domain_record *domain)
{
	struct span rest = domain->sts.policy.body;
	json_t *lines = json_array();

	while (rest.len > 0) {
		size_t end = span_find(rest, '\n');
		struct span line = span_first(rest, end);

		if (line.len > 0 && line.data[line.len - 1] == '\r')
			line.len--;
		if (line.len > 0)
			json_array_append_new(lines, text_json(line));
		rest = span_skip(rest, end + 1);
	}
	return lines;
}

/* The patterns of the policy (RFC 8460 4.4, mx-host-pattern: an array of strings). */
static json_t *mx_hosts(const struct domain_record *domain)
{
	json_t *patterns = json_array();

	for (size_t i = 0; i < domain->sts.policy.mx.count; i++)
		json_array_append_new(patterns, text_json(domain->sts.policy.mx.items[i]));
	return patterns;
}

static json_t *failure_json(const struct predicted_failure *failure)
{
	json_t *details =
		json_pack("{s:s}", "result-type",
			  vocabulary_text(&vocabulary_host_result, (int)failure->result_type));

	if (!span_is_null(failure->receiving_mx_hostname))
		json_object_set_new(details, "receiving-mx-hostname",
				    text_json(failure->receiving_mx_hostname));
	if (!span_is_null(failure->failure_reason_code))
		json_object_set_new(details, "failure-reason-code",
				    text_json(failure->failure_reason_code));
	json_object_set_new(details, "failed-session-count", json_integer(1));
	return details;
}

/*
 * The policy of one type, with the failures under it; NULL when the report has none of that type.
 */
static json_t *policy_json(const struct domain_record *domain, enum report_policy_type type)
{
	const struct predicted_failure_list *failures = &domain->verdict.predicted_report;
	json_t *details = json_array();
	json_t *policy;

	for (size_t i = 0; i < failures->count; i++) {
		if (failures->items[i].policy_type == type)
			json_array_append_new(details, failure_json(&failures->items[i]));
	}
	if (json_array_size(details) == 0) {
		json_decref(details);
		return NULL;
	}
	policy = json_pack("{s:s, s:o}", "policy-type",
			   vocabulary_text(&vocabulary_report_policy_type, (int)type),
			   "policy-domain", text_json(domain->domain));
	if (type == REPORT_POLICY_TYPE_STS) {
		json_object_set_new(policy, "policy-string", policy_string(domain));
		if (domain->sts.policy.mx.count > 0)
			json_object_set_new(policy, "mx-host", mx_hosts(domain));
	}
	return json_pack("{s:o, s:{s:i, s:I}, s:o}", "policy", policy, "summary",
			 "total-successful-session-count", 0, "total-failure-session-count",
			 (json_int_t)json_array_size(details), "failure-details", details);
}

bool report_print(FILE *out, const struct domain_record *domain)
{
	int64_t day_ms = domain->started / DAY_MS * DAY_MS;
	json_t *policies = json_array();
	char begin[TIME_BYTES];
	char end[TIME_BYTES];
	char id[ID_BYTES];
	json_t *report;
	bool ok;

	time_text(begin, day_ms);
	time_text(end, day_ms + DAY_MS - 1000);
	snprintf(id, sizeof(id), "%.10s-%.*s", begin, (int)domain->domain.len,
		 (const char *)domain->domain.data);
	for (int type = 1; type < (int)vocabulary_report_policy_type.count; type++) {
		json_t *policy = policy_json(domain, (enum report_policy_type)type);

		if (policy != NULL)
			json_array_append_new(policies, policy);
	}
	report = json_pack("{s:s, s:{s:s, s:s}, s:s, s:s, s:o}", "organization-name", "stsweep",
			   "date-range", "start-datetime", begin, "end-datetime", end,
			   "contact-info", "none: predicted, not observed", "report-id", id,
			   "policies", policies);
	ok = report != NULL && json_dumpf(report, out, JSON_INDENT(2) | JSON_ENSURE_ASCII) == 0;
	fputc('\n', out);
	json_decref(report);
	return ok;
}
