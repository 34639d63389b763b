/*
 * The policy fetch on one connection (RFC 8461 3.3): HTTP/2 by nghttp2's byte-in, byte-out session,
 * or HTTP/1.1 where ALPN chose it. One GET of /.well-known/mta-sts.txt, no redirect followed,
 * capped body and headers. Fills one sts_policy as it goes; the certificate is recorded, not
 * judged: the body is fetched past a bad one and the judge decides.
 */
#ifndef STSWEEP_STEPS_HTTPS_H
#define STSWEEP_STEPS_HTTPS_H

#include "steps/request.h"
#include "steps/transport.h"

struct https_step;

struct https_step *https_step_new(struct arena *arena, const struct step_settings *settings,
				  struct span host, struct sts_policy *policy);
/* Connected: asks for TLS at once. */
struct transport https_step_on_connected(struct https_step *step);
/* TLS is up; by its ALPN the request goes out. */
struct transport https_step_on_tls(struct https_step *step, const struct tls_facts *tls);
struct transport https_step_on_bytes(struct https_step *step, struct span bytes);
void https_step_on_end(struct https_step *step, enum transport_end end, struct span detail);
/*
 * Two addresses in turn, no connection to either: the end that speaks for both. A refusal is
 * certain of one address only; the one that did not answer may have the policy (MEASURES 1), so
 * that comes first.
 */
enum transport_end https_end_of_both(enum transport_end before, enum transport_end last);
/*
 * Frees nghttp2's session, which lives outside the arena. Called once, by the driver, when the
 * connection is gone.
 */
void https_step_close(struct https_step *step);

#endif
