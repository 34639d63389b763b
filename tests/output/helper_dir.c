/* Folders of tests, under TMPDIR. */
#include "tests/output/helper_dir.h"

#include <dirent.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { READ_MOST_BYTES = 4 << 20 };

char helper_dir[64];

static void check(bool holds, const char *what)
{
	if (holds)
		return;
	perror(what);
	abort();
}

int helper_dir_make(void **state)
{
	(void)state;
	snprintf(helper_dir, sizeof(helper_dir), "/tmp/stsweep-test-XXXXXX");
	return mkdtemp(helper_dir) == NULL ? -1 : 0;
}

static int remove_entry(const char *path, const struct stat *facts, int type, struct FTW *walk)
{
	(void)facts;
	(void)type;
	(void)walk;
	return remove(path);
}

int helper_dir_remove(void **state)
{
	(void)state;
	return nftw(helper_dir, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

const char *helper_path(const char *name)
{
	static char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", helper_dir, name);
	return path;
}

size_t helper_count(const char *folder)
{
	DIR *dir = opendir(helper_path(folder));
	size_t count = 0;

	check(dir != NULL, folder);
	for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			count++;
	}
	closedir(dir);
	return count;
}

bool helper_exists(const char *name)
{
	return access(helper_path(name), F_OK) == 0;
}

struct span helper_read(const char *name)
{
	static uint8_t bytes[READ_MOST_BYTES];
	FILE *file = fopen(helper_path(name), "re");

	if (file == NULL)
		return (struct span){0};
	size_t len = fread(bytes, 1, sizeof(bytes), file);

	check(len < sizeof(bytes), name);
	fclose(file);
	return span_of(bytes, len);
}

void helper_write(const char *name, struct span bytes)
{
	FILE *file = fopen(helper_path(name), "we");

	check(file != NULL, name);
	check(fwrite(bytes.data, 1, bytes.len, file) == bytes.len, name);
	check(fclose(file) == 0, name);
}

void helper_truncate(const char *name, size_t size)
{
	check(truncate(helper_path(name), (off_t)size) == 0, name);
}
