/*
 * Three passes over the evidence, each streaming: the census counts who runs what, the hosts are
 * judged and written, the domains are judged against them and written. Memory is the index of hosts
 * and certificates and small caches.
 */
#include "commands/finish.h"

#include <inttypes.h>
#include <stdlib.h>

#include "commands/judged_hosts.h"
#include "facts/certificate.h"
#include "output/evidence_index.h"
#include "record/findings.h"

enum { ERROR_TEXT_BYTES = 5120, PROGRESS_EVERY_COUNT = 4096 };

struct finisher {
	const struct finish_settings *settings;
	struct evidence_files *files;
	struct evidence_index *index;
	struct evidence_cache *cache; /* of certificates */
	struct judged_hosts *judged;
	struct judge *judge;
	struct census *census;
	struct final_writer *writer;
	struct certificate_source certificates;
	struct host_source hosts;
	struct arena arena; /* of the record being worked on */
	struct output_error error;
	struct tally *tally;
	const char *fault; /* another reason than a file */
	uint64_t torn_bytes;
};

static struct span find_certificate(void *context, struct span sha256)
{
	return evidence_cache_certificate(((struct finisher *)context)->cache, sha256);
}

static struct span find_issuer(void *context, struct span subject_der, size_t n)
{
	return evidence_cache_certificate_by_subject(((struct finisher *)context)->cache,
						     subject_der, n);
}

static const struct host_record *find_host(void *context, struct span name)
{
	struct finisher *finisher = context;

	return judged_hosts_find(finisher->judged, name, &finisher->error);
}

static bool open_all(struct finisher *finisher)
{
	const struct finish_settings *settings = finisher->settings;
	struct evidence_cache_settings cache = {0};
	struct final_settings final = {.dir = settings->output_dir,
				       .formats = settings->formats,
				       .selection = settings->selection};

	arena_init(&finisher->arena, (size_t)(settings->limits->domain_arena_bytes +
					      settings->limits->host_arena_bytes) *
					     4);
	finisher->certificates = (struct certificate_source){
		.context = finisher, .find = find_certificate, .find_by_subject = find_issuer};
	finisher->hosts = (struct host_source){.context = finisher, .find = find_host};
	finisher->files = evidence_files_open(settings->scan_dir, &finisher->error);
	if (finisher->files == NULL)
		return false;
	finisher->index = evidence_index_new(finisher->files, &finisher->error);
	if (finisher->index == NULL)
		return false;
	finisher->cache = evidence_cache_new(finisher->index, &cache);
	finisher->judge = judge_new(&settings->knowledge->settings);
	finisher->census = census_new();
	if (finisher->cache == NULL || finisher->judge == NULL || finisher->census == NULL) {
		finisher->fault = "out of memory";
		return false;
	}
	finisher->judged = judged_hosts_new(settings->output_dir, &finisher->error);
	if (finisher->judged == NULL)
		return false;
	finisher->writer = final_open(&final, &finisher->error);
	return finisher->writer != NULL;
}

static void close_all(struct finisher *finisher)
{
	final_free(finisher->writer);
	census_free(finisher->census);
	judge_free(finisher->judge);
	judged_hosts_free(finisher->judged);
	evidence_cache_free(finisher->cache);
	evidence_index_free(finisher->index);
	evidence_files_close(finisher->files);
	arena_free(&finisher->arena);
}

static bool stopped(const struct finisher *finisher)
{
	return finisher->settings->stop != NULL && atomic_load(finisher->settings->stop);
}

