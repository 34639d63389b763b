/*
 * The evidence store: all that several threads put in is read back once each, certificates are kept
 * once, an error stops it and is told once, and an unclean end loses nothing that was flushed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "output/evidence.h"
#include "output/evidence_reader.h"
#include "tests/output/helper_dir.h"
#include "tests/output/helper_record.h"

enum {
	THREADS = 4,
	RECORDS = 2000,     /* a thread */
	CERTIFICATES = 700, /* more than a sink remembers */
	SMALL_FILE_BYTES = 200000,
	WAIT_MS = 5000,
};

static void hash_of(unsigned number, uint8_t sha256[32])
{
	memset(sha256, 0, 32);
	memcpy(sha256, &number, sizeof(number));
	sha256[31] = 1;
}

static bool put_certificate(struct sink *sink, unsigned number)
{
	uint8_t sha256[32];
	char der[64];
	int len = snprintf(der, sizeof(der), "certificate %u", number);

	hash_of(number, sha256);
	return sink->certificate(sink, span_of(sha256, sizeof(sha256)), span_of(der, (size_t)len));
}

static bool put_host(struct sink *sink, unsigned number)
{
	struct host_record host;
	char name[64];

	record_init(&schema_host_record, &host);
	snprintf(name, sizeof(name), "mx%u.example", number);
	host.host = span_text(name);
	return sink->host(sink, &host);
}

static bool put_domain(struct sink *sink, unsigned number)
{
	struct domain_record domain;
	char name[64];

	record_init(&schema_domain_record, &domain);
	snprintf(name, sizeof(name), "d%u.example", number);
	domain.index = number;
	domain.domain = span_text(name);
	return sink->domain(sink, &domain);
}

/* Counts the records of a family; `each` sees every one. */
static size_t count_records(enum evidence_family family,
			    void (*each)(const void *record, void *context), void *context)
{
	struct output_error error = {0};
	struct evidence_files *files = evidence_files_open(helper_dir, &error);

	assert_non_null(files);
	struct evidence_reader *reader = evidence_reader_new(files, family);
	void *record = calloc(1, evidence_schema(family)->size);
	struct arena arena;
	enum evidence_result result;
	size_t count = 0;

	arena_init(&arena, HELPER_ARENA_BYTES);
	while ((result = evidence_next(reader, &arena, record)) == EVIDENCE_RECORD) {
		if (each != NULL)
			each(record, context);
		count++;
		arena_reset(&arena);
	}
	assert_int_equal(result, EVIDENCE_END);
	arena_free(&arena);
	free(record);
	evidence_reader_free(reader);
	evidence_files_close(files);
	return count;
}

/* --- many threads ---------------------------------------------------------------------------- */

struct worker {
	struct sink *sink;
	unsigned number;
};

static void *work(void *context)
{
	const struct worker *worker = context;
	bool taken = true;

	for (unsigned i = 0; i < RECORDS; i++) {
		unsigned number = worker->number * RECORDS + i;

		taken &= put_certificate(worker->sink, i % CERTIFICATES);
		taken &= put_host(worker->sink, number);
		taken &= put_domain(worker->sink, number);
	}
	return taken ? context : NULL;
}

static void see_index(const void *record, void *context)
{
	const struct domain_record *domain = record;
	bool *seen = context;

	assert_in_range(domain->index, 0, THREADS * RECORDS - 1);
	assert_false(seen[domain->index]);
	seen[domain->index] = true;
}

static void see_certificate(const void *record, void *context)
{
	const struct certificate_record *certificate = record;
	bool *seen = context;
	unsigned number;

	memcpy(&number, certificate->sha256.data, sizeof(number));
	assert_in_range(number, 0, CERTIFICATES - 1);
	assert_false(seen[number]);
	seen[number] = true;
}

