/*
 * Records and policies: present, absent or unknown, and what is wrong with them (MEASURES 3, 4, 5,
 * 12).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "judge/publication.h"
#include "tests/judge/helper_scene.h"

static int set_up(void **state)
{
	*state = scene_new();
	return 0;
}

static int tear_down(void **state)
{
	scene_end(*state);
	return 0;
}

static void test_lookups(void **state)
{
	static const struct {
		enum dns_status lookup;
		enum presence presence;
	} cases[] = {
		{DNS_STATUS_NOERROR, PRESENCE_PRESENT},   {DNS_STATUS_NODATA, PRESENCE_ABSENT},
		{DNS_STATUS_NXDOMAIN, PRESENCE_ABSENT},   {DNS_STATUS_SERVFAIL, PRESENCE_UNKNOWN},
		{DNS_STATUS_TIMEOUT, PRESENCE_UNKNOWN},   {DNS_STATUS_BOGUS, PRESENCE_UNKNOWN},
		{DNS_STATUS_LIMIT, PRESENCE_UNKNOWN},     {DNS_STATUS_REFUSED, PRESENCE_UNKNOWN},
		{DNS_STATUS_NOT_ASKED, PRESENCE_UNKNOWN}, {DNS_STATUS_NULL, PRESENCE_NULL},
	};
	struct scene *scene = *state;
	struct sts_record_map *record = &scene->domain.sts.record;
	struct tlsrpt *tlsrpt = &scene->domain.tlsrpt;

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		bool present = cases[i].presence == PRESENCE_PRESENT;

		record->lookup = tlsrpt->lookup = cases[i].lookup;
		publication_judge_record(&scene->arena, record);
		publication_judge_tlsrpt(&scene->arena, tlsrpt);
		assert_int_equal(record->state, cases[i].presence);
		assert_int_equal(tlsrpt->state, cases[i].presence);
		assert_int_equal(record->strict, present ? VALIDITY_VALID : VALIDITY_NULL);
		assert_int_equal(tlsrpt->lenient, present ? VALIDITY_VALID : VALIDITY_NULL);
		assert_int_equal(span_is_null(record->id), !present);
		assert_int_equal(tlsrpt->rua.count, present ? 1 : 0);
	}
}

static void test_records(void **state)
{
	struct scene *scene = *state;
	struct sts_record_map *record = &scene->domain.sts.record;
	struct tlsrpt *tlsrpt = &scene->domain.tlsrpt;

	scene_txt(scene, &record->txt, "v=spf1 -all");
	scene_txt(scene, &tlsrpt->txt, "v=spf1 -all");
	publication_judge_record(&scene->arena, record);
	publication_judge_tlsrpt(&scene->arena, tlsrpt);
	assert_int_equal(record->state, PRESENCE_ABSENT);
	assert_int_equal(tlsrpt->state, PRESENCE_ABSENT);
	scene_txt(scene, &record->txt, "v=STSv1; id=a; id=b");
	scene_txt(scene, &tlsrpt->txt, "v=TLSRPTv1; rua=mailto:a@b,ftp://c; rua=mailto:d@e");
	publication_judge_record(&scene->arena, record);
	publication_judge_tlsrpt(&scene->arena, tlsrpt);
	assert_int_equal(record->notes.count, 1);
	assert_int_equal(record->notes.items[0], STS_RECORD_NOTE_DUPLICATE_ID);
	assert_int_equal(tlsrpt->notes.count, 2);
	scene_txt(scene, &record->txt, "v=STSv1; id=a-b");
	publication_judge_record(&scene->arena, record);
	assert_int_equal(record->error, STS_RECORD_ERROR_BAD_ID);
	assert_int_equal(record->notes.count, 0);
}

static const struct sts_policy *judged(struct scene *scene)
{
	publication_judge_record(&scene->arena, &scene->domain.sts.record);
	publication_judge_policy(scene->judge->memory, &scene->pki->source, &scene->arena,
				 &scene->domain.sts.policy);
	return &scene->domain.sts.policy;
}

/* How a fetch failed, and whether that is the domain's fault (MEASURES 12). */
static void test_fetches(void **state)
{
#define E(code) POLICY_ERROR_##code
#define ABSENT PRESENCE_ABSENT
#define UNKNOWN PRESENCE_UNKNOWN
	static const struct {
		enum stage stage;
		enum policy_error error;
		int64_t status;
		enum presence presence;
	} cases[] = {
		{STAGE_DNS, E(NXDOMAIN), -1, ABSENT},
		{STAGE_DNS, E(NODATA), -1, ABSENT},
		{STAGE_DNS, E(BOGUS), -1, ABSENT},
		{STAGE_DNS, E(CNAME_LOOP), -1, ABSENT},
		{STAGE_DNS, E(FORMERR), -1, ABSENT},
		{STAGE_DNS, E(NOTIMP), -1, ABSENT},
		{STAGE_DNS, E(SERVFAIL), -1, UNKNOWN},
		{STAGE_DNS, E(REFUSED), -1, UNKNOWN},
		{STAGE_DNS, E(TIMEOUT), -1, UNKNOWN},
		{STAGE_DNS, E(NETWORK_ERROR), -1, UNKNOWN},
		{STAGE_TCP, E(REFUSED), -1, ABSENT},
		{STAGE_TCP, E(TIMEOUT), -1, UNKNOWN},
		{STAGE_TCP, E(RESET), -1, UNKNOWN},
		{STAGE_TCP, E(UNREACHABLE), -1, UNKNOWN},
		{STAGE_TCP, E(EXCLUDED), -1, UNKNOWN},
		{STAGE_TLS, E(ALERT), -1, ABSENT},
		{STAGE_TLS, E(NO_CERTIFICATE), -1, ABSENT},
		{STAGE_TLS, E(PROTOCOL_VERSION), -1, ABSENT},
		{STAGE_TLS, E(TIMEOUT), -1, UNKNOWN},
		{STAGE_TLS, E(CLOSED), -1, UNKNOWN},
		{STAGE_TLS, E(RESET), -1, UNKNOWN},
		{STAGE_TLS, E(TOO_LARGE), -1, UNKNOWN},
		{STAGE_HTTP, E(STATUS), 404, ABSENT},
		{STAGE_HTTP, E(STATUS), 500, ABSENT},
		{STAGE_HTTP, E(STATUS), 429, UNKNOWN},
		{STAGE_HTTP, E(STATUS), 503, UNKNOWN},
		{STAGE_HTTP, E(REDIRECT), 301, ABSENT},
		{STAGE_HTTP, E(PROTOCOL_ERROR), -1, ABSENT},
		{STAGE_HTTP, E(TOO_LARGE), 200, ABSENT},
		{STAGE_HTTP, E(GOAWAY), -1, UNKNOWN},
		{STAGE_HTTP, E(TRUNCATED), 200, UNKNOWN},
		{STAGE_HTTP, E(TIMEOUT), -1, UNKNOWN},
		{STAGE_HTTP, E(CLOSED), -1, UNKNOWN},
		{STAGE_HTTP, E(LOCAL_LIMIT), -1, UNKNOWN},
	};
	struct scene *scene = *state;
	struct sts_policy *policy = &scene->domain.sts.policy;

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		print_message("%zu\n", i);
		policy->fetch.stage = cases[i].stage;
		policy->fetch.error = cases[i].error;
		policy->http_status = cases[i].status;
		if (cases[i].stage != STAGE_HTTP)
			record_init(&schema_policy_tls, &policy->tls);
		else
			policy->tls.version = (struct span){0};
		(void)judged(scene);
		assert_int_equal(policy->state, cases[i].presence);
		assert_int_equal(policy->stage, cases[i].stage);
		assert_int_equal(policy->error, cases[i].error);
		assert_int_equal(policy->strict, VALIDITY_NULL);
		assert_int_equal(publication_verdict(&scene->domain.sts),
				 cases[i].presence == UNKNOWN ? STS_VERDICT_UNKNOWN
							      : STS_VERDICT_BROKEN);
	}
}

