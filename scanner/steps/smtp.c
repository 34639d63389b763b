/*
 * The states of one SMTP probe. Called by the connection that carries it; it reads replies, writes
 * commands, and says what to do next. It never sends mail, and never believes in plain text what
 * TLS should have carried.
 */
#include "steps/smtp.h"

#include "facts/smtp_reply.h"
#include "steps/bytes.h"

enum {
	REPLY_READY = 220,
	REPLY_DONE = 250,
	REPLY_NO_MAIL = 521,        /* RFC 7504 */
	REPLY_NO_TRANSACTION = 554, /* RFC 5321 3.1: no SMTP service here */
};

/* Room for what a server sends ahead of its turn, beside one reply. */
enum { RECEIVED_MAX_BYTES = 65536, COMMANDS_MAX_BYTES = 4096 };

enum smtp_state {
	SMTP_CONNECTING,
	SMTP_GREETING,
	SMTP_EHLO,
	SMTP_HELO, /* EHLO was refused */
	SMTP_STARTTLS,
	SMTP_HANDSHAKE,
	SMTP_EHLO_TLS,
	SMTP_ENDED,
};

struct smtp_step {
	struct arena *arena;
	const struct step_settings *settings;
	struct span sni;
	struct host_address *probe;
	enum smtp_state state;
	struct bytes received; /* not yet understood */
	struct bytes commands; /* of the last event */
	size_t scanned;        /* bytes of `received` in which no reply ends */
	size_t lines;          /* whole lines among them */
	size_t checked;        /* bytes of the line behind them that were looked at */
	bool blocked;          /* the refusal of EHLO said so */
};

static void forget_last_try(struct host_address *probe)
{
	probe->stage = STAGE_NULL;
	probe->outcome = OUTCOME_NULL;
	probe->code = NUMBER_NULL;
	probe->reply = (struct span){0};
	probe->banner = (struct span){0};
	probe->software = (struct span){0};
	probe->ehlo = (struct span_list){0};
	probe->ehlo_tls = (struct span_list){0};
	probe->starttls = STARTTLS_UNKNOWN;
	probe->requiretls = FLAG_NULL;
	record_init(&schema_host_tls, &probe->tls);
}

struct smtp_step *smtp_step_new(struct arena *arena, const struct step_settings *settings,
				struct span sni, struct host_address *probe)
{
	struct smtp_step *step = arena_alloc(arena, sizeof(*step));

	forget_last_try(probe);
	if (step == NULL)
		return NULL;
	*step = (struct smtp_step){
		.arena = arena,
		.settings = settings,
		.sni = sni,
		.probe = probe,
		.received = bytes_over(arena, RECEIVED_MAX_BYTES),
		.commands = bytes_over(arena, COMMANDS_MAX_BYTES),
	};
	return step;
}

/* --- ways to go on and to end --- */

static void end_probe(struct smtp_step *step, enum stage stage, enum outcome outcome,
		      struct span cause)
{
	step->probe->stage = stage;
	step->probe->outcome = outcome;
	step->probe->reply = arena_copy(step->arena, cause);
	step->state = SMTP_ENDED;
}

static enum smtp_state ended(struct smtp_step *step, enum stage stage, enum outcome outcome,
			     struct span cause)
{
	end_probe(step, stage, outcome, cause);
	return SMTP_ENDED;
}

static bool add_command(struct smtp_step *step, const char *verb, struct span argument)
{
	const char *space = argument.len > 0 ? " " : "";
	struct span line = arena_printf(step->arena, "%s%s%.*s\r\n", verb, space, (int)argument.len,
					(const char *)argument.data);

	return !span_is_null(line) && bytes_add(&step->commands, line) == BYTES_ADDED;
}

static enum smtp_state send_command(struct smtp_step *step, const char *verb, struct span argument,
				    enum stage stage, enum smtp_state next)
{
	if (!add_command(step, verb, argument))
		return ended(step, stage, OUTCOME_LOCAL_LIMIT, (struct span){0});
	return next;
}

/* RFC 5321 4.1.1.10: a client takes its leave. A QUIT that has no room is no loss. */
static void add_quit(struct smtp_step *step)
{
	(void)add_command(step, "QUIT", (struct span){0});
}

static struct span join_lines(struct arena *arena, struct span_list lines)
{
	size_t len = 0, at = 0;

	for (size_t i = 0; i < lines.count; i++)
		len += lines.items[i].len + 1;
	uint8_t *text = arena_alloc(arena, len);

	if (text == NULL)
		return (struct span){0};
	for (size_t i = 0; i < lines.count; i++) {
		if (i > 0)
			text[at++] = '\n';
		if (lines.items[i].len > 0)
			memcpy(text + at, lines.items[i].data, lines.items[i].len);
		at += lines.items[i].len;
	}
	return span_of(text, at);
}

