/*
 * Numbered parts: buffered, hashed and written here, renamed when they are on disk. Used by the
 * evidence store and by the writer of final records.
 */
#include "output/part.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "output/buffer.h"

enum {
	PART_BUFFER_BYTES = 64 * 1024, /* gathered before they are written */
	PART_LIST_LEAST_COUNT = 8,
};

struct part_family {
	char *dir;
	char *name;
	char *ending;
	struct buffer header;
	struct part_settings settings;

	unsigned number; /* of the open part, or of the last one */
	int file;        /* -1: none is open */
	EVP_MD_CTX *hash;
	struct buffer pending; /* appended, not yet written */
	struct part_info open;

	struct part_list finished;
	size_t finished_capacity;
	struct output_error error;
};

/* --- names ----------------------------------------------------------------------------------- */

/* The part's name in the folder. */
static void final_name(const struct part_family *family, char *name, size_t size)
{
	snprintf(name, size, "%s-%0*u.%s", family->name, PART_NUMBER_DIGITS, family->number,
		 family->ending);
}

static void final_path(const struct part_family *family, char *path, size_t size)
{
	snprintf(path, size, "%s/%s-%0*u.%s", family->dir, family->name, PART_NUMBER_DIGITS,
		 family->number, family->ending);
}

static void open_path(const struct part_family *family, char *path, size_t size)
{
	snprintf(path, size, "%s/.%s-%0*u.%s.part", family->dir, family->name, PART_NUMBER_DIGITS,
		 family->number, family->ending);
}

/* Reads the digits at the front of `text`; 0 when there are none or too many. */
static unsigned take_number(struct span *text)
{
	unsigned number = 0;

	while (text->len > 0 && *text->data >= '0' && *text->data <= '9') {
		if (number > 99999999)
			return 0;
		number = number * 10 + (*text->data - '0');
		*text = span_skip(*text, 1);
	}
	return number;
}

static bool take_text(struct span *text, const char *prefix)
{
	if (!span_starts_with(*text, span_text(prefix)))
		return false;
	*text = span_skip(*text, strlen(prefix));
	return true;
}

unsigned part_number(const char *name, const char *family, const char *ending, bool *torn)
{
	struct span rest = span_text(name);

	*torn = take_text(&rest, ".");
	if (!take_text(&rest, family) || !take_text(&rest, "-"))
		return 0;
	unsigned number = take_number(&rest);

	if (!take_text(&rest, ".") || !take_text(&rest, ending))
		return 0;
	if (*torn && !take_text(&rest, ".part"))
		return 0;
	return rest.len == 0 ? number : 0;
}

/* --- opening and writing --------------------------------------------------------------------- */

static bool fail(struct part_family *family, int code, const char *doing)
{
	char path[PATH_MAX];

	open_path(family, path, sizeof(path));
	return output_error_set(&family->error, code, doing, path);
}

/* The highest number in the folder, finished or not: a part never takes another's place. */
static bool find_last_number(struct part_family *family)
{
	DIR *dir = opendir(family->dir);
	struct dirent *entry;

	if (dir == NULL)
		return output_error_set(&family->error, errno, "read", family->dir);
	while ((entry = readdir(dir)) != NULL) {
		bool torn;
		unsigned number = part_number(entry->d_name, family->name, family->ending, &torn);

		if (number > family->number)
			family->number = number;
	}
	closedir(dir);
	return true;
}

struct part_family *part_family_new(const struct part_settings *settings)
{
	struct part_family *family = calloc(1, sizeof(*family));

	if (family == NULL)
		return NULL;
	family->file = -1;
	family->settings = *settings;
	family->dir = strdup(settings->dir);
	family->name = strdup(settings->family);
	family->ending = strdup(settings->ending);
	buffer_append_span(&family->header, settings->header);
	family->hash = EVP_MD_CTX_new();
	if (family->dir == NULL || family->name == NULL || family->ending == NULL ||
	    family->hash == NULL || family->header.failed) {
		part_family_free(family);
		return NULL;
	}
	find_last_number(family);
	return family;
}

void part_family_free(struct part_family *family)
{
	if (family == NULL)
		return;
	if (family->file >= 0)
		close(family->file);
	EVP_MD_CTX_free(family->hash);
	buffer_free(&family->pending);
	buffer_free(&family->header);
	free(family->finished.items);
	free(family->dir);
	free(family->name);
	free(family->ending);
	free(family);
}