static void test_many_threads(void **state)
{
	/* Small enough that parts roll over and sinks wait for room. */
	const struct evidence_settings settings = {.dir = helper_dir,
						   .part_bytes = 65536,
						   .buffer_bytes = 4096,
						   .queued_bytes = 8192,
						   .flush_ms = 5};
	static bool seen[THREADS * RECORDS], seen_certificates[CERTIFICATES];
	struct output_error error = {0};
	struct evidence *evidence = evidence_open(&settings, &error);
	struct worker workers[THREADS];
	pthread_t threads[THREADS];
	void *result;

	(void)state;
	assert_non_null(evidence);
	for (unsigned i = 0; i < THREADS; i++) {
		workers[i] = (struct worker){.sink = evidence_sink(evidence), .number = i};
		assert_int_equal(pthread_create(&threads[i], NULL, work, &workers[i]), 0);
	}
	for (unsigned i = 0; i < THREADS; i++) {
		pthread_join(threads[i], &result);
		assert_non_null(result);
	}
	assert_true(evidence_finish(evidence, &error));
	assert_int_equal(evidence_count(evidence, EVIDENCE_DOMAINS), THREADS * RECORDS);
	assert_int_equal(evidence_count(evidence, EVIDENCE_HOSTS), THREADS * RECORDS);
	assert_int_equal(evidence_count(evidence, EVIDENCE_CERTIFICATES), CERTIFICATES);
	assert_true(evidence_parts(evidence, EVIDENCE_DOMAINS).count > 1);
	evidence_free(evidence);
	assert_int_equal(count_records(EVIDENCE_DOMAINS, see_index, seen), THREADS * RECORDS);
	assert_int_equal(count_records(EVIDENCE_HOSTS, NULL, NULL), THREADS * RECORDS);
	assert_int_equal(count_records(EVIDENCE_CERTIFICATES, see_certificate, seen_certificates),
			 CERTIFICATES);
}

/* --- records as they were -------------------------------------------------------------------- */

static void assert_equal_record(const void *record, void *context)
{
	assert_true(helper_records_equal(&schema_domain_record, VIEW_EVIDENCE, record, context));
}

static void test_whole_record(void **state)
{
	const struct evidence_settings settings = {.dir = helper_dir};
	struct output_error error = {0};
	struct evidence *evidence = evidence_open(&settings, &error);
	struct arena arena;

	(void)state;
	arena_init(&arena, HELPER_ARENA_BYTES);
	struct domain_record *domain = helper_record(&arena, &schema_domain_record, FILL_ODD, 5);
	struct sink *sink = evidence_sink(evidence);

	assert_true(sink->domain(sink, domain));
	assert_true(evidence_finish(evidence, &error));
	assert_int_equal(helper_count("evidence"), 1);
	assert_true(helper_exists("evidence/domains-00001.msgpack"));
	evidence_free(evidence);
	assert_int_equal(count_records(EVIDENCE_DOMAINS, assert_equal_record, domain), 1);
	arena_free(&arena);
}

static void test_nothing(void **state)
{
	const struct evidence_settings settings = {.dir = helper_dir};
	struct output_error error = {0};
	struct evidence *evidence = evidence_open(&settings, &error);

	(void)state;
	assert_non_null(evidence_sink(evidence));
	assert_true(evidence_flush(evidence));
	assert_true(evidence_finish(evidence, &error));
	assert_int_equal(helper_count("evidence"), 0);
	evidence_free(evidence);
	assert_int_equal(count_records(EVIDENCE_DOMAINS, NULL, NULL), 0);
}

/* --- unclean ends ---------------------------------------------------------------------------- */

/* Without a finish, what was flushed is there: readable as it is, and made whole by a repair. */
static void test_unclean_end(void **state)
{
	const struct evidence_settings settings = {.dir = helper_dir};
	struct output_error error = {0};
	struct evidence *evidence = evidence_open(&settings, &error);
	struct sink *sink = evidence_sink(evidence);

	(void)state;
	for (unsigned i = 0; i < 10; i++)
		assert_true(put_certificate(sink, i) && put_host(sink, i) && put_domain(sink, i));
	assert_true(evidence_flush(evidence));
	assert_true(put_domain(sink, 10)); /* not flushed */
	evidence_free(evidence);
	assert_true(helper_exists("evidence/.domains-00001.msgpack.part"));
	assert_int_equal(count_records(EVIDENCE_DOMAINS, NULL, NULL), 10);
	assert_true(evidence_repair(helper_dir, &error));
	assert_true(helper_exists("evidence/domains-00001.msgpack"));
	assert_int_equal(count_records(EVIDENCE_CERTIFICATES, NULL, NULL), 10);
	assert_int_equal(helper_count("evidence"), 3);
}