static void test_not_asked(void **state)
{
	struct scene *scene = *state;

	record_init(&schema_sts_policy, &scene->domain.sts.policy);
	assert_int_equal(judged(scene)->state, PRESENCE_NULL);
	assert_int_equal(publication_verdict(&scene->domain.sts), STS_VERDICT_UNKNOWN);
	scene->domain.sts.record.lookup = DNS_STATUS_NXDOMAIN;
	(void)judged(scene);
	assert_int_equal(publication_verdict(&scene->domain.sts), STS_VERDICT_NONE);
}

/* A bad certificate ends it for every sender, whatever HTTP said behind it. */
static void test_certificates(void **state)
{
	struct scene *scene = *state;
	struct sts_policy *policy = &scene->domain.sts.policy;
	struct pki_certificate wrong = pki_leaf(scene->pki, "www.example.com");

	assert_int_equal(judged(scene)->tls.result, PKIX_FAULT_NULL);
	assert_true(policy->tls.not_after > PKI_NOW_MS);
	assert_true(span_equal(policy->tls.issuer, span_text("CN=intermediate")));
	policy->tls.chain = pki_chain(scene->pki, &wrong, &scene->pki->intermediate, NULL);
	policy->fetch.stage = STAGE_HTTP;
	policy->fetch.error = POLICY_ERROR_TIMEOUT;
	assert_int_equal(judged(scene)->state, PRESENCE_ABSENT);
	assert_int_equal(policy->stage, STAGE_TLS);
	assert_int_equal(policy->error, POLICY_ERROR_NAME_MISMATCH);
	assert_int_equal(policy->tls.result, PKIX_FAULT_NAME_MISMATCH);
	assert_int_equal(policy->mode, POLICY_MODE_NULL);
	policy->started += 1000 * PKI_DAY_MS;
	assert_int_equal(judged(scene)->tls.all.count, 2);
	policy->tls.version = span_text("TLSv1.1");
	assert_int_equal(judged(scene)->error, POLICY_ERROR_PROTOCOL_VERSION);
	policy->tls.version = span_text("TLSv1.2");
	policy->tls.chain = (struct span_list){0};
	assert_int_equal(judged(scene)->error, POLICY_ERROR_NO_CERTIFICATE);
	pki_free(&wrong);
}