/* One pass over a family; `each` gives false to end it with a fault. */
static bool pass(struct finisher *finisher, enum evidence_family family, const char *what,
		 bool (*each)(struct finisher *finisher, void *record, evidence_location location))
{
	const struct schema *schema = evidence_schema(family);
	struct evidence_reader *reader = evidence_reader_new(finisher->files, family);
	void *record = malloc(schema->size);
	enum evidence_result result = EVIDENCE_RECORD;
	uint64_t done = 0;
	bool ok = reader != NULL && record != NULL;

	if (!ok)
		finisher->fault = "out of memory";
	while (ok && result == EVIDENCE_RECORD && !stopped(finisher)) {
		arena_reset(&finisher->arena);
		result = evidence_next(reader, &finisher->arena, record);
		if (result == EVIDENCE_RECORD)
			ok = each(finisher, record, evidence_reader_location(reader)) &&
			     finisher->fault == NULL && finisher->error.code == 0;
		if (++done % PROGRESS_EVERY_COUNT == 0 && finisher->settings->progress != NULL)
			finisher->settings->progress(finisher->settings->context, what, done);
	}
	if (result == EVIDENCE_FAILED && finisher->error.code == 0)
		finisher->error = *evidence_reader_error(reader);
	if (reader != NULL)
		finisher->torn_bytes += evidence_reader_torn_bytes(reader);
	evidence_reader_free(reader);
	free(record);
	return ok && result != EVIDENCE_FAILED;
}

static bool count_domain(struct finisher *finisher, void *record, evidence_location location)
{
	(void)location;
	if (census_add(finisher->census, &finisher->settings->knowledge->settings, &finisher->hosts,
		       record))
		return true;
	finisher->fault = "out of memory while counting providers";
	return false;
}

static bool finish_certificate(struct finisher *finisher, void *record, evidence_location location)
{
	struct certificate_record *kept = record;
	struct certificate facts;

	if (!evidence_index_is_current(finisher->index, EVIDENCE_CERTIFICATES, kept->sha256,
				       location))
		return true;
	if (certificate_read(&finisher->arena, kept->der, &facts)) {
		kept->subject = facts.subject;
		kept->issuer = facts.issuer;
		kept->not_before = facts.not_before_ms;
		kept->not_after = facts.not_after_ms;
		kept->san = facts.san;
		kept->key_type = facts.key_type;
		kept->key_bits = facts.key_bits;
		kept->signature = facts.signature;
		kept->spki_sha256 = facts.spki_sha256;
	}
	return final_write(finisher->writer, FINAL_CERTIFICATES, kept);
}

static bool finish_host(struct finisher *finisher, void *record, evidence_location location)
{
	struct host_record *host = record;

	if (!evidence_index_is_current(finisher->index, EVIDENCE_HOSTS, host->host, location))
		return true;
	if (!judge_host(finisher->judge, &finisher->certificates, &finisher->arena, host)) {
		finisher->fault = "a host needs more memory than host-arena-bytes allows";
		return false;
	}
	return judged_hosts_add(finisher->judged, host, &finisher->error) &&
	       final_write(finisher->writer, FINAL_HOSTS, host);
}

static bool finish_domain(struct finisher *finisher, void *record, evidence_location location)
{
	(void)location;
	if (!judge_domain(finisher->judge, &finisher->certificates, &finisher->hosts,
			  finisher->census, &finisher->arena, record)) {
		finisher->fault = "a domain needs more memory than domain-arena-bytes allows";
		return false;
	}
	tally_add(finisher->tally, record);
	return final_write(finisher->writer, FINAL_DOMAINS, record);
}

static void write_entity(void *context, const char *kind, struct span provider,
			 enum provider_class class, int64_t domains)
{
	struct finisher *finisher = context;
	struct entity_record entity;

	record_init(&schema_entity_record, &entity);
	entity.schema = RECORD_SCHEMA_VERSION;
	entity.kind = (enum entity_kind)vocabulary_value(&vocabulary_entity_kind, span_text(kind));
	entity.provider = provider;
	entity.class = class;
	entity.domains = domains;
	/* The writer's error is sticky and is seen when it finishes. */
	(void)final_write(finisher->writer, FINAL_ENTITIES, &entity);
}

