/*
 * Bytes of one input file, unpacked and digested as they are read. Used by datasets/lines.c only;
 * it never looks at what the bytes say beyond the signature of the packing.
 */
#include "datasets/source.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <zlib.h>
#include <zstd.h>

enum {
	RAW_BYTES = 128 * 1024,
	SIGNATURE_BYTES = 4,
	/* zlib: largest window, and expect a gzip header (inflateInit2). */
	GZIP_WINDOW_BITS = 15 + 16,
};

enum packing { PACKING_UNKNOWN, PACKING_NONE, PACKING_GZIP, PACKING_ZSTD };

struct source {
	const char *path;
	struct span memory; /* what has not been read yet, where there is no file */
	int fd;
	int stop_fd;
	bool regular;
	enum packing packing;
	bool raw_end;      /* the file has been read to its end */
	bool in_frame;     /* inside a gzip member or zstd frame: the end may not come now */
	bool output_full;  /* the last call filled its buffer: the unpacker may hold more */
	const char *fault; /* of the packing; an unpacker is not called again after one */
	size_t raw_at, raw_len;
	uint64_t raw_total;
	EVP_MD_CTX *digest;
	z_stream gzip;
	ZSTD_DStream *zstd;
	uint8_t raw[RAW_BYTES];
};

void dataset_error_set(struct dataset_error *error, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(error->text, sizeof(error->text), format, arguments);
	va_end(arguments);
}

static bool refuse(const char *path, int fault, struct dataset_error *error)
{
	dataset_error_set(error, "%s: %s", path, strerror(fault));
	return false;
}

bool source_check(const char *path, bool *regular, struct dataset_error *error)
{
	struct stat status;

	*regular = false;
	if (strcmp(path, "-") == 0)
		return true;
	if (stat(path, &status) != 0 || faccessat(AT_FDCWD, path, R_OK, AT_EACCESS) != 0)
		return refuse(path, errno, error);
	if (S_ISDIR(status.st_mode))
		return refuse(path, EISDIR, error);
	*regular = S_ISREG(status.st_mode);
	return true;
}

/* A directory opens for reading, and fails only at the first read; it is told apart at once. */
static bool open_file(struct source *source, struct dataset_error *error)
{
	struct stat status;
	bool standard_input = strcmp(source->path, "-") == 0;

	source->fd = standard_input ? STDIN_FILENO : open(source->path, O_RDONLY | O_CLOEXEC);
	if (source->fd < 0 || fstat(source->fd, &status) != 0)
		return refuse(source->path, errno, error);
	if (S_ISDIR(status.st_mode))
		return refuse(source->path, EISDIR, error);
	source->regular = S_ISREG(status.st_mode);
	return true;
}

static struct source *source_new(const char *path, int stop_fd, struct dataset_error *error)
{
	struct source *source = calloc(1, sizeof(*source));

	if (source == NULL) {
		dataset_error_set(error, "%s: %s", path, strerror(ENOMEM));
		return NULL;
	}
	source->path = path;
	source->stop_fd = stop_fd;
	source->fd = -1;
	source->digest = EVP_MD_CTX_new();
	if (source->digest == NULL || EVP_DigestInit_ex(source->digest, EVP_sha256(), NULL) != 1) {
		dataset_error_set(error, "%s: no SHA-256 here", path);
		source_free(source);
		return NULL;
	}
	return source;
}

struct source *source_open(const char *path, int stop_fd, struct dataset_error *error)
{
	struct source *source = source_new(path, stop_fd, error);

	if (source == NULL || open_file(source, error))
		return source;
	source_free(source);
	return NULL;
}

struct source *source_over(const char *name, struct span bytes, struct dataset_error *error)
{
	struct source *source = source_new(name, -1, error);

	if (source == NULL)
		return NULL;
	source->memory = bytes;
	source->regular = true;
	return source;
}

void source_free(struct source *source)
{
	if (source == NULL)
		return;
	if (source->fd > STDIN_FILENO)
		close(source->fd);
	if (source->packing == PACKING_GZIP)
		inflateEnd(&source->gzip);
	ZSTD_freeDStream(source->zstd);
	EVP_MD_CTX_free(source->digest);
	free(source);
}

