/*
 * Addresses between bytes, text and network, and the table of what is not globally reachable.
 * Called by the DNS parser, the gatekeeper's limits and the judge; never opens a socket.
 */
#include "facts/address.h"

#include <arpa/inet.h>

enum { IPV4_BYTES = 4, IPV6_BYTES = 16, BITS_PER_BYTE = 8 };

/* IANA IPv4 Special-Purpose Address Registry (RFC 6890 2.2.2), "globally reachable" false, and
 * multicast (RFC 5771). The two anycast addresses within 192.0.0.0/24 are no mail host's. */
struct ipv4_block {
	uint8_t bytes[IPV4_BYTES];
	uint8_t bits;
};

static const struct ipv4_block ipv4_reserved[] = {
	{{0, 0, 0, 0}, 8},       /* this network, RFC 791 3.2 */
	{{10, 0, 0, 0}, 8},      /* private, RFC 1918 */
	{{100, 64, 0, 0}, 10},   /* shared, RFC 6598 */
	{{127, 0, 0, 0}, 8},     /* loopback, RFC 1122 3.2.1.3 */
	{{169, 254, 0, 0}, 16},  /* link-local, RFC 3927 */
	{{172, 16, 0, 0}, 12},   /* private, RFC 1918 */
	{{192, 0, 0, 0}, 24},    /* IETF protocol assignments, RFC 6890 2.1 */
	{{192, 0, 2, 0}, 24},    /* documentation, RFC 5737 */
	{{192, 88, 99, 0}, 24},  /* 6to4 relays, taken out of use by RFC 7526 */
	{{192, 168, 0, 0}, 16},  /* private, RFC 1918 */
	{{198, 18, 0, 0}, 15},   /* benchmarking, RFC 2544 */
	{{198, 51, 100, 0}, 24}, /* documentation, RFC 5737 */
	{{203, 0, 113, 0}, 24},  /* documentation, RFC 5737 */
	{{224, 0, 0, 0}, 4},     /* multicast, RFC 5771 */
	{{240, 0, 0, 0}, 4},     /* reserved and broadcast, RFC 1112 4, RFC 8190 */
};

/* The same for IPv6, within what IANA gives out as global unicast. */
struct ipv6_block {
	uint8_t bytes[IPV6_BYTES];
	uint8_t bits;
};

static const struct ipv6_block ipv6_global_unicast = {{0x20}, 3};

static const struct ipv6_block ipv6_reserved[] = {
	{{0x20, 0x01, 0x00, 0x00}, 23}, /* IETF protocol assignments with Teredo, RFC 2928 */
	{{0x20, 0x01, 0x0d, 0xb8}, 32}, /* documentation, RFC 3849 */
	{{0x3f, 0xff, 0x00}, 20},       /* documentation, RFC 9637 */
};

/* IPv6 addresses that stand for an IPv4 address and are as reachable as it is. */
struct embedding {
	struct ipv6_block block;
	uint8_t at; /* of the IPv4 address */
};

static const struct embedding embeddings[] = {
	{{{0x00, 0x64, 0xff, 0x9b}, 96}, 12}, /* NAT64, RFC 6052 2.1 */
	{{{0x20, 0x02}, 16}, 2},              /* 6to4, RFC 3056 */
};

struct address address_from_bytes(struct span bytes)
{
	struct address address = {.family = ADDRESS_NONE};

	if (bytes.len == IPV4_BYTES)
		address.family = ADDRESS_IPV4;
	else if (bytes.len == IPV6_BYTES)
		address.family = ADDRESS_IPV6;
	else
		return address;
	memcpy(address.bytes, bytes.data, bytes.len);
	return address;
}

struct address address_from_text(struct span text)
{
	char copy[INET6_ADDRSTRLEN];
	uint8_t bytes[IPV6_BYTES];

	if (text.len == 0 || text.len >= sizeof(copy) || span_find(text, '\0') < text.len)
		return (struct address){.family = ADDRESS_NONE};
	memcpy(copy, text.data, text.len);
	copy[text.len] = '\0';
	if (inet_pton(AF_INET, copy, bytes) == 1)
		return address_from_bytes(span_of(bytes, IPV4_BYTES));
	if (inet_pton(AF_INET6, copy, bytes) == 1)
		return address_from_bytes(span_of(bytes, IPV6_BYTES));
	return (struct address){.family = ADDRESS_NONE};
}

struct span address_to_text(struct arena *arena, struct address address)
{
	char text[INET6_ADDRSTRLEN];
	int family = address.family == ADDRESS_IPV4 ? AF_INET : AF_INET6;

	if (address.family == ADDRESS_NONE ||
	    inet_ntop(family, address.bytes, text, sizeof(text)) == NULL)
		return (struct span){0};
	return arena_copy(arena, span_text(text));
}

static size_t family_bytes(uint8_t family)
{
	return family == ADDRESS_IPV4 ? IPV4_BYTES : family == ADDRESS_IPV6 ? IPV6_BYTES : 0;
}

bool address_equal(struct address a, struct address b)
{
	return a.family == b.family && memcmp(a.bytes, b.bytes, family_bytes(a.family)) == 0;
}

struct address address_prefix(struct address address, unsigned bits)
{
	size_t len = family_bytes(address.family);

	for (size_t i = 0; i < len; i++) {
		size_t first_bit = i * BITS_PER_BYTE;
		unsigned kept = bits <= first_bit ? 0 : bits - (unsigned)first_bit;

		if (kept < BITS_PER_BYTE)
			address.bytes[i] &= (uint8_t)(0xff00 >> kept);
	}
	return address;
}

static bool is_in(struct address address, const uint8_t *bytes, unsigned bits)
{
	return memcmp(address_prefix(address, bits).bytes, bytes, family_bytes(address.family)) ==
	       0;
}

static bool ipv4_is_reserved(struct address address)
{
	for (size_t i = 0; i < ARRAY_LENGTH(ipv4_reserved); i++)
		if (is_in(address, ipv4_reserved[i].bytes, ipv4_reserved[i].bits))
			return true;
	return false;
}

/* Outside 2000::/3 nothing is global unicast (RFC 4291 2.4 and IANA's IPv6 address space registry):
 * loopback, mapped, unique local, link-local, multicast and what nobody was ever given. */
static bool ipv6_is_reserved(struct address address)
{
	for (size_t i = 0; i < ARRAY_LENGTH(embeddings); i++) {
		const struct embedding *embedding = &embeddings[i];

		if (is_in(address, embedding->block.bytes, embedding->block.bits))
			return ipv4_is_reserved(address_from_bytes(
				span_of(address.bytes + embedding->at, IPV4_BYTES)));
	}
	for (size_t i = 0; i < ARRAY_LENGTH(ipv6_reserved); i++)
		if (is_in(address, ipv6_reserved[i].bytes, ipv6_reserved[i].bits))
			return true;
	return !is_in(address, ipv6_global_unicast.bytes, ipv6_global_unicast.bits);
}

bool address_is_reserved(struct address address)
{
	if (address.family == ADDRESS_IPV4)
		return ipv4_is_reserved(address);
	if (address.family == ADDRESS_IPV6)
		return ipv6_is_reserved(address);
	return true;
}
