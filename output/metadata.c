/*
 * metadata.json as a jansson tree, which keeps the order in which keys came. Filled and written by
 * the commands.
 */
#include "output/metadata.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "output/buffer.h"
#include "output/text.h"
#include "output/timestamp.h"

enum { READ_BYTES = 64 * 1024, INDENT_COLUMNS = 2 };

struct metadata {
	json_t *root;
	bool failed; /* something did not fit in memory */
};

struct metadata *metadata_new(void)
{
	struct metadata *metadata = calloc(1, sizeof(*metadata));

	if (metadata == NULL)
		return NULL;
	metadata->root = json_object();
	if (metadata->root != NULL)
		return metadata;
	free(metadata);
	return NULL;
}

struct metadata *metadata_read(const char *path)
{
	struct metadata *metadata;
	json_t *root = json_load_file(path, 0, NULL);

	if (!json_is_object(root) || (metadata = calloc(1, sizeof(*metadata))) == NULL) {
		json_decref(root);
		return NULL;
	}
	metadata->root = root;
	return metadata;
}

void metadata_free(struct metadata *metadata)
{
	if (metadata == NULL)
		return;
	json_decref(metadata->root);
	free(metadata);
}

/* The map that the path's last name is in, made on the way; `key` is that name. */
static json_t *find_map(struct metadata *metadata, const char *path, const char **key)
{
	json_t *map = metadata->root;
	const char *slash;

	while (map != NULL && (slash = strchr(path, '/')) != NULL) {
		size_t len = (size_t)(slash - path);
		json_t *inner = json_object_getn(map, path, len);

		if (inner == NULL && json_object_setn_new(map, path, len, json_object()) == 0)
			inner = json_object_getn(map, path, len);
		map = inner;
		path = slash + 1;
	}
	*key = path;
	return map;
}

/* What stands under the path, borrowed; NULL for nothing. */
static json_t *look_up(const struct metadata *metadata, const char *path)
{
	json_t *value = metadata->root;

	while (value != NULL && *path != '\0') {
		size_t len = strcspn(path, "/");

		value = json_object_getn(value, path, len);
		path += len + (path[len] == '/');
	}
	return value;
}

/* Takes the value over. */
static void set(struct metadata *metadata, const char *path, json_t *value)
{
	const char *key;
	json_t *map = find_map(metadata, path, &key);

	if (json_object_set_new(map, key, value) != 0)
		metadata->failed = true;
}

/* Takes the value over. */
static void append(struct metadata *metadata, const char *path, json_t *value)
{
	const char *key;
	json_t *map = find_map(metadata, path, &key);

	if (json_object_get(map, key) == NULL)
		set(metadata, path, json_array());
	if (json_array_append_new(json_object_get(map, key), value) != 0)
		metadata->failed = true;
}

static json_t *text_value(struct span text)
{
	struct buffer valid = {0};
	json_t *value = NULL;

	if (span_is_null(text))
		return json_null();
	text_append_valid(&valid, text);
	if (!valid.failed)
		value = json_stringn_nocheck(valid.len == 0 ? "" : (const char *)valid.data,
					     valid.len);
	buffer_free(&valid);
	return value;
}

static json_t *hash_value(struct span hash)
{
	struct buffer hex = {0};
	json_t *value = NULL;

	if (span_is_null(hash))
		return json_null();
	text_append_hex(&hex, hash);
	if (!hex.failed)
		value = json_stringn_nocheck((const char *)hex.data, hex.len);
	buffer_free(&hex);
	return value;
}

void metadata_span(struct metadata *metadata, const char *path, struct span text)
{
	set(metadata, path, text_value(text));
}

void metadata_text(struct metadata *metadata, const char *path, const char *text)
{
	metadata_span(metadata, path, span_text(text));
}

void metadata_number(struct metadata *metadata, const char *path, int64_t number)
{
	set(metadata, path, json_integer(number));
}

void metadata_add(struct metadata *metadata, const char *path, int64_t number)
{
	metadata_number(metadata, path, json_integer_value(look_up(metadata, path)) + number);
}

void metadata_flag(struct metadata *metadata, const char *path, bool flag)
{
	set(metadata, path, json_boolean(flag));
}

