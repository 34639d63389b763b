/*
 * What verdicts are made with beside the evidence: CA bundle, Public Suffix List, provider table.
 * Loaded once, read-only afterwards, shared by all threads; each with the SHA-256 of its file,
 * which the metadata keeps.
 */
#ifndef STSWEEP_COMMANDS_KNOWLEDGE_H
#define STSWEEP_COMMANDS_KNOWLEDGE_H

#include "commands/options.h"
#include "judge/judge.h"

enum { HEX_SHA256_BYTES = 65 };

struct knowledge_file {
	char path[512];
	char sha256[HEX_SHA256_BYTES];
};

struct knowledge {
	struct judge_settings settings;
	psl_ctx_t *psl;
	struct provider_table *providers;
	struct knowledge_file ca;
	struct knowledge_file psl_file;
	struct knowledge_file provider_file;
};

/*
 * `ca_path` overrides the options' CA file (the bundle kept with a scan); may be NULL. On a fault
 * one line on standard error says which file and why, and the result is false; knowledge_free is
 * due in any case.
 */
bool knowledge_load(struct knowledge *knowledge, const struct options *options,
		    const char *ca_path);
void knowledge_free(struct knowledge *knowledge);

#endif
