/*
 * A record's tree in JSON (RFC 8259), on one line. Built as it comes, because a tree of library
 * objects per record would cost more than all the rest of its writing; jansson escapes the texts
 * that need it.
 */
#include <jansson.h>

#include "output/text.h"
#include "output/tree.h"

/* A comma goes before what is not the first of its map or list, nor the value of a key, nor the
 * record itself. */
static void separate(struct buffer *buffer)
{
	if (buffer->len == 0)
		return;
	switch (buffer->data[buffer->len - 1]) {
	case '{':
	case '[':
	case ':':
	case '\n':
		return;
	default:
		buffer_append_byte(buffer, ',');
	}
}

static bool is_plain(struct span text)
{
	for (size_t i = 0; i < text.len; i++) {
		uint8_t byte = text.data[i];

		if (byte < ' ' || byte > '~' || byte == '"' || byte == '\\')
			return false;
	}
	return true;
}

static int write_to_buffer(const char *data, size_t len, void *buffer)
{
	buffer_append(buffer, data, len);
	return 0;
}

/* The text has been found to be UTF-8, so that its check need not be run again. */
static void append_escaped(struct buffer *buffer, struct span text)
{
	json_t *string = json_stringn_nocheck((const char *)text.data, text.len);

	if (string == NULL ||
	    json_dump_callback(string, write_to_buffer, buffer, JSON_ENCODE_ANY) != 0)
		buffer->failed = true;
	json_decref(string);
}

static void put_text(struct buffer *buffer, struct span text)
{
	separate(buffer);
	if (!is_plain(text)) {
		append_escaped(buffer, text);
		return;
	}
	buffer_append_byte(buffer, '"');
	buffer_append_span(buffer, text);
	buffer_append_byte(buffer, '"');
}

static void put_map(struct buffer *buffer, size_t count)
{
	(void)count;
	separate(buffer);
	buffer_append_byte(buffer, '{');
}

static void put_map_end(struct buffer *buffer)
{
	buffer_append_byte(buffer, '}');
}

static void put_list(struct buffer *buffer, size_t count)
{
	(void)count;
	separate(buffer);
	buffer_append_byte(buffer, '[');
}

static void put_list_end(struct buffer *buffer)
{
	buffer_append_byte(buffer, ']');
}

/* Names of fields are C identifiers and need no escaping. */
static void put_key(struct buffer *buffer, const char *name, const char *suffix)
{
	separate(buffer);
	buffer_append_byte(buffer, '"');
	buffer_append_text(buffer, name);
	buffer_append_text(buffer, suffix);
	buffer_append(buffer, "\":", 2);
}

static void put_bare(struct buffer *buffer, const char *text)
{
	separate(buffer);
	buffer_append_text(buffer, text);
}

static void put_null(struct buffer *buffer)
{
	put_bare(buffer, "null");
}

static void put_flag(struct buffer *buffer, bool flag)
{
	put_bare(buffer, flag ? "true" : "false");
}

static void put_number(struct buffer *buffer, int64_t number)
{
	separate(buffer);
	buffer_append_number(buffer, number);
}

static void put_base64(struct buffer *buffer, struct span bytes)
{
	separate(buffer);
	buffer_append_byte(buffer, '"');
	text_append_base64(buffer, bytes);
	buffer_append_byte(buffer, '"');
}

static void put_hash(struct buffer *buffer, struct span hash)
{
	separate(buffer);
	buffer_append_byte(buffer, '"');
	text_append_hex(buffer, hash);
	buffer_append_byte(buffer, '"');
}

const struct tree_format tree_json = {
	.text_only = true,
	.map = put_map,
	.map_end = put_map_end,
	.list = put_list,
	.list_end = put_list_end,
	.key = put_key,
	.null = put_null,
	.number = put_number,
	.flag = put_flag,
	.text = put_text,
	.bytes = put_text,
	.base64 = put_base64,
	.hash = put_hash,
};