static enum smtp_state refused(struct smtp_step *step, enum stage stage, enum outcome outcome,
			       const struct smtp_reply *reply)
{
	add_quit(step);
	return ended(step, stage, outcome, join_lines(step->arena, reply->lines));
}

/* A reply that neither goes on nor refuses for good. */
static enum smtp_state refused_for_now(struct smtp_step *step, enum stage stage,
				       const struct smtp_reply *reply)
{
	bool deferred = reply->code >= 400 && reply->code < 500;

	return refused(step, stage, deferred ? OUTCOME_DEFERRED : OUTCOME_PROTOCOL_ERROR, reply);
}

static bool is_refusal(const struct smtp_reply *reply)
{
	return reply->code >= 500;
}

static bool says_blocked(struct smtp_step *step, const struct smtp_reply *reply)
{
	return smtp_text_says_blocked(join_lines(step->arena, reply->lines),
				      step->settings->own_addresses);
}

/* --- replies, one handler a state --- */

static enum smtp_state on_greeting(struct smtp_step *step, const struct smtp_reply *reply)
{
	struct host_address *probe = step->probe;

	probe->banner = join_lines(step->arena, reply->lines);
	probe->software = smtp_software(probe->banner);
	if (reply->code == REPLY_READY)
		return send_command(step, "EHLO", step->settings->ehlo_domain, STAGE_EHLO,
				    SMTP_EHLO);
	if (!is_refusal(reply))
		return refused_for_now(step, STAGE_BANNER, reply);
	if (says_blocked(step, reply))
		return refused(step, STAGE_BANNER, OUTCOME_BLOCKED, reply);
	if (reply->code == REPLY_NO_MAIL || reply->code == REPLY_NO_TRANSACTION)
		return refused(step, STAGE_BANNER, OUTCOME_NO_SERVICE, reply);
	return refused(step, STAGE_BANNER, OUTCOME_REFUSED, reply);
}

static enum smtp_state gone_through(struct smtp_step *step)
{
	add_quit(step);
	return ended(step, STAGE_NULL, OUTCOME_SUCCESS, (struct span){0});
}

static enum smtp_state on_ehlo(struct smtp_step *step, const struct smtp_reply *reply)
{
	struct host_address *probe = step->probe;

	if (is_refusal(reply)) {
		step->blocked = says_blocked(step, reply);
		return send_command(step, "HELO", step->settings->ehlo_domain, STAGE_EHLO,
				    SMTP_HELO);
	}
	if (reply->code != REPLY_DONE)
		return refused_for_now(step, STAGE_EHLO, reply);
	probe->ehlo = smtp_ehlo_keywords(step->arena, reply);
	if (smtp_ehlo_offers(probe->ehlo, "STARTTLS")) {
		probe->starttls = STARTTLS_OFFERED;
		return send_command(step, "STARTTLS", (struct span){0}, STAGE_STARTTLS,
				    SMTP_STARTTLS);
	}
	probe->starttls = smtp_ehlo_stripped(probe->ehlo) ? STARTTLS_STRIPPED : STARTTLS_ABSENT;
	return gone_through(step);
}

/* RFC 5321 3.2: a server without EHLO has no extensions, so no STARTTLS. */
static enum smtp_state on_helo(struct smtp_step *step, const struct smtp_reply *reply)
{
	if (reply->code == REPLY_DONE) {
		step->probe->starttls = STARTTLS_ABSENT;
		return gone_through(step);
	}
	if (!is_refusal(reply))
		return refused_for_now(step, STAGE_EHLO, reply);
	if (step->blocked || says_blocked(step, reply))
		return refused(step, STAGE_EHLO, OUTCOME_BLOCKED, reply);
	return refused(step, STAGE_EHLO, OUTCOME_REFUSED, reply);
}

/*
 * What came in plain text behind the 220 would be taken for a protected reply: RFC 3207 4.2,
 * CVE-2011-0411.
 */
static enum smtp_state on_starttls(struct smtp_step *step, const struct smtp_reply *reply)
{
	if (is_refusal(reply))
		return refused(step, STAGE_STARTTLS, OUTCOME_REFUSED, reply);
	if (reply->code != REPLY_READY)
		return refused_for_now(step, STAGE_STARTTLS, reply);
	if (step->received.len > reply->bytes)
		return ended(step, STAGE_STARTTLS, OUTCOME_PROTOCOL_ERROR,
			     span_text("plain text after the reply to STARTTLS"));
	return SMTP_HANDSHAKE;
}

static enum smtp_state on_ehlo_tls(struct smtp_step *step, const struct smtp_reply *reply)
{
	struct host_address *probe = step->probe;

