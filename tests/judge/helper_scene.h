/*
 * A small scan in memory for the tests of the judge: one domain in perfect health with one MX host,
 * all of which a test may spoil before it asks for the judgement.
 */
#ifndef STSWEEP_TESTS_JUDGE_HELPER_SCENE_H
#define STSWEEP_TESTS_JUDGE_HELPER_SCENE_H

#include "judge/judge_private.h"
#include "tests/judge/helper_pki.h"

enum { SCENE_HOSTS_MAX = 8 };

struct scene {
	struct pki *pki;
	struct arena arena;
	struct judge *judge;
	struct judge_settings settings;
	struct host_record hosts[SCENE_HOSTS_MAX];
	size_t hosts_count;
	struct host_source source;
	struct domain_record domain; /* example.com, MX mx.example.com */
};

/* example.com in perfect health: signed, mode enforce, TLS-RPT, one MX host without TLSA. */
struct scene *scene_new(void);
void scene_end(struct scene *scene);

/* One more host in good health, with one IPv4 address; it is no MX of the domain yet. */
struct host_record *scene_add_host(struct scene *scene, const char *name);
/* Makes it an MX host of the domain. */
void scene_add_mx(struct scene *scene, const char *name);
/* One more address of the host, as the first one is. */
struct host_address *scene_add_address(struct scene *scene, struct host_record *host,
				       const char *address);
/* Makes the address a server without STARTTLS, or one that did not answer. */
void scene_plain(struct host_address *address);
void scene_silent(struct host_address *address, enum stage stage, enum outcome outcome);
/* Gives the host a TLSA record: "3 1 1" of the leaf's key, or of other bytes. */
void scene_tlsa(struct scene *scene, struct host_record *host, const char *usage, bool right);
void scene_body(struct scene *scene, const char *body);
void scene_txt(struct scene *scene, struct span_list *list, const char *text);

/* Judges all hosts, then the domain. */
void scene_judge(struct scene *scene);
bool scene_has_finding(const struct scene *scene, const char *code);

#endif
