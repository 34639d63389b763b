/*
 * Flags, config files and what is said of wrong ones.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "commands/options.h"

enum { ARGUMENTS_MAX = 16, MESSAGE_BYTES = 1024 };

/* Parses a command line given as one text, catching standard error. */
static bool parse(struct options *options, enum command_bit command, const char *line,
		  char *message)
{
	char *text = strdup(line);
	char *argv[ARGUMENTS_MAX + 1] = {0};
	int argc = 0;
	FILE *caught = tmpfile();
	int saved = dup(STDERR_FILENO);
	size_t got;
	bool ok;

	for (char *at = strtok(text, " "); at != NULL && argc < ARGUMENTS_MAX;
	     at = strtok(NULL, " "))
		argv[argc++] = at;
	options_init(options);
	fflush(stderr);
	dup2(fileno(caught), STDERR_FILENO);
	ok = options_parse(options, command, argc, argv);
	fflush(stderr);
	dup2(saved, STDERR_FILENO);
	close(saved);
	rewind(caught);
	got = fread(message, 1, MESSAGE_BYTES - 1, caught);
	message[got] = '\0';
	fclose(caught);
	free(text);
	return ok;
}

static void test_good_lines(void **state)
{
	struct options options;
	char message[MESSAGE_BYTES];

	(void)state;
	unsetenv("STSWEEP_CONFIG");
	assert_true(parse(&options, COMMAND_SCAN,
			  "scan -o out -O csv,jsonl -c 50 --timeout 500ms --connect-timeout 3 "
			  "--provider-rate-limit 0.5 --name-servers 192.0.2.1,192.0.2.2 list.csv",
			  message));
	assert_string_equal(options.output_dir, "out");
	assert_int_equal(options.formats, 6);
	assert_int_equal(options.limits.domains_in_flight, 50);
	assert_int_equal(options.limits.dns_timeout_ms, 500);
	assert_int_equal(options.limits.connect_timeout_ms, 3000);
	assert_int_equal(options.limits.provider_rate_per_minute, 30);
	assert_int_equal(options.name_servers.count, 2);
	assert_string_equal(options.name_servers.items[1], "192.0.2.2");
	assert_int_equal(options.operands.count, 1);
	assert_string_equal(options.operands.items[0], "list.csv");
	options_free(&options);
}

static void test_every_limit_is_a_flag(void **state)
{
	(void)state;
	for (unsigned i = 0; i < limit_infos_count; i++) {
		struct options options;
		char message[MESSAGE_BYTES];
		char line[256];
		char flag[64];

		snprintf(flag, sizeof(flag), "%s", limit_infos[i].name);
		for (char *at = flag; *at != '\0'; at++)
			*at = *at == '_' ? '-' : *at;
		snprintf(line, sizeof(line), "scan --%s %lld", flag,
			 (long long)limit_infos[i].highest);
		assert_true(parse(&options, COMMAND_SCAN, line, message));
		assert_int_equal(*limits_field(&options.limits, &limit_infos[i]),
				 limit_infos[i].highest);
		options_free(&options);
	}
}

static void test_bad_lines(void **state)
{
	static const struct {
		const char *line;
		const char *says; /* flag and reason are named */
	} cases[] = {
		{"scan --no-such-flag", "--no-such-flag"},
		{"scan -c 0", "--concurrency: 0 is out of range"},
		{"scan -c 12x", "'12x' is no number"},
		{"scan -c 1.5", "no whole number"},
		{"scan -c -5", "'-5' is no number"},
		{"scan --timeout soon", "'soon' is no time"},
		{"scan --timeout 99h", "out of range"},
		{"scan -O xml", "'xml' is none of"},
		{"scan -O ,", "--output-module"},
		{"scan --stages dns,mail", "'mail' is none of"},
		{"scan -o", "needs a value"},
		{"scan --smtp-port 70000", "out of range"},
		{"scan -C /nonexistent/config", "/nonexistent/config"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct options options;
		char message[MESSAGE_BYTES];

		assert_false(parse(&options, COMMAND_SCAN, cases[i].line, message));
		if (strstr(message, cases[i].says) == NULL)
			fail_msg("'%s' said: %s", cases[i].line, message);
		assert_int_equal(message[strlen(message) - 1], '\n');
		options_free(&options);
	}
}

static void write_file(const char *path, const char *text)
{
	FILE *out = fopen(path, "w");

	assert_non_null(out);
	fputs(text, out);
	fclose(out);
}

static void test_config_files(void **state)
{
	char path[] = "/tmp/stsweep-test-config-XXXXXX";
	char line[128];
	char message[MESSAGE_BYTES];
	struct options options;

	(void)state;
	assert_true(mkstemp(path) >= 0);
	snprintf(line, sizeof(line), "scan -C %s -c 7", path);

	/* The command line is stronger than a file, a file stronger than the default. */
	write_file(path, "concurrency = 5\nallow-reserved = true\ntimeout = 2\njson = true\n"
			 "mx-hosts-count = 3\n");
	assert_true(parse(&options, COMMAND_SCAN, line, message));
	assert_int_equal(options.limits.domains_in_flight, 7);
	assert_true(options.allow_reserved);
	assert_int_equal(options.limits.dns_timeout_ms, 2000);
	assert_int_equal(options.limits.mx_hosts_count, 3);
	options_free(&options);

	write_file(path, "\n\nconcurrency = many\n");
	assert_false(parse(&options, COMMAND_SCAN, line, message));
	assert_non_null(strstr(message, ":3: concurrency: 'many' is no number"));
	options_free(&options);

	write_file(path, "such-flag = 1\n");
	assert_false(parse(&options, COMMAND_SCAN, line, message));
	assert_non_null(strstr(message, ":1: such-flag: no such flag"));
	options_free(&options);

	setenv("STSWEEP_CONFIG", path, 1);
	write_file(path, "ehlo-domain = scan.example\n");
	assert_true(parse(&options, COMMAND_CHECK, "check example.com", message));
	assert_string_equal(options.ehlo_domain, "scan.example");
	options_free(&options);
	unsetenv("STSWEEP_CONFIG");
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good_lines),
		cmocka_unit_test(test_every_limit_is_a_flag),
		cmocka_unit_test(test_bad_lines),
		cmocka_unit_test(test_config_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
