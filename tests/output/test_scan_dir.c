/* What a folder is, before a scan is written to it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "output/scan_dir.h"
#include "tests/output/helper_dir.h"

enum { NOBODY = 65534 };

static void test_states(void **state)
{
	struct output_error error = {0};

	(void)state;
	assert_int_equal(scan_dir_probe(helper_path("new"), &error), SCAN_DIR_MISSING);
	assert_int_equal(scan_dir_probe(helper_path("new/"), &error), SCAN_DIR_MISSING);
	assert_int_equal(scan_dir_probe(helper_dir, &error), SCAN_DIR_FREE);
	helper_write("list.csv", span_text("x"));
	helper_write("domains.txt", span_text("x"));
	assert_int_equal(scan_dir_probe(helper_dir, &error), SCAN_DIR_FREE);
	assert_int_equal(error.code, 0);
	assert_int_equal(scan_dir_probe(helper_path("no/where"), &error), SCAN_DIR_NOT_WRITABLE);
	assert_int_equal(error.code, ENOENT);
	error.code = 0;
	assert_int_equal(scan_dir_probe(helper_path("list.csv"), &error), SCAN_DIR_NOT_WRITABLE);
	assert_int_equal(error.code, ENOTDIR);
}

static void test_holds_scan(void **state)
{
	static const char *const names[] = {"metadata.json", "journal", "evidence",
					    "domains-00001.csv", ".hosts-00003.msgpack.part"};
	struct output_error error = {0};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
		helper_write(names[i], span_text("x"));
		assert_int_equal(scan_dir_probe(helper_dir, &error), SCAN_DIR_HOLDS_SCAN);
		assert_int_equal(remove(helper_path(names[i])), 0);
	}
}

/* What a user without rights finds: root may write anywhere, so a child gives them up. */
static enum scan_dir_state probe_without_rights(const char *path, int *code)
{
	struct output_error error = {0};
	int status;
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0) {
		if (geteuid() == 0 && setuid(NOBODY) != 0)
			_exit(0xff);
		enum scan_dir_state found = scan_dir_probe(path, &error);

		_exit((int)found << 6 | error.code);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	*code = WEXITSTATUS(status) & 0x3f;
	return (enum scan_dir_state)(WEXITSTATUS(status) >> 6);
}

static void test_not_writable(void **state)
{
	int code;

	(void)state;
	if (geteuid() == 0)
		assert_int_equal(chown(helper_dir, NOBODY, NOBODY), 0);
	assert_int_equal(chmod(helper_dir, 0500), 0);
	assert_int_equal(probe_without_rights(helper_dir, &code), SCAN_DIR_NOT_WRITABLE);
	assert_int_equal(code, EACCES);
	assert_int_equal(probe_without_rights(helper_path("new"), &code), SCAN_DIR_NOT_WRITABLE);
	assert_int_equal(code, EACCES);
	assert_int_equal(chmod(helper_dir, 0), 0);
	assert_int_equal(probe_without_rights(helper_dir, &code), SCAN_DIR_NOT_WRITABLE);
	assert_int_equal(code, EACCES);
	assert_int_equal(probe_without_rights(helper_path("new"), &code), SCAN_DIR_NOT_WRITABLE);
	assert_int_equal(code, EACCES);
	assert_int_equal(chmod(helper_dir, 0700), 0);
	assert_int_equal(probe_without_rights(helper_dir, &code), SCAN_DIR_FREE);
}

static void test_make(void **state)
{
	struct output_error error = {0};

	(void)state;
	assert_true(scan_dir_make(helper_path("new"), &error));
	assert_true(scan_dir_make(helper_path("new"), &error));
	assert_int_equal(scan_dir_probe(helper_path("new"), &error), SCAN_DIR_FREE);
	assert_false(scan_dir_make(helper_path("no/where"), &error));
	assert_int_equal(error.code, ENOENT);
}

int main(void)
{
#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, helper_dir_make, helper_dir_remove)
	const struct CMUnitTest tests[] = {
		IN_FOLDER(test_states),
		IN_FOLDER(test_holds_scan),
		IN_FOLDER(test_not_writable),
		IN_FOLDER(test_make),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