/* Waits where a read could wait for ever. */
static bool wait_readable(const struct source *source)
{
	struct pollfd watched[] = {
		{.fd = source->fd, .events = POLLIN},
		{.fd = source->stop_fd, .events = POLLIN},
	};

	if (source->regular || source->stop_fd < 0)
		return true;
	while (poll(watched, ARRAY_LENGTH(watched), -1) < 0)
		if (errno != EINTR)
			return true; /* the read will tell */
	return watched[1].revents == 0;
}

static ssize_t raw_read(struct source *source, void *buffer, size_t size)
{
	if (source->fd >= 0)
		return read(source->fd, buffer, size);
	struct span part = span_first(source->memory, size);

	if (part.len > 0)
		memcpy(buffer, part.data, part.len);
	source->memory = span_skip(source->memory, part.len);
	return (ssize_t)part.len;
}

/* Reads more of the file behind what is there; the unread rest has been moved to the front. */
static enum source_result raw_fill(struct source *source, struct dataset_error *error)
{
	memmove(source->raw, source->raw + source->raw_at, source->raw_len - source->raw_at);
	source->raw_len -= source->raw_at;
	source->raw_at = 0;
	if (!wait_readable(source))
		return SOURCE_STOPPED;
	ssize_t count = -1;

	do {
		count = raw_read(source, source->raw + source->raw_len,
				 RAW_BYTES - source->raw_len);
	} while (count < 0 && errno == EINTR);
	if (count < 0) {
		dataset_error_set(error, "%s: %s", source->path, strerror(errno));
		return SOURCE_FAILED;
	}
	EVP_DigestUpdate(source->digest, source->raw + source->raw_len, (size_t)count);
	source->raw_len += (size_t)count;
	source->raw_total += (uint64_t)count;
	source->raw_end = count == 0;
	return SOURCE_DATA;
}

static bool path_ends(const char *path, const char *suffix)
{
	return span_ends_with_nocase(span_text(path), span_text(suffix));
}

/*
 * Zstandard's magic number, or that of a skippable frame, which may go before (RFC 8878 3.1.1,
 * 3.1.2).
 */
static bool is_zstd(const uint8_t *raw)
{
	return memcmp(raw, "\x28\xb5\x2f\xfd", SIGNATURE_BYTES) == 0 ||
	       ((raw[0] & 0xf0) == 0x50 &&
		memcmp(raw + 1, "\x2a\x4d\x18", SIGNATURE_BYTES - 1) == 0);
}

/*
 * By the signature; a name that promises a packing must keep it, else a damaged file would be read
 * as text. A file shorter than a signature has none: behind its end the buffer is still zero.
 */
static const char *packing_find(struct source *source)
{
	const uint8_t *raw = source->raw + source->raw_at;

	source->packing = PACKING_NONE;
	if (raw[0] == 0x1f && raw[1] == 0x8b)
		source->packing = PACKING_GZIP;
	else if (is_zstd(raw))
		source->packing = PACKING_ZSTD;
	else if (path_ends(source->path, ".gz"))
		return "named .gz but not gzip data";
	else if (path_ends(source->path, ".zst"))
		return "named .zst but not zstd data";
	else if (memcmp(raw, "PK\x03\x04", SIGNATURE_BYTES) == 0)
		return "a zip archive; unpack it first (unzip -p)";
	return NULL;
}

static enum source_result unpacker_start(struct source *source, struct dataset_error *error)
{
	while (source->raw_len - source->raw_at < SIGNATURE_BYTES && !source->raw_end) {
		enum source_result result = raw_fill(source, error);

		if (result != SOURCE_DATA)
			return result;
	}
	const char *fault = packing_find(source);

	if (fault == NULL && source->packing == PACKING_GZIP &&
	    inflateInit2(&source->gzip, GZIP_WINDOW_BITS) != Z_OK) {
		source->packing = PACKING_NONE;
		fault = "no memory to unpack it";
	}
	if (fault == NULL && source->packing == PACKING_ZSTD) {
		source->zstd = ZSTD_createDStream();
		fault = source->zstd == NULL ? "no memory to unpack it" : NULL;
	}
	source->fault = fault;
	return SOURCE_DATA;
}

/*
 * Zero bytes may pad a gzip file to a block size; another member may follow at once (RFC 1952 2.2).
 */
static void gzip_skip_padding(struct source *source)
{
	while (!source->in_frame && source->raw_at < source->raw_len &&
	       source->raw[source->raw_at] == 0)
		source->raw_at++;
}

