/*
 * Any bytes as a line of a list and as a name: what is taken is a name by every other measure, and
 * stays itself.
 */
#include <stdlib.h>

#include "facts/dns_wire.h"
#include "facts/name.h"

enum { ARENA_CAP_BYTES = 1 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
	if (!holds)
		abort();
}

static void check_input(struct arena *arena, struct span input)
{
	struct dns_wire_name wire;
	struct span name, again;

	if (name_from_input(arena, input, &name) != NAME_FAULT_NULL) {
		check(span_is_null(name));
		return;
	}
	check(name.len > 0 && name.len <= NAME_MAX_BYTES && span_is_ascii(name));
	check(name_labels(name) >= 2 && !name_is_address(name));
	check(name_from_input(arena, name, &again) == NAME_FAULT_NULL && span_equal(name, again));
	dns_wire_from_text(name, &wire);
	check(wire.len == name.len + 2);
}

/* Names as they come from the wire, with escapes. */
static void check_parts(struct arena *arena, struct span name)
{
	struct span parent = name_parent(name), folded = name_fold(arena, name);

	check(name.len == 0 || name_labels(name) == 1 + name_labels(parent));
	check(folded.len == name.len || folded.len + 1 == name.len);
	check(parent.len == 0 || name_is_within(name, parent));
	check(name.len == 0 || name_is_within(name, name));
	name_check_host(name);
	struct span registrable = name_registrable(psl_builtin(), name);
	struct span suffix = name_public_suffix(psl_builtin(), name);

	check(registrable.len <= name.len && suffix.len <= name.len);
	check(span_is_null(registrable) || span_ends_with_nocase(registrable, suffix));
}

static void check_wire(struct span text)
{
	struct dns_wire_name wire, again;
	char back[DNS_NAME_TEXT_BYTES];
	size_t end = 0;

	dns_wire_from_text(text, &wire);
	if (wire.len == 0)
		return;
	size_t len = dns_wire_to_text(span_of(wire.bytes, wire.len), 0, back, &end);

	check(len > 0 && end == wire.len);
	dns_wire_from_text(span_of(back, len), &again);
	check(span_equal_nocase(span_of(wire.bytes, wire.len), span_of(again.bytes, again.len)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span bytes = span_of(data, size);
	struct arena arena;

	arena_init(&arena, ARENA_CAP_BYTES);
	check_input(&arena, bytes);
	if (size <= NAME_MAX_BYTES)
		check_parts(&arena, bytes);
	check_wire(bytes);
	arena_free(&arena);
	return 0;
}
