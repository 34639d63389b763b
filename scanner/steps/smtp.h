/*
 * The SMTP probe (RFC 5321, STARTTLS RFC 3207): greeting, EHLO (HELO where EHLO is refused),
 * STARTTLS, EHLO again, QUIT. No mail, ever. Fills one host_address as it goes, so that whatever
 * ends the connection leaves what was learnt.
 */
#ifndef STSWEEP_STEPS_SMTP_H
#define STSWEEP_STEPS_SMTP_H

#include "steps/request.h"
#include "steps/transport.h"

struct smtp_step;

/* The machine lives in `arena`; NULL over its cap. `sni` is what the connection will indicate. */
struct smtp_step *smtp_step_new(struct arena *arena, const struct step_settings *settings,
				struct span sni, struct host_address *probe);
/* Connected: waits for the greeting. */
struct transport smtp_step_on_connected(struct smtp_step *step);
struct transport smtp_step_on_bytes(struct smtp_step *step, struct span bytes);
/* The handshake asked for is done. */
struct transport smtp_step_on_tls(struct smtp_step *step, const struct tls_facts *tls);
/*
 * The connection ended, or could not be made; also called after TRANSPORT_CLOSE is not needed: the
 * result stands then.
 */
void smtp_step_on_end(struct smtp_step *step, enum transport_end end, struct span detail);

#endif
