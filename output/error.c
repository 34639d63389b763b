/*
 * The first file error of something, and its one line for a person. Called by all of output/.
 */
#include "output/error.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

bool output_error_set(struct output_error *error, int code, const char *doing, const char *path)
{
	if (error->code != 0)
		return false;
	error->code = code == 0 ? EIO : code;
	error->doing = doing;
	snprintf(error->path, sizeof(error->path), "%s", path);
	return false;
}

bool output_error_set_in(struct output_error *error, int code, const char *doing, const char *dir,
			 const char *name)
{
	char path[PATH_MAX + NAME_MAX + 1];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return output_error_set(error, code, doing, path);
}

void output_error_text(const struct output_error *error, char *text, size_t size)
{
	char reason[256];

	snprintf(text, size, "cannot %s %s: %s", error->doing == NULL ? "use" : error->doing,
		 error->path, strerror_r(error->code, reason, sizeof(reason)));
}
