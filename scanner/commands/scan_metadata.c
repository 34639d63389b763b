/*
 * Fills metadata trees. Called by scan and judge; writes no file that stays.
 */
#include "commands/scan_metadata.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static bool can_write(const char *path)
{
	char part[PATH_MAX];
	int file;

	/* The name that metadata_write begins with. */
	snprintf(part, sizeof(part), "%s.part", path);
	file = open(part, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
	if (file < 0) {
		fprintf(stderr, "stsweep: %s: %s\n", path, strerror(errno));
		return false;
	}
	close(file);
	unlink(part);
	return true;
}

bool scan_metadata_check(const struct options *options)
{
	struct metadata *metadata = metadata_new();
	bool is_json = options->user_metadata == NULL ||
		       (metadata != NULL &&
			metadata_json(metadata, "user_metadata", options->user_metadata));

	metadata_free(metadata);
	if (!is_json) {
		fprintf(stderr, "stsweep scan: --user-metadata is no JSON\n");
		return false;
	}
	return options->metadata_file == NULL || options->dryrun ||
	       can_write(options->metadata_file);
}

static void note_file(struct metadata *metadata, const char *key, const struct knowledge_file *file)
{
	char path[64];

	snprintf(path, sizeof(path), "%s/path", key);
	metadata_text(metadata, path, file->path);
	snprintf(path, sizeof(path), "%s/sha256", key);
	metadata_text(metadata, path, file->sha256);
}

static void note_limits(struct metadata *metadata, struct limits limits)
{
	char path[96];

	for (unsigned i = 0; i < limit_infos_count; i++) {
		snprintf(path, sizeof(path), "limits/%s", limit_infos[i].name);
		metadata_number(metadata, path, *limits_field(&limits, &limit_infos[i]));
	}
}

static void note_name_servers(struct metadata *metadata, const struct network *network)
{
	struct arena arena;

	arena_init(&arena, 1 << 16);
	for (size_t i = 0; i < network->engine.name_servers_count; i++) {
		const struct name_server *server = &network->name_servers[i];
		struct span text = address_to_text(&arena, server->address);
		char line[96];

		snprintf(line, sizeof(line), "%.*s port %u%s", (int)text.len,
			 (const char *)text.data, server->port,
			 server->trusted && server->validating ? ", validates, believed"
			 : server->validating                  ? ", validates, not believed"
							       : "");
		metadata_append_text(metadata, "name_servers", line);
	}
	arena_free(&arena);
}

void scan_metadata_settings(struct metadata *metadata, const struct options *options,
			    const struct knowledge *knowledge, const struct network *network,
			    int argc, char **argv)
{
	metadata_text(metadata, "program", "stsweep");
	metadata_text(metadata, "version", STSWEEP_VERSION);
	metadata_text(metadata, "openssl", OpenSSL_version(OPENSSL_VERSION));
	metadata_number(metadata, "schema", RECORD_SCHEMA_VERSION);
	metadata_number(metadata, "judge_version", JUDGE_VERSION);
	for (int i = 0; i < argc; i++)
		metadata_append_text(metadata, "command", argv[i]);
	metadata_text(metadata, "vantage", options->vantage);
	metadata_text(metadata, "notes", options->notes);
	note_file(metadata, "knowledge/ca_bundle", &knowledge->ca);
	note_file(metadata, "knowledge/public_suffix_list", &knowledge->psl_file);
	note_file(metadata, "knowledge/providers", &knowledge->provider_file);
	metadata_number(metadata, "knowledge/third_party_min", options->third_party_min);
	metadata_number(metadata, "knowledge/self_policy_max", options->self_policy_max);
	if (network == NULL)
		return;
	note_limits(metadata, network->limits);
	note_name_servers(metadata, network);
	metadata_flag(metadata, "families/ipv4", network->steps.ipv4);
	metadata_flag(metadata, "families/ipv6", network->steps.ipv6);
	metadata_flag(metadata, "stages/policy", network->steps.stage_policy);
	metadata_flag(metadata, "stages/smtp", network->steps.stage_smtp);
	metadata_flag(metadata, "always_fetch", network->steps.always_fetch);
	metadata_flag(metadata, "allow_reserved", network->steps.allow_reserved);
	metadata_span(metadata, "ehlo_domain", network->steps.ehlo_domain);
	metadata_span(metadata, "user_agent", network->steps.user_agent);
	metadata_number(metadata, "shards", options->shards);
	metadata_number(metadata, "shard", options->shard);
}

/* How the session went that `earlier` tells of. */
static void note_session(struct metadata *metadata, const struct metadata *earlier)
{
	static const char *const keys[] = {"started", "ended", "status", "version", "command"};
	bool resumed = metadata_count(earlier, "sessions") > 0;
	size_t number = metadata_count(metadata, "sessions") + 1;
	char path[64];

	for (size_t i = 0; i < ARRAY_LENGTH(keys); i++) {
		snprintf(path, sizeof(path), "sessions/%zu/%s", number, keys[i]);
		metadata_copy(metadata, path, earlier, i == 0 && resumed ? "resumed_at" : keys[i]);
	}
}

void scan_metadata_earlier(struct metadata *metadata, const char *path)
{
	static const char *const kept[] = {"started", "gathered", "lookups",
					   "fetches", "probes",   "sessions"};
	struct metadata *earlier = metadata_read(path);

	if (earlier == NULL)
		return;
	metadata_copy(metadata, "resumed_at", metadata, "started");
	for (size_t i = 0; i < ARRAY_LENGTH(kept); i++)
		metadata_copy(metadata, kept[i], earlier, kept[i]);
	note_session(metadata, earlier);
	metadata_free(earlier);
}

void scan_metadata_inputs(struct metadata *metadata, const struct list *list)
{
	size_t count;
	const struct list_input *inputs = list_inputs(list, &count);
	char path[64];

	for (size_t i = 0; i < count; i++) {
		snprintf(path, sizeof(path), "inputs/%zu/path", i + 1);
		metadata_text(metadata, path, inputs[i].path);
		snprintf(path, sizeof(path), "inputs/%zu/bytes", i + 1);
		metadata_number(metadata, path, (int64_t)inputs[i].bytes);
		snprintf(path, sizeof(path), "inputs/%zu/lines", i + 1);
		metadata_number(metadata, path, (int64_t)inputs[i].lines);
		snprintf(path, sizeof(path), "inputs/%zu/targets", i + 1);
		metadata_number(metadata, path, (int64_t)inputs[i].targets);
		snprintf(path, sizeof(path), "inputs/%zu/sha256", i + 1);
		metadata_hash(metadata, path,
			      inputs[i].has_sha256 ? span_of(inputs[i].sha256, SOURCE_SHA256_BYTES)
						   : (struct span){0});
	}
}

static void note_count(struct metadata *metadata, const char *group, const char *word,
		       uint64_t count)
{
	char path[128];

	if (count == 0)
		return;
	snprintf(path, sizeof(path), "%s/%s", group, word);
	metadata_add(metadata, path, (int64_t)count);
}

static void note_fetches(struct metadata *metadata, const struct metrics_totals *totals)
{
	note_count(metadata, "fetches", "body", totals->fetches[0][0]);
	for (int stage = 1; stage < METRICS_STAGES; stage++) {
		for (int error = 0; error < METRICS_POLICY_ERRORS; error++) {
			const char *text = vocabulary_text(&vocabulary_policy_error, error);
			char word[96];

			snprintf(word, sizeof(word), "%s %s",
				 vocabulary_text(&vocabulary_stage, stage),
				 text == NULL ? "none" : text);
			note_count(metadata, "fetches", word, totals->fetches[stage][error]);
		}
	}
}

static void note_probes(struct metadata *metadata, const struct metrics_totals *totals)
{
	for (int stage = 0; stage < METRICS_STAGES; stage++) {
		for (int outcome = 1; outcome < METRICS_OUTCOMES; outcome++) {
			const char *text = vocabulary_text(&vocabulary_stage, stage);
			char word[96];

			snprintf(word, sizeof(word), "%s%s%s", text == NULL ? "" : text,
				 text == NULL ? "" : " ",
				 vocabulary_text(&vocabulary_outcome, outcome));
			note_count(metadata, "probes", word, totals->probes[stage][outcome]);
		}
	}
}

void scan_metadata_counters(struct metadata *metadata, const struct metrics_totals *totals)
{
	metadata_add(metadata, "gathered/targets", (int64_t)totals->targets_done);
	metadata_add(metadata, "gathered/invalid_targets", (int64_t)totals->targets_invalid);
	metadata_add(metadata, "gathered/hosts", (int64_t)totals->hosts_done);
	metadata_add(metadata, "gathered/queries", (int64_t)totals->queries_sent);
	metadata_add(metadata, "gathered/queries_tcp", (int64_t)totals->queries_tcp);
	metadata_add(metadata, "gathered/connections", (int64_t)totals->connections_opened);
	metadata_add(metadata, "gathered/bytes_sent", (int64_t)totals->bytes_sent);
	metadata_add(metadata, "gathered/bytes_received", (int64_t)totals->bytes_received);
	for (int status = 1; status < METRICS_DNS_STATUSES; status++)
		note_count(metadata, "lookups", vocabulary_text(&vocabulary_dns_status, status),
			   totals->lookups[status]);
	note_fetches(metadata, totals);
	note_probes(metadata, totals);
}
