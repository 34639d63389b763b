/*
 * A record's tree in msgpack, by msgpack-c's packer into the buffer.
 */
#include <msgpack/pack.h>

#include "output/tree.h"

static int write_to_buffer(void *buffer, const char *data, size_t len)
{
	buffer_append(buffer, data, len);
	return 0; /* the buffer's failure is sticky, and asked for in the end */
}

static msgpack_packer packer_over(struct buffer *buffer)
{
	msgpack_packer packer;

	msgpack_packer_init(&packer, buffer, write_to_buffer);
	return packer;
}

static void put_map(struct buffer *buffer, size_t count)
{
	msgpack_packer packer = packer_over(buffer);

	msgpack_pack_map(&packer, count);
}

static void put_list(struct buffer *buffer, size_t count)
{
	msgpack_packer packer = packer_over(buffer);

	msgpack_pack_array(&packer, count);
}

static void put_end(struct buffer *buffer)
{
	(void)buffer; /* counts say where a map or list ends */
}

static void put_text(struct buffer *buffer, struct span text)
{
	msgpack_packer packer = packer_over(buffer);

	msgpack_pack_str(&packer, text.len);
	buffer_append_span(buffer, text);
}

static void put_key(struct buffer *buffer, const char *name, const char *suffix)
{
	(void)suffix; /* bytes need no other name here */
	put_text(buffer, span_text(name));
}

static void put_null(struct buffer *buffer)
{
	msgpack_packer packer = packer_over(buffer);

	msgpack_pack_nil(&packer);
}

static void put_number(struct buffer *buffer, int64_t number)
{
	msgpack_packer packer = packer_over(buffer);

	msgpack_pack_int64(&packer, number);
}

static void put_flag(struct buffer *buffer, bool flag)
{
	msgpack_packer packer = packer_over(buffer);

	if (flag)
		msgpack_pack_true(&packer);
	else
		msgpack_pack_false(&packer);
}

static void put_bytes(struct buffer *buffer, struct span bytes)
{
	msgpack_packer packer = packer_over(buffer);

	msgpack_pack_bin(&packer, bytes.len);
	buffer_append_span(buffer, bytes);
}

const struct tree_format tree_msgpack = {
	.text_only = false,
	.map = put_map,
	.map_end = put_end,
	.list = put_list,
	.list_end = put_end,
	.key = put_key,
	.null = put_null,
	.number = put_number,
	.flag = put_flag,
	.text = put_text,
	.bytes = put_bytes,
	.base64 = put_bytes,
	.hash = put_bytes,
};
