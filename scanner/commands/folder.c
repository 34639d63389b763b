/*
 * What scan and judge do with their folders. Knows no record.
 */
#include "commands/folder.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

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

bool folder_keep(const char *dir, const char *name, const char *source)
{
	char path[PATH_BYTES];
	char block[COPY_BYTES];
	FILE *in = fopen(source, "rb");
	FILE *out;
	size_t got;
	bool ok;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	out = fopen(path, "wb");
	ok = in != NULL && out != NULL;
	while (ok && (got = fread(block, 1, sizeof(block), in)) > 0)
		ok = fwrite(block, 1, got, out) == got;
	ok = ok && !ferror(in);
	if (out != NULL)
		ok = fclose(out) == 0 && ok;
	if (!ok)
		fprintf(stderr, "stsweep: cannot copy %s to %s: %s\n", source, path,
			strerror(errno));
	if (in != NULL)
		fclose(in);
	return ok;
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