static bool run_passes(struct finisher *finisher)
{
	if (!pass(finisher, EVIDENCE_CERTIFICATES, "certificates", finish_certificate) ||
	    !pass(finisher, EVIDENCE_HOSTS, "hosts", finish_host) ||
	    !pass(finisher, EVIDENCE_DOMAINS, "counting", count_domain) ||
	    !pass(finisher, EVIDENCE_DOMAINS, "judging", finish_domain) || stopped(finisher))
		return false;
	census_each(finisher->census, write_entity, finisher);
	return final_finish(finisher->writer, &finisher->error);
}

static void tell_fault(struct finisher *finisher)
{
	char text[ERROR_TEXT_BYTES];

	if (finisher->fault != NULL) {
		fprintf(stderr, "stsweep: %s\n", finisher->fault);
		return;
	}
	if (finisher->error.code == 0 && finisher->cache != NULL)
		finisher->error = *evidence_cache_error(finisher->cache);
	/* What stopped a pass may be the writer's error, which it gives when it is finished. */
	if (finisher->error.code == 0 && finisher->writer != NULL)
		(void)final_finish(finisher->writer, &finisher->error);
	output_error_text(&finisher->error, text, sizeof(text));
	fprintf(stderr, "stsweep: %s\n", text);
}

static void note_words(void *context, const char *path, const struct vocabulary *vocabulary,
		       const struct tally_words *words)
{
	struct metadata *metadata = context;
	char key[128];

	for (unsigned i = 0; i < vocabulary->count; i++) {
		const char *word = vocabulary_text(vocabulary, (int)i);

		if (words->of[i] == 0)
			continue;
		snprintf(key, sizeof(key), "counts/%s/%s", path, word == NULL ? "null" : word);
		metadata_number(metadata, key, (int64_t)words->of[i]);
	}
}

static void note_results(const struct finisher *finisher, struct metadata *metadata,
			 const struct tally *tally)
{
	metadata_number(metadata, "counts/domains", (int64_t)tally->domains);
	metadata_number(metadata, "counts/hosts", (int64_t)evidence_index_hosts(finisher->index));
	metadata_number(metadata, "counts/certificates",
			(int64_t)evidence_index_certificates(finisher->index));
	metadata_number(metadata, "counts/torn_bytes", (int64_t)finisher->torn_bytes);
	tally_each(tally, note_words, metadata);
	metadata_append_parts(metadata, "parts", "", final_parts(finisher->writer));
}

enum finish_result finish_scan(const struct finish_settings *settings, struct metadata *metadata,
			       struct tally *tally)
{
	struct finisher finisher = {.settings = settings, .tally = tally};
	enum finish_result result = FINISH_FAILED;

	if (open_all(&finisher) && run_passes(&finisher)) {
		note_results(&finisher, metadata, tally);
		result = FINISH_COMPLETE;
	} else if (finisher.fault == NULL && finisher.error.code == 0 && stopped(&finisher)) {
		result = FINISH_STOPPED;
	} else {
		tell_fault(&finisher);
	}
	close_all(&finisher);
	return result;
}

static void print_words(void *context, const char *path, const struct vocabulary *vocabulary,
			const struct tally_words *words)
{
	FILE *out = context;
	bool first = true;

	for (unsigned i = 1; i < vocabulary->count; i++) {
		if (words->of[i] == 0)
			continue;
		fprintf(out, "%-18s %-18s %8" PRIu64 "\n", first ? path : "",
			vocabulary->words[i].text, words->of[i]);
		first = false;
	}
}

void finish_print(FILE *out, const struct tally *tally)
{
	static const char *const severities[] = {"", "error", "warning", "notice"};
	bool some = false;

	fprintf(out, "%-18s %-18s %8" PRIu64 "\n", "domains", "", tally->domains);
	tally_each(tally, print_words, out);
	for (unsigned i = 1; i < finding_infos_count; i++) {
		if (tally->finding[i] == 0)
			continue;
		if (!some)
			fprintf(out, "\n%8s  %-8s %s\n", "domains", "severity", "finding");
		some = true;
		fprintf(out, "%8" PRIu64 "  %-8s %s: %s\n", tally->finding[i],
			severities[finding_infos[i].severity], finding_infos[i].code,
			finding_infos[i].sentence);
	}
}