static const char *gzip_unpack(struct source *source, void *buffer, size_t size, size_t *got)
{
	z_stream *gzip = &source->gzip;

	gzip_skip_padding(source);
	if (source->raw_at == source->raw_len && !source->output_full)
		return NULL;
	gzip->next_in = source->raw + source->raw_at;
	gzip->avail_in = (uInt)(source->raw_len - source->raw_at);
	gzip->next_out = buffer;
	gzip->avail_out = (uInt)size;
	int status = inflate(gzip, Z_NO_FLUSH);

	source->raw_at = source->raw_len - gzip->avail_in;
	*got = size - gzip->avail_out;
	/* Nothing to read and nothing to write is no fault, only the time to read on. */
	if (status == Z_BUF_ERROR)
		return NULL;
	if (status != Z_OK && status != Z_STREAM_END)
		return gzip->msg != NULL ? gzip->msg : "damaged gzip data";
	source->in_frame = status != Z_STREAM_END;
	if (status == Z_STREAM_END)
		inflateReset(gzip);
	return NULL;
}

static const char *zstd_unpack(struct source *source, void *buffer, size_t size, size_t *got)
{
	ZSTD_inBuffer in = {source->raw + source->raw_at, source->raw_len - source->raw_at, 0};
	ZSTD_outBuffer out = {buffer, size, 0};

	if (in.size == 0 && !source->output_full)
		return NULL;
	size_t status = ZSTD_decompressStream(source->zstd, &out, &in);

	source->raw_at += in.pos;
	*got = out.pos;
	if (ZSTD_isError(status))
		return ZSTD_getErrorName(status);
	/* A call that moved nothing tells only how much the next frame's header would need. */
	if (in.pos > 0 || out.pos > 0)
		source->in_frame = status != 0;
	return NULL;
}

static const char *plain_copy(struct source *source, void *buffer, size_t size, size_t *got)
{
	size_t left = source->raw_len - source->raw_at;

	*got = left < size ? left : size;
	memcpy(buffer, source->raw + source->raw_at, *got);
	source->raw_at += *got;
	return NULL;
}

static const char *unpack(struct source *source, void *buffer, size_t size, size_t *got)
{
	switch (source->packing) {
	case PACKING_GZIP:
		return gzip_unpack(source, buffer, size, got);
	case PACKING_ZSTD:
		return zstd_unpack(source, buffer, size, got);
	case PACKING_NONE:
	case PACKING_UNKNOWN:
		break;
	}
	return plain_copy(source, buffer, size, got);
}

/* The unpacker has given all it holds: read on, or end. */
static enum source_result refill(struct source *source, struct dataset_error *error)
{
	if (!source->raw_end)
		return raw_fill(source, error);
	if (!source->in_frame)
		return SOURCE_END;
	dataset_error_set(error, "%s: truncated %s data", source->path,
			  source->packing == PACKING_GZIP ? "gzip" : "zstd");
	return SOURCE_FAILED;
}

enum source_result source_read(struct source *source, void *buffer, size_t size, size_t *got,
			       struct dataset_error *error)
{
	*got = 0;
	if (source->packing == PACKING_UNKNOWN) {
		enum source_result result = unpacker_start(source, error);

		if (result != SOURCE_DATA)
			return result;
	}
	for (;;) {
		if (source->fault == NULL)
			source->fault = unpack(source, buffer, size, got);
		source->output_full = *got == size;
		if (*got > 0)
			return SOURCE_DATA;
		if (source->fault != NULL) {
			dataset_error_set(error, "%s: %s", source->path, source->fault);
			return SOURCE_FAILED;
		}
		if (source->raw_at < source->raw_len)
			continue;
		enum source_result result = refill(source, error);

		if (result != SOURCE_DATA)
			return result;
	}
}

uint64_t source_bytes(const struct source *source)
{
	return source->raw_total;
}

bool source_digest(struct source *source, uint8_t sha256[SOURCE_SHA256_BYTES])
{
	struct dataset_error ignored;

	while (!source->raw_end && source->regular) {
		source->raw_at = source->raw_len;
		if (raw_fill(source, &ignored) != SOURCE_DATA)
			return false;
	}
	if (!source->raw_end)
		return false;
	EVP_MD_CTX *copy = EVP_MD_CTX_new();
	bool done = copy != NULL && EVP_MD_CTX_copy_ex(copy, source->digest) == 1 &&
		    EVP_DigestFinal_ex(copy, sha256, NULL) == 1;

	EVP_MD_CTX_free(copy);
	return done;
}
