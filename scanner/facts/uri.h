/*
 * URIs by the grammar of RFC 3986, as far as a TLS-RPT record needs them: is it one, and whose
 * scheme is it. It resolves and fetches nothing.
 */
#ifndef STSWEEP_FACTS_URI_H
#define STSWEEP_FACTS_URI_H

#include "base/span.h"

/*
 * URI of RFC 3986 3 (scheme, authority or path, query, fragment). Total: any bytes give an answer.
 */
bool uri_is_valid(struct span uri);
/* Does it begin with `scheme` and a colon? Schemes compare without case (RFC 3986 3.1). */
bool uri_has_scheme(struct span uri, const char *scheme);

#endif
