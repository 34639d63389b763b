/*
 * Builds evidence by hand for the tests of the judge, in the shape in which the steps leave it.
 */
#include "tests/judge/helper_scene.h"

#include <openssl/sha.h>
#include <stdlib.h>

enum { ARENA_CAP_BYTES = 16 << 20 };

static void must(bool done)
{
	if (!done)
		abort();
}

static const struct host_record *find_host(void *context, struct span host)
{
	struct scene *scene = context;

	for (size_t i = 0; i < scene->hosts_count; i++)
		if (span_equal_nocase(scene->hosts[i].host, host))
			return &scene->hosts[i];
	return NULL;
}

void scene_txt(struct scene *scene, struct span_list *list, const char *text)
{
	*list = (struct span_list){0};
	if (text != NULL)
		must(arena_append(&scene->arena, list, span_text(text)));
}

void scene_body(struct scene *scene, const char *body)
{
	scene->domain.sts.policy.body = span_text(body);
}

struct host_address *scene_add_address(struct scene *scene, struct host_record *host,
				       const char *address)
{
	struct host_address *added =
		record_append(&scene->arena, &schema_host_address, &host->addresses);
	struct pki_certificate leaf = pki_leaf(scene->pki, (const char *)host->host.data);

	must(added != NULL);
	added->address = span_text(address);
	added->outcome = OUTCOME_SUCCESS;
	added->starttls = STARTTLS_OFFERED;
	added->started = PKI_NOW_MS;
	added->tls.version = span_text("TLSv1.3");
	added->tls.sni = host->host;
	added->tls.chain = pki_chain(scene->pki, &leaf, &scene->pki->intermediate, NULL);
	pki_free(&leaf);
	return added;
}

struct host_record *scene_add_host(struct scene *scene, const char *name)
{
	struct host_record *host = &scene->hosts[scene->hosts_count];

	must(scene->hosts_count++ < SCENE_HOSTS_MAX);
	record_init(&schema_host_record, host);
	host->host = span_text(name);
	host->started = PKI_NOW_MS;
	host->lookup_a = DNS_STATUS_NOERROR;
	host->lookup_aaaa = DNS_STATUS_NOERROR;
	host->secure = TRISTATE_YES;
	host->tlsa.status = DNS_STATUS_NODATA;
	host->tlsa.secure = TRISTATE_YES;
	host->tlsa.base = host->host;
	(void)scene_add_address(scene, host, "192.0.2.1");
	return host;
}

void scene_add_mx(struct scene *scene, const char *name)
{
	struct mx_host *mx = record_append(&scene->arena, &schema_mx_host, &scene->domain.mx.hosts);

	must(mx != NULL);
	mx->host = span_text(name);
	mx->preference = 10 * (int64_t)scene->domain.mx.hosts.count;
}

void scene_plain(struct host_address *address)
{
	address->starttls = STARTTLS_ABSENT;
	record_init(&schema_host_tls, &address->tls);
}

void scene_silent(struct host_address *address, enum stage stage, enum outcome outcome)
{
	address->starttls = STARTTLS_UNKNOWN;
	address->stage = stage;
	address->outcome = outcome;
	record_init(&schema_host_tls, &address->tls);
}

void scene_tlsa(struct scene *scene, struct host_record *host, const char *usage, bool right)
{
	struct pki *pki = scene->pki;
	struct span hash = host->addresses.items[0].tls.chain.items[0];
	struct span der = pki->source.find(pki->source.context, hash);
	uint8_t digest[SHA256_DIGEST_LENGTH];
	char hex[2 * SHA256_DIGEST_LENGTH + 1];

	SHA256(der.data, der.len, digest);
	for (size_t i = 0; i < sizeof(digest); i++)
		(void)snprintf(hex + 2 * i, 3, "%02x", digest[i] ^ (right ? 0 : 0xff));
	host->tlsa.status = DNS_STATUS_NOERROR;
	must(arena_append(&scene->arena, &host->tlsa.records,
			  arena_printf(&scene->arena, "%s %s", usage, hex)));
}

static void fill_domain(struct scene *scene)
{
	struct domain_record *domain = &scene->domain;
	struct pki_certificate leaf = pki_leaf(scene->pki, "mta-sts.example.com");
	struct sts_policy *policy = &domain->sts.policy;

	record_init(&schema_domain_record, domain);
	domain->domain = span_text("example.com");
	domain->status = RECORD_STATUS_COMPLETE;
	domain->mx.status = DNS_STATUS_NOERROR;
	domain->mx.secure = TRISTATE_YES;
	domain->mx.kind = MX_KIND_EXPLICIT;
	scene_add_mx(scene, "mx.example.com");
	domain->sts.record.lookup = DNS_STATUS_NOERROR;
	scene_txt(scene, &domain->sts.record.txt, "v=STSv1; id=1;");
	domain->tlsrpt.lookup = DNS_STATUS_NOERROR;
	scene_txt(scene, &domain->tlsrpt.txt, "v=TLSRPTv1; rua=mailto:tls@example.com");
	policy->host = span_text("mta-sts.example.com");
	policy->started = PKI_NOW_MS;
	policy->http_status = 200;
	policy->content_type = span_text("text/plain");
	policy->tls.version = span_text("TLSv1.3");
	policy->tls.chain = pki_chain(scene->pki, &leaf, &scene->pki->intermediate, NULL);
	scene_txt(scene, &policy->addresses, "198.51.100.1");
	scene_body(scene, "version: STSv1\r\nmode: enforce\r\nmx: mx.example.com\r\n"
			  "max_age: 604800\r\n");
	pki_free(&leaf);
}

struct scene *scene_new(void)
{
	struct scene *scene = calloc(1, sizeof(*scene));

	must(scene != NULL);
	arena_init(&scene->arena, ARENA_CAP_BYTES);
	scene->pki = pki_new();
	scene->source = (struct host_source){scene, find_host};
	scene->settings = (struct judge_settings){
		.psl = psl_builtin(),
		.store = scene->pki->store,
		.third_party_min = 50,
		.self_policy_max = 5,
	};
	scene->judge = judge_new(&scene->settings);
	must(scene->judge != NULL);
	(void)scene_add_host(scene, "mx.example.com");
	fill_domain(scene);
	return scene;
}

void scene_end(struct scene *scene)
{
	judge_free(scene->judge);
	pki_end(scene->pki);
	arena_free(&scene->arena);
	free(scene);
}

void scene_judge(struct scene *scene)
{
	for (size_t i = 0; i < scene->hosts_count; i++)
		must(judge_host(scene->judge, &scene->pki->source, &scene->arena,
				&scene->hosts[i]));
	must(judge_domain(scene->judge, &scene->pki->source, &scene->source, NULL, &scene->arena,
			  &scene->domain));
}

bool scene_has_finding(const struct scene *scene, const char *code)
{
	int finding = vocabulary_value(&vocabulary_finding, span_text(code));

	must(finding != 0);
	for (size_t i = 0; i < scene->domain.findings.count; i++)
		if (scene->domain.findings.items[i] == finding)
			return true;
	return false;
}