static bool part_open(struct part_family *family)
{
	char path[PATH_MAX];

	family->number++;
	family->open = (struct part_info){0};
	final_name(family, family->open.name, sizeof(family->open.name));
	open_path(family, path, sizeof(path));
	family->file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (family->file < 0)
		return fail(family, errno, "create");
	if (EVP_DigestInit_ex(family->hash, EVP_sha256(), NULL) != 1)
		return fail(family, ENOMEM, "hash");
	buffer_reset(&family->pending);
	buffer_append_span(&family->pending, buffer_span(&family->header));
	return true;
}

static bool write_all(struct part_family *family, struct span bytes)
{
	while (bytes.len > 0) {
		ssize_t written = write(family->file, bytes.data, bytes.len);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return fail(family, errno, "write");
		bytes = span_skip(bytes, (size_t)written);
	}
	return true;
}

static bool has_failed(const struct part_family *family)
{
	return family->error.code != 0;
}

bool part_flush(struct part_family *family)
{
	struct span bytes = buffer_span(&family->pending);

	if (has_failed(family))
		return false;
	if (family->file < 0 || bytes.len == 0)
		return true;
	if (family->pending.failed)
		return fail(family, ENOMEM, "write");
	if (EVP_DigestUpdate(family->hash, bytes.data, bytes.len) != 1)
		return fail(family, ENOMEM, "hash");
	if (!write_all(family, bytes))
		return false;
	family->open.bytes += bytes.len;
	buffer_reset(&family->pending);
	return true;
}

static bool is_full(const struct part_family *family)
{
	const struct part_settings *settings = &family->settings;

	if (settings->most_records > 0 && family->open.records >= settings->most_records)
		return true;
	return settings->most_bytes > 0 &&
	       family->open.bytes + family->pending.len >= settings->most_bytes;
}

bool part_write(struct part_family *family, struct span bytes, uint64_t records)
{
	if (has_failed(family))
		return false;
	if (family->file >= 0 && is_full(family) && !part_finish(family))
		return false;
	if (family->file < 0 && !part_open(family))
		return false;
	buffer_append_span(&family->pending, bytes);
	family->open.records += records;
	if (family->pending.failed)
		return fail(family, ENOMEM, "write");
	return family->pending.len < PART_BUFFER_BYTES || part_flush(family);
}

/* --- finishing ------------------------------------------------------------------------------- */

static bool note_finished(struct part_family *family)
{
	struct part_list *list = &family->finished;

	if (list->count == family->finished_capacity) {
		size_t capacity = list->count == 0 ? PART_LIST_LEAST_COUNT : list->count * 2;
		struct part_info *items = realloc(list->items, capacity * sizeof(*items));

		if (items == NULL)
			return fail(family, ENOMEM, "list");
		list->items = items;
		family->finished_capacity = capacity;
	}
	list->items[list->count++] = family->open;
	return true;
}

/* A rename is lasting only when the folder is on disk too. */
static bool sync_dir(struct part_family *family)
{
	int dir = open(family->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (dir < 0)
		return output_error_set(&family->error, errno, "open", family->dir);
	int result = fsync(dir);
	int code = errno;

	close(dir);
	/* Some file systems cannot sync a folder, and say so. */
	if (result != 0 && code != EINVAL)
		return output_error_set(&family->error, code, "sync", family->dir);
	return true;
}

static bool close_synced(struct part_family *family)
{
	int file = family->file;
	bool synced = fsync(file) == 0;
	int code = errno;

	family->file = -1;
	if (close(file) != 0 && synced) {
		synced = false;
		code = errno;
	}
	return synced || fail(family, code, "sync");
}

static bool part_rename(struct part_family *family)
{
	char from[PATH_MAX], to[PATH_MAX];

	open_path(family, from, sizeof(from));
	final_path(family, to, sizeof(to));
	if (rename(from, to) != 0)
		return output_error_set(&family->error, errno, "rename", from);
	return sync_dir(family);
}

bool part_finish(struct part_family *family)
{
	bool is_first = family->finished.count == 0;

	if (has_failed(family))
		return false;
	if (family->file < 0 && (!is_first || !family->settings.even_empty))
		return true;
	if (family->file < 0 && !part_open(family))
		return false;
	if (!part_flush(family) || !close_synced(family))
		return false;
	if (EVP_DigestFinal_ex(family->hash, family->open.sha256, NULL) != 1)
		return fail(family, ENOMEM, "hash");
	return part_rename(family) && note_finished(family);
}

void part_discard(struct part_family *family)
{
	char path[PATH_MAX];

	if (family->file < 0)
		return;
	close(family->file);
	family->file = -1;
	buffer_reset(&family->pending);
	open_path(family, path, sizeof(path));
	unlink(path);
}

const struct output_error *part_error(const struct part_family *family)
{
	return &family->error;
}

struct part_list part_family_finished(const struct part_family *family)
{
	return family->finished;
}
