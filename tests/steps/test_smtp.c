/* Real dialogues of many servers, and what the scenarios of tests/replay/smtp-* do not reach. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/corpus.h"
#include "steps/smtp.h"

struct bench {
	struct limits limits;
	struct step_settings settings;
	struct arena arena;
	struct host_address probe;
	struct smtp_step *step;
};

static void start(struct bench *bench, size_t arena_bytes)
{
	memset(bench, 0, sizeof(*bench));
	bench->limits = limits_defaults();
	bench->settings = (struct step_settings){.limits = &bench->limits,
						 .ehlo_domain = span_text("scanner.example")};
	arena_init(&bench->arena, arena_bytes);
	record_init(&schema_host_address, &bench->probe);
	bench->step = smtp_step_new(&bench->arena, &bench->settings, span_text("mx.example.com"),
				    &bench->probe);
}

static void test_no_memory(void **state)
{
	struct bench bench;

	(void)state;
	start(&bench, 16);
	assert_null(bench.step);
	arena_free(&bench.arena);
	for (size_t bytes = 512; bytes < 8192; bytes += 64) {
		start(&bench, bytes);
		if (bench.step != NULL) {
			smtp_step_on_connected(bench.step);
			smtp_step_on_bytes(bench.step, span_text("220 mx.example.com\r\n"));
			smtp_step_on_bytes(bench.step, span_text("250-mx\r\n250 SIZE 1\r\n"));
			assert_int_equal(bench.probe.outcome, bench.arena.exhausted
								      ? OUTCOME_LOCAL_LIMIT
								      : OUTCOME_SUCCESS);
		}
		arena_free(&bench.arena);
	}
}

/* A chain of which a part found no room is no chain that lacks it. */
static void test_no_memory_for_chain(void **state)
{
	struct span hashes[] = {span_text("0123456789abcdef"), span_text("0123456789abcdef")};
	struct tls_facts tls = {.version = span_text("TLSv1.3"), .chain = {hashes, 2}};
	bool short_once = false, whole_once = false;

	(void)state;
	for (size_t bytes = 512; bytes < 16384; bytes += 16) {
		struct bench bench;

		start(&bench, bytes);
		if (bench.step != NULL) {
			smtp_step_on_connected(bench.step);
			smtp_step_on_bytes(bench.step, span_text("220 x\r\n"));
			smtp_step_on_bytes(bench.step, span_text("250-x\r\n250 STARTTLS\r\n"));
			smtp_step_on_bytes(bench.step, span_text("220 go\r\n"));
			smtp_step_on_tls(bench.step, &tls);
			assert_true(span_is_null(bench.probe.tls.version) ||
				    bench.probe.tls.chain.count == 2);
			short_once = short_once || bench.arena.exhausted;
			whole_once = whole_once || bench.probe.tls.chain.count == 2;
		}
		arena_free(&bench.arena);
	}
	assert_true(short_once && whole_once);
}

/* What a first try left is gone when the second one begins. */
static void test_second_try(void **state)
{
	struct tls_facts tls = {.version = span_text("TLSv1.3")};
	struct bench bench;

	(void)state;
	start(&bench, 1 << 16);
	bench.probe.tries = 1;
	smtp_step_on_connected(bench.step);
	smtp_step_on_bytes(bench.step, span_text("220 x\r\n"));
	smtp_step_on_bytes(bench.step, span_text("250-x\r\n250 STARTTLS\r\n"));
	smtp_step_on_bytes(bench.step, span_text("220 go\r\n"));
	smtp_step_on_tls(bench.step, &tls);
	smtp_step_on_end(bench.step, TRANSPORT_END_RESET, (struct span){0});
	assert_false(span_is_null(bench.probe.tls.version));
	smtp_step_new(&bench.arena, &bench.settings, span_text("mx.example.com"), &bench.probe);
	assert_int_equal(bench.probe.outcome, OUTCOME_NULL);
	assert_int_equal(bench.probe.starttls, STARTTLS_UNKNOWN);
	assert_int_equal(bench.probe.ehlo.count, 0);
	assert_true(span_is_null(bench.probe.tls.version));
	assert_true(span_is_null(bench.probe.banner));
	assert_int_equal(bench.probe.tries, 1);
	arena_free(&bench.arena);
}

/* --- the corpus --- */

static void give_lines(struct smtp_step *step, const json_t *lines, const char *otherwise)
{
	char text[1024];

	for (size_t i = 0; i < json_array_size(lines); i++) {
		int len = snprintf(text, sizeof(text), "%s\r\n",
				   json_string_value(json_array_get(lines, i)));

		smtp_step_on_bytes(step, span_of(text, (size_t)len));
	}
	if (json_array_size(lines) == 0)
		smtp_step_on_bytes(step, span_text(otherwise));
}

static bool lists_starttls(const json_t *lines)
{
	for (size_t i = 1; i < json_array_size(lines); i++) {
		if (strcasecmp(json_string_value(json_array_get(lines, i)) + 4, "STARTTLS") == 0)
			return true;
	}
	return false;
}

static void check_starttls(struct bench *bench, const json_t *lines)
{
	give_lines(bench->step, lines, "220 go ahead\r\n");
	if (json_array_size(lines) > 0 && json_string_value(json_array_get(lines, 0))[0] == '4') {
		assert_int_equal(bench->probe.outcome, OUTCOME_DEFERRED);
		assert_int_equal(bench->probe.stage, STAGE_STARTTLS);
	} else {
		assert_int_equal(smtp_step_on_bytes(bench->step, span_text("")).action,
				 TRANSPORT_START_TLS);
	}
}

static void check_transcript(json_t *line, void *context)
{
	const json_t *ehlo = json_object_get(line, "ehlo_reply");
	const json_t *helo = json_object_get(line, "helo_reply");
	struct bench bench;

	(void)context;
	start(&bench, 1 << 20);
	smtp_step_on_connected(bench.step);
	give_lines(bench.step, json_object_get(line, "greeting"), "220 mx.example.com\r\n");
	assert_int_equal(bench.probe.outcome, OUTCOME_NULL);
	if (json_is_array(helo)) {
		smtp_step_on_bytes(bench.step, span_text("502 no EHLO\r\n"));
		give_lines(bench.step, helo, "");
		assert_int_equal(bench.probe.starttls, STARTTLS_ABSENT);
		assert_int_equal(bench.probe.outcome, OUTCOME_SUCCESS);
	} else if (json_is_array(ehlo) && !lists_starttls(ehlo)) {
		give_lines(bench.step, ehlo, "");
		assert_int_equal(bench.probe.starttls, STARTTLS_ABSENT);
		assert_int_equal(bench.probe.ehlo.count, json_array_size(ehlo) - 1);
	} else {
		give_lines(bench.step, ehlo, "250-x\r\n250 STARTTLS\r\n");
		assert_int_equal(bench.probe.starttls, STARTTLS_OFFERED);
		check_starttls(&bench, json_object_get(line, "starttls_reply"));
	}
	arena_free(&bench.arena);
}

static void test_transcripts(void **state)
{
	(void)state;
	if (corpus_folder() == NULL)
		skip();
	assert_true(corpus_lines("smtp/transcripts.jsonl", check_transcript, NULL) > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_memory),
		cmocka_unit_test(test_no_memory_for_chain),
		cmocka_unit_test(test_second_try),
		cmocka_unit_test(test_transcripts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
