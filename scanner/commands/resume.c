/*
 * Reads evidence back for --resume. Called by scan before its threads exist; afterwards it is only
 * asked.
 */
#include "commands/resume.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/seen.h"
#include "commands/folder.h"
#include "output/evidence_reader.h"
#include "output/final.h"
#include "workers/engine.h"

enum {
	RECORD_ARENA_BYTES = 64 << 20,
	ERROR_TEXT_BYTES = 5120,
	MARKS_FIRST_COUNT = 65536,
	PATH_BYTES = 4096
};

struct resume {
	const char *dir;
	struct evidence_files *files;
	struct seen *hosts;
	uint8_t secret[16];
	uint32_t *marks; /* by index: a digest of the target, 0 where it is not done */
	size_t marks_count;
	uint64_t done;
};

static uint32_t mark_of(const struct resume *resume, struct span input)
{
	uint32_t digest = (uint32_t)seen_key_bytes(input, resume->secret).low;

	return digest == 0 ? 1 : digest;
}

static bool mark(struct resume *resume, int64_t index, struct span input)
{
	size_t at = (size_t)index;

	if (at >= resume->marks_count) {
		size_t count = resume->marks_count == 0 ? MARKS_FIRST_COUNT : resume->marks_count;
		uint32_t *marks;

		while (count <= at)
			count *= 2;
		marks = realloc(resume->marks, count * sizeof(*marks));
		if (marks == NULL)
			return false;
		memset(marks + resume->marks_count, 0,
		       (count - resume->marks_count) * sizeof(*marks));
		resume->marks = marks;
		resume->marks_count = count;
	}
	resume->done += resume->marks[at] == 0;
	resume->marks[at] = mark_of(resume, input);
	return true;
}

/* Reads a family through; `each` gives false when memory ran out. */
static bool read_family(struct resume *resume, enum evidence_family family,
			bool (*each)(struct resume *resume, const void *record, void *context),
			void *context)
{
	struct evidence_reader *reader = evidence_reader_new(resume->files, family);
	void *record = malloc(evidence_schema(family)->size);
	enum evidence_result result = EVIDENCE_RECORD;
	bool ok = reader != NULL && record != NULL;
	struct arena arena;

	arena_init(&arena, RECORD_ARENA_BYTES);
	while (ok && result == EVIDENCE_RECORD) {
		arena_reset(&arena);
		result = evidence_next(reader, &arena, record);
		if (result == EVIDENCE_RECORD)
			ok = each(resume, record, context);
	}
	if (result == EVIDENCE_FAILED)
		folder_tell(evidence_reader_error(reader));
	else if (!ok)
		fprintf(stderr, "stsweep: out of memory while reading the evidence\n");
	arena_free(&arena);
	evidence_reader_free(reader);
	free(record);
	return ok && result != EVIDENCE_FAILED;
}

static bool note_host(struct resume *resume, const void *record, void *context)
{
	const struct host_record *host = record;
	bool added;

	(void)context;
	return seen_add(resume->hosts, seen_key_text(host->host, resume->secret), &added) != NULL;
}

static bool note_domain(struct resume *resume, const void *record, void *context)
{
	const struct domain_record *domain = record;

	(void)context;
	return domain->index < 0 || mark(resume, domain->index, domain->input);
}

static bool want_hosts_of(struct resume *resume, const void *record, void *context)
{
	const struct domain_record *domain = record;

	for (size_t i = 0; i < domain->mx.hosts.count; i++) {
		struct span host = domain->mx.hosts.items[i].host;

		if (host.len == 1 && host.data[0] == '.')
			continue;
		if (!resume_knows_host(resume, host))
			engine_want_host(context, host);
	}
	return true;
}

static bool is_complete(const char *dir)
{
	char path[PATH_BYTES];
	json_t *metadata;
	const char *status;
	bool complete;

	snprintf(path, sizeof(path), "%s/metadata.json", dir);
	metadata = json_load_file(path, 0, NULL);
	status = json_string_value(json_object_get(metadata, "status"));
	complete = status != NULL && strcmp(status, "complete") == 0;
	json_decref(metadata);
	return complete;
}

bool resume_prepare(const char *dir)
{
	struct output_error error = {0};

	if (is_complete(dir)) {
		fprintf(stderr, "stsweep: %s: the scan is complete; there is nothing to resume\n",
			dir);
		return false;
	}
	if (final_clear(dir, &error))
		return true;
	folder_tell(&error);
	return false;
}

struct resume *resume_load(const char *dir)
{
	struct resume *resume = calloc(1, sizeof(*resume));
	struct output_error error = {0};

	if (resume == NULL)
		return NULL;
	resume->dir = dir;
	resume->hosts = seen_new();
	if (resume->hosts == NULL ||
	    getrandom(resume->secret, sizeof(resume->secret), 0) != sizeof(resume->secret)) {
		fprintf(stderr, "stsweep: out of memory\n");
		resume_free(resume);
		return NULL;
	}
	if (!evidence_repair(dir, &error) ||
	    (resume->files = evidence_files_open(dir, &error)) == NULL) {
		folder_tell(&error);
		resume_free(resume);
		return NULL;
	}
	if (!read_family(resume, EVIDENCE_HOSTS, note_host, NULL) ||
	    !read_family(resume, EVIDENCE_DOMAINS, note_domain, NULL)) {
		resume_free(resume);
		return NULL;
	}
	return resume;
}

void resume_free(struct resume *resume)
{
	if (resume == NULL)
		return;
	evidence_files_close(resume->files);
	seen_free(resume->hosts);
	free(resume->marks);
	free(resume);
}

uint64_t resume_targets_done(const struct resume *resume)
{
	return resume->done;
}

enum resume_target resume_target(const struct resume *resume, int64_t index, struct span input)
{
	size_t at = (size_t)index;

	if (at >= resume->marks_count || resume->marks[at] == 0)
		return RESUME_NEW;
	return resume->marks[at] == mark_of(resume, input) ? RESUME_DONE : RESUME_OTHER_INPUT;
}

bool resume_knows_host(const struct resume *resume, struct span host)
{
	return seen_find(resume->hosts, seen_key_text(host, resume->secret)) != NULL;
}

bool resume_want_hosts(struct resume *resume, struct engine *engine)
{
	return read_family(resume, EVIDENCE_DOMAINS, want_hosts_of, engine);
}
