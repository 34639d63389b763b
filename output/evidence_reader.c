/*
 * The reader of evidence parts, one after the other through a window of bytes. Called by finish,
 * judge and the index.
 */
#include "output/evidence_reader.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "output/decode.h"
#include "output/frame.h"
#include "record/record.h"

enum {
	WINDOW_BYTES = 256 * 1024, /* read at once */
	GUESS_BYTES = 4096,        /* most frames are no longer */
	LOCATION_OFFSET_BITS = 40, /* a part may be a terabyte */
};

struct evidence_file {
	enum evidence_family family;
	unsigned number;
	bool torn;
	int file;
	uint64_t bytes;
	char name[PART_NAME_BYTES];
};

struct evidence_files {
	char dir[PATH_MAX];
	DIR *folder;
	struct evidence_file *items; /* by family, then number */
	size_t count;
};

struct evidence_reader {
	const struct evidence_files *files;
	enum evidence_family family;
	size_t file;          /* being read */
	uint64_t offset;      /* in it, of the window */
	struct buffer window; /* bytes of the file from `offset` on */
	size_t at;            /* of the next frame in the window */
	evidence_location location;
	uint64_t torn_bytes;
	struct output_error error;
};

static const char *const family_names[EVIDENCE_FAMILIES_COUNT] = {
	[EVIDENCE_CERTIFICATES] = "certs",
	[EVIDENCE_HOSTS] = "hosts",
	[EVIDENCE_DOMAINS] = "domains",
};

static const struct schema *const family_schemas[EVIDENCE_FAMILIES_COUNT] = {
	[EVIDENCE_CERTIFICATES] = &schema_certificate_record,
	[EVIDENCE_HOSTS] = &schema_host_record,
	[EVIDENCE_DOMAINS] = &schema_domain_record,
};

const struct schema *evidence_schema(enum evidence_family family)
{
	return family_schemas[family];
}

const char *evidence_family_name(enum evidence_family family)
{
	return family_names[family];
}

/* --- the files ------------------------------------------------------------------------------- */

static bool fail_at(const struct evidence_files *files, const struct evidence_file *file, int code,
		    const char *doing, struct output_error *error)
{
	return output_error_set_in(error, code, doing, files->dir, file->name);
}

static bool add_file(struct evidence_files *files, struct evidence_file file)
{
	struct evidence_file *items = reallocarray(files->items, files->count + 1, sizeof(*items));

	if (items == NULL)
		return false;
	files->items = items;
	files->items[files->count++] = file;
	return true;
}

/* Which part a name is of, if of any. */
static bool name_is_part(const char *name, struct evidence_file *file)
{
	for (int family = 0; family < EVIDENCE_FAMILIES_COUNT; family++) {
		file->number = part_number(name, family_names[family], "msgpack", &file->torn);
		file->family = (enum evidence_family)family;
		if (file->number != 0)
			return snprintf(file->name, sizeof(file->name), "%s", name) <
			       (int)sizeof(file->name);
	}
	return false;
}

static bool list_files(struct evidence_files *files, struct output_error *error)
{
	struct dirent *entry;
	bool done = true;

	files->folder = opendir(files->dir);
	if (files->folder == NULL)
		return output_error_set(error, errno, "read", files->dir);
	while (done && (entry = readdir(files->folder)) != NULL) {
		struct evidence_file file = {.file = -1};

		if (name_is_part(entry->d_name, &file) && !add_file(files, file))
			done = output_error_set(error, ENOMEM, "read", files->dir);
	}
	return done;
}

static int compare_files(const void *left, const void *right)
{
	const struct evidence_file *a = left, *b = right;

	if (a->family != b->family)
		return a->family < b->family ? -1 : 1;
	if (a->number != b->number)
		return a->number < b->number ? -1 : 1;
	return (int)a->torn - (int)b->torn;
}

static bool open_file(const struct evidence_files *files, struct evidence_file *file, int flags,
		      struct output_error *error)
{
	struct stat facts;

	file->file = openat(dirfd(files->folder), file->name, flags | O_CLOEXEC);
	if (file->file < 0)
		return fail_at(files, file, errno, "open", error);
	if (fstat(file->file, &facts) != 0)
		return fail_at(files, file, errno, "read", error);
	file->bytes = (uint64_t)facts.st_size;
	return true;
}

static struct evidence_files *files_open(const char *dir, int flags, struct output_error *error)
{
	struct evidence_files *files = calloc(1, sizeof(*files));

	if (files == NULL) {
		output_error_set(error, ENOMEM, "open", dir);
		return NULL;
	}
	snprintf(files->dir, sizeof(files->dir), "%s/evidence", dir);
	bool done = list_files(files, error);

