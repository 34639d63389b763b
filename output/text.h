/*
 * Bytes as text: what may stand in JSON and CSV as it is, and what becomes of the rest. Pure; used
 * by all encoders.
 */
#ifndef STSWEEP_OUTPUT_TEXT_H
#define STSWEEP_OUTPUT_TEXT_H

#include "output/buffer.h"

/* Valid UTF-8 without NUL. */
bool text_is_valid(struct span bytes);
/* Lower-case hexadecimal. */
void text_append_hex(struct buffer *buffer, struct span bytes);
/* With padding, RFC 4648 4. */
void text_append_base64(struct buffer *buffer, struct span bytes);
/* Text as it is; every byte that makes it invalid as \xNN. */
void text_append_valid(struct buffer *buffer, struct span bytes);

#endif
