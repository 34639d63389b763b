/* See the header. */
#include "tests/datasets/helper_files.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>
#include <dirent.h>
#include <zlib.h>
#include <zstd.h>

int files_setup(void **state)
{
	struct files *files = calloc(1, sizeof(*files));

	assert_non_null(files);
	snprintf(files->folder, sizeof(files->folder), "%s/stsweep-test-XXXXXX",
		 getenv("TMPDIR") != NULL ? getenv("TMPDIR") : "/tmp");
	assert_non_null(mkdtemp(files->folder));
	*state = files;
	return 0;
}

int files_teardown(void **state)
{
	struct files *files = *state;
	DIR *folder = opendir(files->folder);
	struct dirent *entry;

	while ((entry = readdir(folder)) != NULL)
		unlinkat(dirfd(folder), entry->d_name, 0);
	closedir(folder);
	rmdir(files->folder);
	free(files);
	return 0;
}

char *files_write(const struct files *files, const char *name, struct span bytes)
{
	char *path = NULL;

	assert_true(asprintf(&path, "%s/%s", files->folder, name) > 0);
	FILE *file = fopen(path, "wb");

	assert_non_null(file);
	assert_int_equal(fwrite(bytes.data, 1, bytes.len, file), bytes.len);
	assert_int_equal(fclose(file), 0);
	return path;
}

char *files_write_text(const struct files *files, const char *name, const char *text)
{
	return files_write(files, name, span_text(text));
}

struct span files_gzip(struct span bytes)
{
	enum { WINDOW_BITS_GZIP = 15 + 16, MEMORY_LEVEL = 8, HEADER_BYTES = 32 };
	z_stream stream = {0};
	uLong most = compressBound((uLong)bytes.len) + HEADER_BYTES;
	uint8_t *packed = malloc(most);
	uint8_t empty = 0;

	assert_non_null(packed);
	assert_int_equal(deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, WINDOW_BITS_GZIP,
				      MEMORY_LEVEL, Z_DEFAULT_STRATEGY),
			 Z_OK);
	stream.next_in = bytes.len > 0 ? (z_const Bytef *)(uintptr_t)bytes.data : &empty;
	stream.avail_in = (uInt)bytes.len;
	stream.next_out = packed;
	stream.avail_out = (uInt)most;
	assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
	size_t len = stream.total_out;

	deflateEnd(&stream);
	return span_of(packed, len);
}

struct span files_zstd(struct span bytes)
{
	size_t most = ZSTD_compressBound(bytes.len);
	uint8_t *packed = malloc(most);

	assert_non_null(packed);
	size_t len = ZSTD_compress(packed, most, bytes.data, bytes.len, 1);

	assert_false(ZSTD_isError(len));
	return span_of(packed, len);
}

char *files_corpus(const char *name)
{
	const char *folder = getenv("STSWEEP_CORPUS");
	char *path = NULL;

	assert_true(asprintf(&path, "%s/%s", folder != NULL ? folder : "../shared/corpus", name) >
		    0);
	if (access(path, R_OK) == 0)
		return path;
	free(path);
	return NULL;
}