static void test_bodies(void **state)
{
	static const struct {
		const char *body;
		enum policy_error error;
		enum validity lenient;
		enum sts_verdict verdict;
	} cases[] = {
		{"version: STSv1\r\nmode: none\r\nmax_age: 86400\r\n", E(NULL), VALIDITY_VALID,
		 STS_VERDICT_OFF},
		{"version: STSv1\r\nmode: testing\r\nmax_age: 86400\r\nmx: a.b\r\n", E(NULL),
		 VALIDITY_VALID, STS_VERDICT_TESTING},
		{"", E(EMPTY), VALIDITY_INVALID, STS_VERDICT_BROKEN},
		{"<html>", E(NOT_A_POLICY), VALIDITY_INVALID, STS_VERDICT_BROKEN},
		{"version: STSv1\r\n\r\nmode: none\r\nmax_age: 86400\r\n", E(BAD_LINE),
		 VALIDITY_VALID, STS_VERDICT_BROKEN},
		{"version: STSv1\r\nmode: enforce\r\nmax_age: 86400\r\n", E(MISSING_MX),
		 VALIDITY_INVALID, STS_VERDICT_BROKEN},
	};
	struct scene *scene = *state;

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		bool valid = cases[i].error == E(NULL);

		scene_body(scene, cases[i].body);
		(void)judged(scene);
		assert_int_equal(scene->domain.sts.policy.state, PRESENCE_PRESENT);
		assert_int_equal(scene->domain.sts.policy.stage, valid ? STAGE_NULL : STAGE_SYNTAX);
		assert_int_equal(scene->domain.sts.policy.error, cases[i].error);
		assert_int_equal(scene->domain.sts.policy.strict,
				 valid ? VALIDITY_VALID : VALIDITY_INVALID);
		assert_int_equal(scene->domain.sts.policy.lenient, cases[i].lenient);
		assert_int_equal(publication_verdict(&scene->domain.sts), cases[i].verdict);
	}
}

static void test_bad_mx_detail(void **state)
{
	struct scene *scene = *state;

	scene_body(scene, "version: STSv1\nmode: enforce\nmax_age: 1\nmx: a@example.com\n");
	assert_true(span_equal(judged(scene)->detail, span_text("email-address: a@example.com")));
	scene_body(scene, "version: STSv1\nmode: enforce\nmax_age: 1\nmx:\n");
	assert_true(span_equal(judged(scene)->detail, span_text("empty")));
}

static void test_content_types(void **state)
{
	static const struct {
		const char *type;
		size_t notes;
	} cases[] = {
		{"text/plain", 0},   {"Text/Plain; charset=utf-8", 0},
		{"text/plain;x", 0}, {"text/plain ; a=b", 0},
		{"text/html", 1},    {"", 1},
		{NULL, 1},           {"text/plainer", 1},
	};
	struct scene *scene = *state;

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		scene->domain.sts.policy.content_type = span_text(cases[i].type);
		assert_int_equal(judged(scene)->notes.count, cases[i].notes);
	}
}

/* Verdicts follow the strict reading of the record too. */
static void test_lenient_record(void **state)
{
	struct scene *scene = *state;

	scene_txt(scene, &scene->domain.sts.record.txt, "v=STSv1; id=a ");
	assert_int_equal(judged(scene)->strict, VALIDITY_VALID);
	assert_int_equal(scene->domain.sts.record.lenient, VALIDITY_VALID);
	assert_int_equal(publication_verdict(&scene->domain.sts), STS_VERDICT_BROKEN);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_lookups),       TEST(test_records),       TEST(test_fetches),
		TEST(test_not_asked),     TEST(test_certificates),  TEST(test_bodies),
		TEST(test_bad_mx_detail), TEST(test_content_types), TEST(test_lenient_record),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
