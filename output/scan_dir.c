/*
 * A look at a folder before anything is done to it. Called by the commands at their start.
 */
#include "output/scan_dir.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "output/final.h"

/* Files that only a scan leaves. */
static const char *const scan_names[] = {"metadata.json", "evidence", "journal"};

static bool name_is_scan(const char *name)
{
	for (size_t i = 0; i < ARRAY_LENGTH(scan_names); i++) {
		if (strcmp(name, scan_names[i]) == 0)
			return true;
	}
	return final_name_is_part(name);
}

static enum scan_dir_state look_inside(const char *path, struct output_error *error)
{
	DIR *dir = opendir(path);
	enum scan_dir_state state = SCAN_DIR_FREE;
	struct dirent *entry;

	if (dir == NULL) {
		output_error_set(error, errno, "read", path);
		return SCAN_DIR_NOT_WRITABLE;
	}
	while (state == SCAN_DIR_FREE && (entry = readdir(dir)) != NULL) {
		if (name_is_scan(entry->d_name))
			state = SCAN_DIR_HOLDS_SCAN;
	}
	closedir(dir);
	return state;
}

/* The folder that `path` would be made in. */
static void parent_of(const char *path, char parent[PATH_MAX])
{
	size_t len = strlen(path);

	while (len > 1 && path[len - 1] == '/')
		len--;
	while (len > 0 && path[len - 1] != '/')
		len--;
	if (len == 0)
		snprintf(parent, PATH_MAX, ".");
	else
		snprintf(parent, PATH_MAX, "%.*s", (int)len, path);
}

static enum scan_dir_state look_at_parent(const char *path, struct output_error *error)
{
	char parent[PATH_MAX];

	parent_of(path, parent);
	if (access(parent, W_OK | X_OK) == 0)
		return SCAN_DIR_MISSING;
	output_error_set(error, errno, "create", path);
	return SCAN_DIR_NOT_WRITABLE;
}

enum scan_dir_state scan_dir_probe(const char *dir, struct output_error *error)
{
	struct stat facts;

	if (stat(dir, &facts) != 0 && errno == ENOENT)
		return look_at_parent(dir, error);
	enum scan_dir_state state = look_inside(dir, error);

	if (state != SCAN_DIR_FREE || access(dir, W_OK | X_OK) == 0)
		return state;
	output_error_set(error, errno, "write to", dir);
	return SCAN_DIR_NOT_WRITABLE;
}

bool scan_dir_make(const char *dir, struct output_error *error)
{
	if (mkdir(dir, 0755) == 0 || errno == EEXIST)
		return true;
	return output_error_set(error, errno, "create", dir);
}