void metadata_time(struct metadata *metadata, const char *path, int64_t time_ms)
{
	char text[TIMESTAMP_BYTES + 1];

	timestamp_format(time_ms, text);
	set(metadata, path, time_ms < 0 ? json_null() : json_string(text));
}

void metadata_hash(struct metadata *metadata, const char *path, struct span hash)
{
	set(metadata, path, hash_value(hash));
}

void metadata_append_text(struct metadata *metadata, const char *path, const char *text)
{
	append(metadata, path, text_value(span_text(text)));
}

void metadata_append_parts(struct metadata *metadata, const char *path, const char *folder,
			   struct part_list parts)
{
	for (size_t i = 0; i < parts.count; i++) {
		const struct part_info *part = &parts.items[i];
		struct span sha256 = span_of(part->sha256, sizeof(part->sha256));

		append(metadata, path,
		       json_pack("{s:o, s:I, s:I, s:o}", "name",
				 json_sprintf("%s%s", folder, part->name), "records",
				 (json_int_t)part->records, "bytes", (json_int_t)part->bytes,
				 "sha256", hash_value(sha256)));
	}
}

bool metadata_json(struct metadata *metadata, const char *path, const char *json)
{
	json_t *value = json_loads(json, JSON_DECODE_ANY, NULL);

	if (value == NULL)
		return false;
	set(metadata, path, value);
	return true;
}

void metadata_copy(struct metadata *metadata, const char *path, const struct metadata *other,
		   const char *from)
{
	json_t *value = look_up(other, from);

	if (value != NULL)
		set(metadata, path, json_deep_copy(value));
}

size_t metadata_count(const struct metadata *metadata, const char *path)
{
	json_t *value = look_up(metadata, path);

	return json_is_array(value) ? json_array_size(value) : json_object_size(value);
}

/* --- files ----------------------------------------------------------------------------------- */

static bool write_synced(FILE *file, const char *text)
{
	return fputs(text, file) >= 0 && fputc('\n', file) != EOF && fflush(file) == 0 &&
	       fsync(fileno(file)) == 0;
}

static bool write_text(const char *path, const char *text, struct output_error *error)
{
	FILE *file = fopen(path, "we");

	if (file == NULL)
		return output_error_set(error, errno, "create", path);
	bool written = write_synced(file, text);
	int code = errno;

	if (fclose(file) != 0 && written) {
		written = false;
		code = errno;
	}
	if (written)
		return true;
	unlink(path);
	return output_error_set(error, code, "write", path);
}

bool metadata_write(const struct metadata *metadata, const char *path, struct output_error *error)
{
	char temporary[PATH_MAX];
	char *text = json_dumps(metadata->root, JSON_INDENT(INDENT_COLUMNS));

	if (metadata->failed || text == NULL) {
		free(text);
		return output_error_set(error, ENOMEM, "write", path);
	}
	bool fits =
		snprintf(temporary, sizeof(temporary), "%s.part", path) < (int)sizeof(temporary);
	bool written = fits ? write_text(temporary, text, error)
			    : output_error_set(error, ENAMETOOLONG, "create", path);

	free(text);
	if (!written)
		return false;
	return rename(temporary, path) == 0 || output_error_set(error, errno, "rename", path);
}

static bool hash_descriptor(int file, EVP_MD_CTX *hash, uint8_t sha256[PART_HASH_BYTES])
{
	uint8_t *bytes = malloc(READ_BYTES);
	ssize_t got = -1;

	if (bytes == NULL || EVP_DigestInit_ex(hash, EVP_sha256(), NULL) != 1) {
		errno = ENOMEM;
	} else {
		while ((got = read(file, bytes, READ_BYTES)) > 0)
			EVP_DigestUpdate(hash, bytes, (size_t)got);
	}
	free(bytes);
	return got == 0 && EVP_DigestFinal_ex(hash, sha256, NULL) == 1;
}

bool metadata_hash_file(const char *path, uint8_t sha256[PART_HASH_BYTES],
			struct output_error *error)
{
	int file = open(path, O_RDONLY | O_CLOEXEC);

	if (file < 0)
		return output_error_set(error, errno, "open", path);
	EVP_MD_CTX *hash = EVP_MD_CTX_new();
	bool done = hash != NULL && hash_descriptor(file, hash, sha256);
	int code = errno;

	EVP_MD_CTX_free(hash);
	close(file);
	return done || output_error_set(error, code, "read", path);
}