	if (files->count > 0)
		qsort(files->items, files->count, sizeof(*files->items), compare_files);
	for (size_t i = 0; done && i < files->count; i++)
		done = open_file(files, &files->items[i], flags, error);
	if (done)
		return files;
	evidence_files_close(files);
	return NULL;
}

struct evidence_files *evidence_files_open(const char *dir, struct output_error *error)
{
	return files_open(dir, O_RDONLY, error);
}

void evidence_files_close(struct evidence_files *files)
{
	if (files == NULL)
		return;
	for (size_t i = 0; i < files->count; i++) {
		if (files->items[i].file >= 0)
			close(files->items[i].file);
	}
	if (files->folder != NULL)
		closedir(files->folder);
	free(files->items);
	free(files);
}

/* Reads up to `len` bytes at `offset` behind what the buffer holds; fewer at the end of the file.
 */
static bool read_more(const struct evidence_files *files, const struct evidence_file *file,
		      struct buffer *buffer, uint64_t offset, size_t len,
		      struct output_error *error)
{
	uint8_t *place = buffer_reserve(buffer, len);

	if (place == NULL)
		return fail_at(files, file, ENOMEM, "read", error);
	while (len > 0) {
		ssize_t got = pread(file->file, place, len, (off_t)offset);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return fail_at(files, file, errno, "read", error);
		if (got == 0)
			return true;
		buffer_added(buffer, (size_t)got);
		place += got;
		offset += (uint64_t)got;
		len -= (size_t)got;
	}
	return true;
}

/* --- front to back --------------------------------------------------------------------------- */

struct evidence_reader *evidence_reader_new(const struct evidence_files *files,
					    enum evidence_family family)
{
	struct evidence_reader *reader = calloc(1, sizeof(*reader));

	if (reader == NULL)
		return NULL;
	reader->files = files;
	reader->family = family;
	return reader;
}

void evidence_reader_free(struct evidence_reader *reader)
{
	if (reader == NULL)
		return;
	buffer_free(&reader->window);
	free(reader);
}

evidence_location evidence_reader_location(const struct evidence_reader *reader)
{
	return reader->location;
}

const struct output_error *evidence_reader_error(const struct evidence_reader *reader)
{
	return &reader->error;
}

uint64_t evidence_reader_torn_bytes(const struct evidence_reader *reader)
{
	return reader->torn_bytes;
}

/* The file being read, or NULL after the last one of the family. */
static const struct evidence_file *current_file(struct evidence_reader *reader)
{
	const struct evidence_files *files = reader->files;

	while (reader->file < files->count && files->items[reader->file].family != reader->family)
		reader->file++;
	return reader->file < files->count ? &files->items[reader->file] : NULL;
}

static void next_file(struct evidence_reader *reader)
{
	reader->file++;
	reader->offset = 0;
	reader->at = 0;
	buffer_reset(&reader->window);
}

static uint64_t left_in_file(const struct evidence_reader *reader, const struct evidence_file *file)
{
	return file->bytes - reader->offset - reader->at;
}

/* Has the window hold `size` bytes from the next frame on, if the file does. */
static bool fill_window(struct evidence_reader *reader, const struct evidence_file *file,
			size_t size)
{
	struct buffer *window = &reader->window;
	size_t want = size < WINDOW_BYTES ? WINDOW_BYTES : size;

	buffer_drop(window, reader->at);
	reader->offset += reader->at;
	reader->at = 0;
	size_t kept = window->len;

	if (kept >= want)
		return true;
	return read_more(reader->files, file, window, reader->offset + kept, want - kept,
			 &reader->error);
}

/* The next frame of this file. FRAME_SHORT: the file ends within it. */
static enum frame_result next_frame(struct evidence_reader *reader,
				    const struct evidence_file *file, struct span *record,
				    size_t *size)
{
	enum frame_result result =
		frame_read(span_skip(buffer_span(&reader->window), reader->at), record, size);

	while (result == FRAME_SHORT && *size <= left_in_file(reader, file)) {
		size_t before = reader->window.len - reader->at;

		if (!fill_window(reader, file, *size) || reader->window.len == before)
			return FRAME_SHORT; /* shorter than it was */
		result = frame_read(buffer_span(&reader->window), record, size);
	}
	return result;
}

static evidence_location location_of(size_t file, uint64_t offset)
{
	return (uint64_t)(file + 1) << LOCATION_OFFSET_BITS | offset;
}

static bool read_frame(struct evidence_reader *reader, const struct evidence_file *file,
		       struct arena *arena, struct span bytes, size_t size, void *record)
{
	struct cursor cursor = cursor_over(bytes);