	if (is_refusal(reply))
		return refused(step, STAGE_EHLO, OUTCOME_REFUSED, reply);
	if (reply->code != REPLY_DONE)
		return refused_for_now(step, STAGE_EHLO, reply);
	probe->ehlo_tls = smtp_ehlo_keywords(step->arena, reply);
	probe->requiretls = flag_of(smtp_ehlo_offers(probe->ehlo_tls, "REQUIRETLS"));
	return gone_through(step);
}

static enum smtp_state on_reply(struct smtp_step *step, const struct smtp_reply *reply)
{
	step->probe->code = reply->code;
	switch (step->state) {
	case SMTP_GREETING:
		return on_greeting(step, reply);
	case SMTP_EHLO:
		return on_ehlo(step, reply);
	case SMTP_HELO:
		return on_helo(step, reply);
	case SMTP_STARTTLS:
		return on_starttls(step, reply);
	case SMTP_EHLO_TLS:
		return on_ehlo_tls(step, reply);
	case SMTP_CONNECTING:
	case SMTP_HANDSHAKE:
	case SMTP_ENDED:
		break; /* no reply is awaited */
	}
	return step->state;
}

/* --- bytes --- */

static enum stage stage_of(enum smtp_state state)
{
	switch (state) {
	case SMTP_CONNECTING:
		return STAGE_TCP;
	case SMTP_GREETING:
		return STAGE_BANNER;
	case SMTP_EHLO:
	case SMTP_HELO:
	case SMTP_EHLO_TLS:
		return STAGE_EHLO;
	case SMTP_STARTTLS:
		return STAGE_STARTTLS;
	case SMTP_HANDSHAKE:
		return STAGE_TLS;
	case SMTP_ENDED:
		break;
	}
	return STAGE_NULL;
}

static bool awaits_reply(const struct smtp_step *step)
{
	return step->state != SMTP_CONNECTING && step->state != SMTP_HANDSHAKE &&
	       step->state != SMTP_ENDED;
}

static struct transport next_move(struct smtp_step *step)
{
	struct transport move = {.action = TRANSPORT_READ, .send = bytes_span(&step->commands)};

	if (step->state == SMTP_HANDSHAKE)
		move.action = TRANSPORT_START_TLS;
	else if (step->state == SMTP_ENDED)
		move.action = TRANSPORT_CLOSE;
	return move;
}

/*
 * Is it worth reading? Where a line begins, for what is no reply shows there; where one has ended
 * that is not followed by more (RFC 5321 4.2.1); and over a cap. Reading after every byte would
 * cost the square of what a server sends.
 */
static bool reply_may_be_read(struct smtp_step *step)
{
	enum { SEPARATOR_AT = 3, BEGIN_BYTES = SEPARATOR_AT + 1 };
	const struct limits *limits = step->settings->limits;

	for (;;) {
		struct span rest = span_skip(bytes_span(&step->received), step->scanned);
		size_t end = span_find(rest, '\n');
		size_t checked = step->checked;

		if (end >= (size_t)limits->smtp_line_bytes ||
		    step->lines >= (size_t)limits->smtp_lines_count)
			return true;
		step->checked = end < BEGIN_BYTES ? end : BEGIN_BYTES;
		if (end == rest.len)
			return step->checked > checked;
		if (end <= SEPARATOR_AT || rest.data[SEPARATOR_AT] != '-')
			return true;
		step->scanned += end + 1;
		step->lines++;
		step->checked = 0;
	}
}

/*
 * What was kept may lack anything: a keyword that found no room is no keyword that was not offered.
 */
static enum smtp_state out_of_memory(struct smtp_step *step, enum stage stage)
{
	step->probe->starttls = STARTTLS_UNKNOWN;
	return ended(step, stage, OUTCOME_LOCAL_LIMIT, (struct span){0});
}

static void forget_reply(struct smtp_step *step, size_t bytes)
{
	bytes_drop(&step->received, bytes);
	step->scanned = 0;
	step->lines = 0;
	step->checked = 0;
}

static enum smtp_state read_reply(struct smtp_step *step, bool *more)
{
	const struct limits *limits = step->settings->limits;
	struct smtp_reply_caps caps = {
		.line_bytes = (size_t)limits->smtp_line_bytes,
		.lines_count = (size_t)limits->smtp_lines_count,
	};
	struct smtp_reply reply = {0};
	struct span received = bytes_span(&step->received);
	enum stage stage = stage_of(step->state);
	enum smtp_state next = step->state;

	switch (smtp_reply_read(step->arena, received, &caps, &reply)) {
	case SMTP_REPLY_WHOLE:
		next = on_reply(step, &reply);
		forget_reply(step, reply.bytes);
		break;
	case SMTP_REPLY_MORE:
		*more = true;
		break;
	case SMTP_REPLY_MALFORMED:
		next = ended(step, stage, OUTCOME_PROTOCOL_ERROR,
			     span_first(received, span_find(received, '\n')));
		break;
	case SMTP_REPLY_TOO_LARGE:
		next = ended(step, stage, OUTCOME_TOO_LARGE, (struct span){0});
		break;
	}
	return step->arena->exhausted ? out_of_memory(step, stage) : next;
}

