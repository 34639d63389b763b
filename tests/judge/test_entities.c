/* Who runs what: providers by table and name, management by how many share them (MEASURES 9). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "judge/entities.h"
#include "tests/judge/helper_scene.h"

static struct provider_table *table_new(void)
{
	const struct provider rows[] = {
		{span_text("mail.protection.outlook.com"), span_text("microsoft"),
		 PROVIDER_CLASS_MAILBOX, true},
		{span_text("microsoft.net"), span_text("microsoft"), PROVIDER_CLASS_HOSTING, false},
	};
	struct provider_table *table = provider_table_new();

	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++)
		assert_true(provider_table_add(table, &rows[i]));
	return table;
}

static void test_identify(void **state)
{
	static const struct {
		const char *host, *name, *key;
		enum provider_class class;
	} cases[] = {
		{"example-com.mail.protection.outlook.com", "microsoft", "microsoft",
		 PROVIDER_CLASS_MAILBOX},
		{"mx.microsoft.net", "microsoft", "microsoft", PROVIDER_CLASS_HOSTING},
		{"mail.tutanota.de", "tutanota.de", "tutanota", PROVIDER_CLASS_NULL},
		{"mail.tutanota.com", "tutanota.com", "tutanota", PROVIDER_CLASS_NULL},
		{"mx.example.co.uk", "example.co.uk", "example", PROVIDER_CLASS_NULL},
		{"localhost", "localhost", "localhost", PROVIDER_CLASS_NULL},
	};
	struct provider_table *table = table_new();

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct provider_identity identity =
			provider_identify(psl_builtin(), table, span_text(cases[i].host));

		print_message("%s\n", cases[i].host);
		assert_true(span_equal(identity.name, span_text(cases[i].name)));
		assert_true(span_equal(identity.key, span_text(cases[i].key)));
		assert_int_equal(identity.class, cases[i].class);
	}
	assert_true(span_equal(judge_provider_name(psl_builtin(), NULL, span_text("a.b.org")),
			       span_text("b.org")));
	provider_table_free(table);
}

static void test_policy_host(void **state)
{
	struct sts_policy policy;
	struct span first = span_text("a.example.net"), last = span_text("b.example.org");
	struct span cname[] = {first, last};

	(void)state;
	record_init(&schema_sts_policy, &policy);
	policy.host = span_text("mta-sts.example.com");
	assert_true(span_is_null(entities_policy_host(&policy)));
	policy.addresses = (struct span_list){&first, 1};
	assert_true(span_equal(entities_policy_host(&policy), policy.host));
	policy.cname = (struct span_list){cname, 2};
	assert_true(span_equal(entities_policy_host(&policy), last));
}

/*
 * `domains` other domains whose MX host is `mx`, at the scene's host's address or at none that is
 * known.
 */
static struct census *crowd(struct scene *scene, const char *mx, const char *policy_cname,
			    int domains)
{
	struct census *census = census_new();
	struct domain_record domain = scene->domain;
	struct mx_host host = {.host = span_text(mx)};
	struct span cname = span_text(policy_cname);

	domain.mx.hosts = (struct mx_host_list){&host, 1};
	domain.sts.policy.cname = (struct span_list){&cname, 1};
	domain.sts.policy.addresses = (struct span_list){0};
	for (int i = 0; i < domains; i++)
		assert_true(census_add(census, &scene->settings, &scene->source, &domain));
	assert_true(census_add(census, &scene->settings, &scene->source, &scene->domain));
	return census;
}

static const struct entities *judged(struct scene *scene, struct census *census)
{
	entities_judge(&scene->settings, census, &scene->source, &scene->domain);
	census_free(census);
	return &scene->domain.entities;
}

static void test_management(void **state)
{
	struct scene *scene = scene_new();
	struct sts_policy *policy = &scene->domain.sts.policy;
	const char *elsewhere = "host.policies.org";

	(void)state;
	/* Its own names, nobody else there. */
	assert_int_equal(judged(scene, crowd(scene, "mx.big.net", elsewhere, 3))->mx.management,
			 MANAGEMENT_SELF);
	assert_int_equal(scene->domain.entities.policy.management, MANAGEMENT_SELF);
	/* Its own name at an address that fifty share. */
	(void)scene_add_host(scene, "mx.big.net");
	assert_int_equal(judged(scene, crowd(scene, "mx.big.net", elsewhere, 49))->mx.management,
			 MANAGEMENT_THIRD_PARTY);
	scene->hosts[1].addresses.items[0].address = span_text("192.0.2.99");
	assert_int_equal(judged(scene, crowd(scene, "mx.big.net", elsewhere, 49))->mx.management,
			 MANAGEMENT_SELF);
	/* Another's name: many share it, or too few to tell. */
	scene->domain.mx.hosts.items[0].host = span_text("in.big.net");
	assert_int_equal(judged(scene, crowd(scene, "mx.big.net", elsewhere, 49))->mx.management,
			 MANAGEMENT_THIRD_PARTY);
	assert_int_equal(judged(scene, crowd(scene, "mx.big.net", elsewhere, 48))->mx.management,
			 MANAGEMENT_UNCLASSIFIED);
	/* The provider's own domain, though all the others share its name. */
	scene->domain.domain = span_text("big.com");
	assert_int_equal(judged(scene, crowd(scene, "mx.big.net", elsewhere, 49))->mx.management,
			 MANAGEMENT_SELF);
	/* Policy hosts: at most five domains are run by oneself. */
	policy->addresses = (struct span_list){0};
	scene_txt(scene, &policy->cname, elsewhere);
	assert_int_equal(judged(scene, crowd(scene, "mx.big.net", elsewhere, 4))->policy.management,
			 MANAGEMENT_SELF);
	assert_int_equal(judged(scene, crowd(scene, "mx.big.net", elsewhere, 5))->policy.management,
			 MANAGEMENT_UNCLASSIFIED);
	assert_int_equal(
		judged(scene, crowd(scene, "mx.big.net", elsewhere, 49))->policy.management,
		MANAGEMENT_THIRD_PARTY);
	assert_int_equal(judged(scene, NULL)->policy.management, MANAGEMENT_UNCLASSIFIED);
	scene_end(scene);
}

static void test_same_provider(void **state)
{
	struct scene *scene = scene_new();
	struct sts_policy *policy = &scene->domain.sts.policy;

	(void)state;
	assert_int_equal(judged(scene, NULL)->same_provider, FLAG_TRUE);
	scene_txt(scene, &policy->cname, "policy.example.org");
	assert_int_equal(judged(scene, NULL)->same_provider, FLAG_TRUE);
	scene_txt(scene, &policy->cname, "policy.other.org");
	assert_int_equal(judged(scene, NULL)->same_provider, FLAG_FALSE);
	record_init(&schema_sts_policy, policy);
	assert_int_equal(judged(scene, NULL)->same_provider, FLAG_NULL);
	assert_true(span_is_null(scene->domain.entities.policy.provider));
	assert_true(span_is_null(scene->domain.entities.dns.provider));
	scene_end(scene);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_identify),
		cmocka_unit_test(test_policy_host),
		cmocka_unit_test(test_management),
		cmocka_unit_test(test_same_provider),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
