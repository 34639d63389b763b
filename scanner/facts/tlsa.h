/*
 * TLSA records for SMTP (RFC 6698 2, RFC 7672 3.1): which are usable, and their text form.
 */
#ifndef STSWEEP_FACTS_TLSA_H
#define STSWEEP_FACTS_TLSA_H

#include "base/arena.h"
#include "base/span.h"
#include "facts/dns_message.h"

enum { TLSA_USAGE_DANE_TA = 2, TLSA_USAGE_DANE_EE = 3 };

/*
 * Usage 2 or 3, selector 0 or 1, matching type 0 to 2 with a digest of its right length (RFC 7672
 * 3.1.3, 7671 4).
 */
bool tlsa_is_usable(const struct dns_tlsa *record);
/* "3 1 1 <lower-case hex>". */
struct span tlsa_to_text(struct arena *arena, const struct dns_tlsa *record);
/* The same back, hex possibly split by white space; false if malformed. */
bool tlsa_from_text(struct arena *arena, struct span text, struct dns_tlsa *record);

#endif