	reader->location = location_of(reader->file, reader->offset + reader->at);
	reader->at += size;
	if (decode_record(&cursor, family_schemas[reader->family], arena, record))
		return true;
	return fail_at(reader->files, file, arena->exhausted ? ENOMEM : EBADMSG, "read",
		       &reader->error);
}

/* What stands where no frame does: the torn tail of an unfinished part, or damage. */
static bool pass_tail(struct evidence_reader *reader, const struct evidence_file *file)
{
	uint64_t left = left_in_file(reader, file);

	if (left > 0 && !file->torn)
		return fail_at(reader->files, file, EBADMSG, "read", &reader->error);
	reader->torn_bytes += left;
	next_file(reader);
	return true;
}

enum evidence_result evidence_next(struct evidence_reader *reader, struct arena *arena,
				   void *record)
{
	const struct evidence_file *file;

	while (reader->error.code == 0 && (file = current_file(reader)) != NULL) {
		struct span bytes;
		size_t size;

		if (next_frame(reader, file, &bytes, &size) == FRAME_WHOLE)
			return read_frame(reader, file, arena, bytes, size, record)
				       ? EVIDENCE_RECORD
				       : EVIDENCE_FAILED;
		if (reader->error.code == 0)
			pass_tail(reader, file);
	}
	return reader->error.code == 0 ? EVIDENCE_END : EVIDENCE_FAILED;
}

/* --- by location ----------------------------------------------------------------------------- */

bool evidence_read_at(const struct evidence_files *files, enum evidence_family family,
		      evidence_location location, struct buffer *bytes, struct span *record,
		      struct output_error *error)
{
	size_t n = (size_t)(location >> LOCATION_OFFSET_BITS) - 1;
	uint64_t offset = location & ((UINT64_C(1) << LOCATION_OFFSET_BITS) - 1);
	size_t size = GUESS_BYTES;

	if (n >= files->count || files->items[n].family != family)
		abort(); /* locations come from a reader of the same files */
	const struct evidence_file *file = &files->items[n];

	buffer_reset(bytes);
	for (;;) {
		size_t held = bytes->len;

		if (!read_more(files, file, bytes, offset + held, size - held, error))
			return false;
		enum frame_result result = frame_read(buffer_span(bytes), record, &size);

		if (result == FRAME_WHOLE)
			return true;
		if (result == FRAME_DAMAGED || bytes->len == held)
			return fail_at(files, file, EBADMSG, "read", error);
	}
}

/* --- repair ---------------------------------------------------------------------------------- */

/* Cuts the file after its last whole frame. */
static bool cut_file(const struct evidence_files *files, size_t n, uint64_t *whole,
		     struct output_error *error)
{
	struct evidence_reader reader = {
		.files = files, .family = files->items[n].family, .file = n};
	const struct evidence_file *file = &files->items[n];
	struct span bytes;
	size_t size;

	while (next_frame(&reader, file, &bytes, &size) == FRAME_WHOLE)
		reader.at += size;
	*whole = reader.offset + reader.at;
	buffer_free(&reader.window);
	if (reader.error.code != 0)
		return output_error_set(error, reader.error.code, "read", reader.error.path);
	if (*whole < file->bytes && ftruncate(file->file, (off_t)*whole) != 0)
		return fail_at(files, file, errno, "cut", error);
	return fsync(file->file) == 0 || fail_at(files, file, errno, "sync", error);
}

/* An empty part is removed; another gets its name. */
static bool name_file(const struct evidence_files *files, const struct evidence_file *file,
		      uint64_t whole, struct output_error *error)
{
	int folder = dirfd(files->folder);
	char name[PART_NAME_BYTES];

	snprintf(name, sizeof(name), "%s-%0*u.msgpack", family_names[file->family],
		 PART_NUMBER_DIGITS, file->number);
	if (whole == 0)
		return unlinkat(folder, file->name, 0) == 0 ||
		       fail_at(files, file, errno, "remove", error);
	if (renameat(folder, file->name, folder, name) != 0)
		return fail_at(files, file, errno, "rename", error);
	return fsync(folder) == 0 || errno == EINVAL || fail_at(files, file, errno, "sync", error);
}

bool evidence_repair(const char *dir, struct output_error *error)
{
	struct evidence_files *files = files_open(dir, O_RDWR, error);
	bool done = files != NULL;

	for (size_t i = 0; done && i < files->count; i++) {
		uint64_t whole;

		if (files->items[i].torn)
			done = cut_file(files, i, &whole, error) &&
			       name_file(files, &files->items[i], whole, error);
	}
	evidence_files_close(files);
	return done;
}
