/*
 * Every scenario of tests/replay/ is one case, run twice where bytes flow: as they are written, and
 * byte by byte. With arguments: only these files.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <glob.h>

#include "helper_replay.h"

static void test_scenario(void **state)
{
	const char *path = *state;
	bool whole_only = false;

	assert_true(replay_run(path, false, &whole_only));
	if (!whole_only)
		assert_true(replay_run(path, true, &whole_only));
}

int main(int count, char **arguments)
{
	enum { SCENARIOS_MAX = 512 };
	static struct CMUnitTest tests[SCENARIOS_MAX];
	glob_t found = {0};
	char **paths = arguments + 1;
	size_t paths_count = (size_t)count - 1;

	if (paths_count == 0) {
		if (glob("tests/replay/*.replay", 0, NULL, &found) != 0)
			return 1;
		paths = found.gl_pathv;
		paths_count = found.gl_pathc;
	}
	for (size_t i = 0; i < paths_count && i < SCENARIOS_MAX; i++)
		tests[i] = (struct CMUnitTest){
			.name = paths[i], .test_func = test_scenario, .initial_state = paths[i]};
	int failed = _cmocka_run_group_tests("replay", tests, paths_count, NULL, NULL);

	globfree(&found);
	return failed;
}