struct transport smtp_step_on_connected(struct smtp_step *step)
{
	if (step->state == SMTP_CONNECTING)
		step->state = SMTP_GREETING;
	return next_move(step);
}

/* A server that answers ahead of its turn is heard in order; RFC 5321 4.3.1 does not let it. */
struct transport smtp_step_on_bytes(struct smtp_step *step, struct span bytes)
{
	bool more = false;

	step->commands.len = 0;
	if (!awaits_reply(step))
		return next_move(step);
	switch (bytes_add(&step->received, bytes)) {
	case BYTES_ADDED:
		break;
	case BYTES_TOO_LARGE:
		end_probe(step, stage_of(step->state), OUTCOME_TOO_LARGE, (struct span){0});
		break;
	case BYTES_NO_MEMORY:
		end_probe(step, stage_of(step->state), OUTCOME_LOCAL_LIMIT, (struct span){0});
		break;
	}
	while (awaits_reply(step) && !more && reply_may_be_read(step))
		step->state = read_reply(step, &more);
	return next_move(step);
}

static struct span_list copy_chain(struct arena *arena, struct span_list chain)
{
	struct span_list copy = {0};

	for (size_t i = 0; i < chain.count; i++) {
		if (!arena_append(arena, &copy, arena_copy(arena, chain.items[i])))
			break;
	}
	return copy;
}

struct transport smtp_step_on_tls(struct smtp_step *step, const struct tls_facts *tls)
{
	struct host_tls *kept = &step->probe->tls;

	step->commands.len = 0;
	if (step->state != SMTP_HANDSHAKE)
		return next_move(step);
	kept->version = arena_copy(step->arena, tls->version);
	kept->cipher = arena_copy(step->arena, tls->cipher);
	kept->group = arena_copy(step->arena, tls->group);
	kept->chain = copy_chain(step->arena, tls->chain);
	kept->sni = step->sni;
	if (step->arena->exhausted) { /* a chain with a gap would be judged as one */
		record_init(&schema_host_tls, kept);
		step->state = out_of_memory(step, STAGE_TLS);
		return next_move(step);
	}
	/* RFC 3207 4.2: what was known of the server is forgotten, and asked again. */
	forget_reply(step, step->received.len);
	step->state =
		send_command(step, "EHLO", step->settings->ehlo_domain, STAGE_EHLO, SMTP_EHLO_TLS);
	return next_move(step);
}

static enum outcome outcome_of(enum transport_end end)
{
	switch (end) {
	case TRANSPORT_END_REFUSED:
		return OUTCOME_REFUSED;
	case TRANSPORT_END_UNREACHABLE:
		return OUTCOME_UNREACHABLE;
	case TRANSPORT_END_RESET:
		return OUTCOME_RESET;
	case TRANSPORT_END_CUT:
	case TRANSPORT_END_CLOSED:
		return OUTCOME_CLOSED;
	case TRANSPORT_END_TIMEOUT:
		return OUTCOME_TIMEOUT;
	case TRANSPORT_END_TLS_ALERT:
		return OUTCOME_ALERT;
	case TRANSPORT_END_TLS_VERSION:
	case TRANSPORT_END_TLS_ERROR:
	case TRANSPORT_END_NO_CERTIFICATE:
		return OUTCOME_PROTOCOL_ERROR;
	case TRANSPORT_END_TOO_LARGE:
		return OUTCOME_TOO_LARGE;
	case TRANSPORT_END_LOCAL:
		return OUTCOME_LOCAL_LIMIT;
	case TRANSPORT_END_EXCLUDED:
		return OUTCOME_EXCLUDED;
	case TRANSPORT_END_STOPPED:
		break;
	}
	return OUTCOME_NOT_ATTEMPTED;
}

void smtp_step_on_end(struct smtp_step *step, enum transport_end end, struct span detail)
{
	enum stage stage = stage_of(step->state);

	if (step->state == SMTP_ENDED)
		return;
	/* An alert or a broken record is of TLS, also where it comes after the handshake. */
	if (end == TRANSPORT_END_TLS_ALERT || end == TRANSPORT_END_TLS_ERROR)
		stage = STAGE_TLS;
	if (end == TRANSPORT_END_TLS_VERSION)
		detail = span_text("protocol-version");
	if (end == TRANSPORT_END_NO_CERTIFICATE)
		detail = span_text("no-certificate");
	end_probe(step, stage, outcome_of(end), detail);
}
