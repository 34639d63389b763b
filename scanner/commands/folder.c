/*
 * What scan and judge do with their folders. Knows no record.
 */
#include "commands/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "output/scan_dir.h"

enum { PATH_BYTES = 4096, ERROR_TEXT_BYTES = 5120, COPY_BYTES = 65536 };

void folder_tell(const struct output_error *error)
{
	char text[ERROR_TEXT_BYTES];

	output_error_text(error, text, sizeof(text));
	fprintf(stderr, "stsweep: %s\n", text);
}

bool folder_take(const char *dir, bool resume)
{
	struct output_error error = {0};

	switch (scan_dir_probe(dir, &error)) {
	case SCAN_DIR_MISSING:
		if (!resume && scan_dir_make(dir, &error))
			return true;
		if (!resume)
			folder_tell(&error);
		break;
	case SCAN_DIR_FREE:
		if (!resume)
			return true;
		break;
	case SCAN_DIR_HOLDS_SCAN:
		if (!resume)
			fprintf(stderr,
				"stsweep: %s: holds a scan already; --resume goes on with it\n",
				dir);
		return resume;
	case SCAN_DIR_NOT_WRITABLE:
		folder_tell(&error);
		return false;
	}
	if (resume)
		fprintf(stderr, "stsweep: %s: there is no scan to resume\n", dir);
	return false;
}

int folder_hold(const char *dir)
{
	int folder = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (folder < 0) {
		fprintf(stderr, "stsweep: cannot open %s: %s\n", dir, strerror(errno));
		return -1;
	}
	/* A file system that knows no locks is used without. */
	if (flock(folder, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
		fprintf(stderr, "stsweep: %s: another stsweep is at work in this folder\n", dir);
		close(folder);
		return -1;
	}
	return folder;
}

static bool copy(FILE *in, FILE *out)
{
	char block[COPY_BYTES];
	size_t got;

	while ((got = fread(block, 1, sizeof(block), in)) > 0) {
		if (fwrite(block, 1, got, out) != got)
			return false;
	}
	return !ferror(in) && fflush(out) == 0 && fsync(fileno(out)) == 0;
}

bool folder_keep(const char *dir, const char *name, const char *source)
{
	char path[PATH_BYTES];
	char part[PATH_BYTES];
	FILE *in = fopen(source, "rbe");
	FILE *out = NULL;
	int fault = 0;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	snprintf(part, sizeof(part), "%s/.%s.part", dir, name);
	if (in != NULL)
		out = fopen(part, "wbe");
	if (out == NULL || !copy(in, out))
		fault = errno;
	if (in != NULL)
		fclose(in);
	if (out != NULL)
		fclose(out);
	if (fault == 0 && rename(part, path) != 0)
		fault = errno;
	if (fault == 0)
		return true;
	fprintf(stderr, "stsweep: cannot copy %s to %s: %s\n", source, path, strerror(fault));
	unlink(part);
	return false;
}

bool folder_write_metadata(const struct metadata *metadata, const char *dir, const char *also)
{
	struct output_error error = {0};
	char path[PATH_BYTES];

	if (dir != NULL) {
		snprintf(path, sizeof(path), "%s/metadata.json", dir);
		if (!metadata_write(metadata, path, &error)) {
			folder_tell(&error);
			return false;
		}
	}
	if (also != NULL && !metadata_write(metadata, also, &error)) {
		folder_tell(&error);
		return false;
	}
	return true;
}

void folder_try_metadata(const struct metadata *metadata, const char *dir)
{
	struct output_error error = {0};
	char path[PATH_BYTES];

	snprintf(path, sizeof(path), "%s/metadata.json", dir);
	(void)metadata_write(metadata, path, &error);
}