/* A sink that is used no more is flushed by the writer, without being asked. */
static void test_flushed_in_time(void **state)
{
	const struct evidence_settings settings = {.dir = helper_dir, .flush_ms = 20};
	struct output_error error = {0};
	struct evidence *evidence = evidence_open(&settings, &error);
	struct sink *sink = evidence_sink(evidence);
	int waited_ms = 0;

	(void)state;
	assert_true(put_domain(sink, 1));
	while (evidence_count(evidence, EVIDENCE_DOMAINS) == 0 && waited_ms < WAIT_MS) {
		usleep(1000);
		waited_ms++;
	}
	assert_int_equal(evidence_count(evidence, EVIDENCE_DOMAINS), 1);
	evidence_free(evidence);
	assert_int_equal(count_records(EVIDENCE_DOMAINS, NULL, NULL), 1);
}

/* A second store in the same folder goes on after the parts of the first. */
static void test_goes_on(void **state)
{
	const struct evidence_settings settings = {.dir = helper_dir};
	struct output_error error = {0};

	(void)state;
	for (unsigned run = 0; run < 3; run++) {
		struct evidence *evidence = evidence_open(&settings, &error);

		assert_true(put_domain(evidence_sink(evidence), run));
		assert_true(evidence_finish(evidence, &error));
		evidence_free(evidence);
	}
	assert_true(helper_exists("evidence/domains-00003.msgpack"));
	assert_int_equal(count_records(EVIDENCE_DOMAINS, NULL, NULL), 3);
}

/* --- errors ---------------------------------------------------------------------------------- */

static void note_failure(void *context)
{
	atomic_fetch_add((atomic_int *)context, 1);
}

static void test_full_disk(void **state)
{
	static atomic_int failures;
	const struct evidence_settings settings = {.dir = helper_dir,
						   .buffer_bytes = 4096,
						   .queued_bytes = 8192,
						   .failed = note_failure,
						   .context = &failures};
	struct output_error error = {0};
	struct evidence *evidence = evidence_open(&settings, &error);
	struct sink *sink = evidence_sink(evidence);
	struct rlimit before, small;
	unsigned taken = 0;

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &before);
	small = (struct rlimit){.rlim_cur = SMALL_FILE_BYTES, .rlim_max = before.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	while (taken < SMALL_FILE_BYTES && put_domain(sink, taken))
		taken++;
	setrlimit(RLIMIT_FSIZE, &before);
	assert_true(taken < SMALL_FILE_BYTES);
	assert_true(evidence_has_failed(evidence));
	assert_false(put_host(sink, 1));
	assert_false(evidence_flush(evidence));
	assert_false(evidence_finish(evidence, &error));
	/* Told by the writer, which may still be about to when the sink refuses. */
	assert_int_equal(atomic_load(&failures), 1);
	assert_int_equal(error.code, EFBIG);
	assert_non_null(strstr(error.path, "evidence/.domains-00001.msgpack.part"));
	evidence_free(evidence);
	/* The torn frame at the end is cut. */
	assert_in_range(count_records(EVIDENCE_DOMAINS, NULL, NULL), 1, taken);
	assert_false(helper_exists("evidence/domains-00001.msgpack"));
}

static void test_cannot_open(void **state)
{
	struct evidence_settings settings = {.dir = helper_path("none")};
	struct output_error error = {0};

	(void)state;
	assert_null(evidence_open(&settings, &error));
	assert_int_equal(error.code, ENOENT);
	error = (struct output_error){0};
	helper_write("evidence", span_text("a file"));
	settings.dir = helper_dir;
	assert_null(evidence_open(&settings, &error));
	assert_int_equal(error.code, ENOTDIR);
}

int main(void)
{
#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, helper_dir_make, helper_dir_remove)
	const struct CMUnitTest tests[] = {
		IN_FOLDER(test_many_threads),    IN_FOLDER(test_whole_record),
		IN_FOLDER(test_nothing),         IN_FOLDER(test_unclean_end),
		IN_FOLDER(test_flushed_in_time), IN_FOLDER(test_goes_on),
		IN_FOLDER(test_full_disk),       IN_FOLDER(test_cannot_open),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
