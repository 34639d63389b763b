/*
 * A file of msgpack records, an index of their places, and a direct-mapped cache of decoded ones:
 * popular hosts come from memory. Used by finish, on one thread.
 */
#include "commands/judged_hosts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/seen.h"
#include "output/decode.h"
#include "output/encode.h"

enum {
	CACHED_COUNT = 1024,
	WRITE_BYTES = 1 << 20,
	HOST_ARENA_BYTES = 64 << 20,
	LENGTH_BITS = 24, /* of an index value: place << LENGTH_BITS | length */
	LENGTH_MAX_BYTES = (1 << LENGTH_BITS) - 1,
};

struct cached_host {
	uint64_t place; /* of the record, as the index has it; 0: nothing is cached */
	uint8_t *bytes;
	struct arena arena;
	struct host_record *record;
};

struct judged_hosts {
	int descriptor;
	uint64_t written_bytes; /* in the file */
	struct buffer unwritten;
	struct seen *index;
	uint8_t secret[16];
	struct cached_host cached[CACHED_COUNT];
};

static const char what[] = "the file of judged hosts";

struct judged_hosts *judged_hosts_new(const char *dir, struct output_error *error)
{
	struct judged_hosts *hosts = calloc(1, sizeof(*hosts));

	if (hosts == NULL)
		return NULL;
	hosts->descriptor = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	hosts->index = seen_new();
	if (hosts->descriptor < 0 || hosts->index == NULL ||
	    getrandom(hosts->secret, sizeof(hosts->secret), 0) != sizeof(hosts->secret)) {
		output_error_set(error, errno, "make a file in", dir);
		judged_hosts_free(hosts);
		return NULL;
	}
	for (size_t i = 0; i < CACHED_COUNT; i++)
		arena_init(&hosts->cached[i].arena, HOST_ARENA_BYTES);
	/* Places begin at 1, so that 0 is nothing. */
	hosts->written_bytes = 1;
	return hosts;
}

void judged_hosts_free(struct judged_hosts *hosts)
{
	if (hosts == NULL)
		return;
	for (size_t i = 0; i < CACHED_COUNT; i++) {
		arena_free(&hosts->cached[i].arena);
		free(hosts->cached[i].bytes);
	}
	if (hosts->descriptor >= 0)
		close(hosts->descriptor);
	seen_free(hosts->index);
	buffer_free(&hosts->unwritten);
	free(hosts);
}

static bool write_out(struct judged_hosts *hosts, struct output_error *error)
{
	struct span rest = buffer_span(&hosts->unwritten);

	while (rest.len > 0) {
		ssize_t put =
			pwrite(hosts->descriptor, rest.data, rest.len, (off_t)hosts->written_bytes);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return output_error_set(error, errno, "write", what);
		hosts->written_bytes += (uint64_t)put;
		rest = span_skip(rest, (size_t)put);
	}
	buffer_reset(&hosts->unwritten);
	return true;
}

bool judged_hosts_add(struct judged_hosts *hosts, const struct host_record *host,
		      struct output_error *error)
{
	size_t before = hosts->unwritten.len;
	uint64_t place = hosts->written_bytes + before;
	uint64_t *value;
	size_t length;
	bool added;

	encode_record(&hosts->unwritten, &schema_host_record, host, VIEW_FINAL, OUTPUT_MSGPACK,
		      NULL);
	length = hosts->unwritten.len - before;
	value = seen_add(hosts->index, seen_key_text(host->host, hosts->secret), &added);
	if (hosts->unwritten.failed || value == NULL || length > LENGTH_MAX_BYTES)
		return output_error_set(error, ENOMEM, "write", what);
	*value = place << LENGTH_BITS | length;
	return hosts->unwritten.len < WRITE_BYTES || write_out(hosts, error);
}

static bool read_in(const struct judged_hosts *hosts, struct cached_host *cached,
		    struct output_error *error)
{
	size_t length = cached->place & LENGTH_MAX_BYTES;
	off_t at = (off_t)(cached->place >> LENGTH_BITS);
	struct cursor cursor;
	size_t have = 0;

	arena_reset(&cached->arena);
	free(cached->bytes);
	cached->bytes = malloc(length);
	cached->record = record_new(&cached->arena, &schema_host_record);
	if (cached->bytes == NULL || cached->record == NULL)
		return output_error_set(error, ENOMEM, "read", what);
	while (have < length) {
		ssize_t got = pread(hosts->descriptor, cached->bytes + have, length - have,
				    at + (off_t)have);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return output_error_set(error, got < 0 ? errno : EIO, "read", what);
		have += (size_t)got;
	}
	cursor = cursor_over(span_of(cached->bytes, length));
	if (!decode_record(&cursor, &schema_host_record, &cached->arena, cached->record))
		return output_error_set(error, EIO, "read", what);
	return true;
}

const struct host_record *judged_hosts_find(struct judged_hosts *hosts, struct span name,
					    struct output_error *error)
{
	struct seen_key key = seen_key_text(name, hosts->secret);
	const uint64_t *value = seen_find(hosts->index, key);
	struct cached_host *cached = &hosts->cached[key.low % CACHED_COUNT];

	if (value == NULL)
		return NULL;
	if (cached->place == *value)
		return cached->record;
	if (hosts->unwritten.len > 0 && !write_out(hosts, error))
		return NULL;
	cached->place = *value;
	if (read_in(hosts, cached, error))
		return cached->record;
	cached->place = 0;
	return NULL;
}
