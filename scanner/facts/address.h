/*
 * IP addresses as values: 4 or 16 bytes with their family, in text and in network order, and which
 * of them are reserved (IANA special-purpose registries, RFC 6890): those are recorded and, by
 * default, never contacted.
 */
#ifndef STSWEEP_FACTS_ADDRESS_H
#define STSWEEP_FACTS_ADDRESS_H

#include "base/arena.h"
#include "base/span.h"

enum address_family { ADDRESS_NONE = 0, ADDRESS_IPV4 = 4, ADDRESS_IPV6 = 6 };

struct address {
	uint8_t family; /* enum address_family */
	uint8_t bytes[16];
};

/* `bytes` holds 4 or 16 bytes in network order; any other length gives ADDRESS_NONE. */
struct address address_from_bytes(struct span bytes);
/* ADDRESS_NONE when `text` is no address. */
struct address address_from_text(struct span text);
struct span address_to_text(struct arena *arena, struct address address);
bool address_equal(struct address a, struct address b);
/*
 * Not globally reachable: private, loopback, link-local, documentation, benchmarking, multicast,
 * mapped forms of these...
 */
bool address_is_reserved(struct address address);
/* The network of `bits` leading bits (the rest zeroed). */
struct address address_prefix(struct address address, unsigned bits);

#endif
