/*
 * Connections with TLS against servers on loopback: what TLS tells, and every way a handshake can
 * end.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <event2/event.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "helper_server.h"
#include "helper_talker.h"
#include "workers/clock.h"

static void script_starttls(struct server *of, int connection)
{
	char line[100];
	SSL *session;

	server_say(connection, "go ahead\n");
	session = server_tls(of, connection);
	if (session == NULL)
		return;
	if (server_tls_hear(session, line, sizeof(line)) && strcmp(line, "good day") == 0) {
		server_tls_say(session, "good ");
		server_tls_say(session, "bye\n");
		if (server_tls_hear(session, line, sizeof(line)) && strcmp(line, "end") == 0 &&
		    SSL_read(session, line, 1) <= 0 &&
		    (SSL_get_shutdown(session) & SSL_RECEIVED_SHUTDOWN) != 0)
			atomic_fetch_add(&of->scripts_done, 1);
	}
	SSL_free(session);
}

static void test_starttls(void **state)
{
	struct talker talker = {.tls_on_line = true, .says = span_text("good day\n")};

	(void)state;
	server_make_tls(talker_server, "mx.example.test");
	talker_serve(script_starttls);
	talker_talk(TLS_USE_SMTP, &talker);
	talker_stop_tls();
	assert_true(talker.end.by_machine);
	assert_string_equal(talker.version, "TLSv1.3");
	assert_true(strncmp(talker.cipher, "TLS_", 4) == 0);
	assert_string_equal(talker.group, "x25519");
	assert_string_equal(talker.alpn, "");
	assert_int_equal(talker.chain_count, 1);
	assert_int_equal(talker.certificates, 1);
	assert_memory_equal(talker.leaf, talker_server->leaf_sha256, TALKER_HASH_BYTES);
	assert_int_equal(talker_server->scripts_done, 1);
}

static void script_tls(struct server *of, int connection)
{
	SSL *session = server_tls(of, connection);

	if (session == NULL)
		return;
	server_tls_say(session, "bye\n");
	SSL_shutdown(session);
	SSL_free(session);
}

static void tls_with(int version, const char *ciphers, enum tls_use use, struct talker *talker)
{
	server_make_tls(talker_server, "mx.example.test");
	SSL_CTX_set_min_proto_version(talker_server->tls, version);
	SSL_CTX_set_max_proto_version(talker_server->tls, version);
	if (ciphers != NULL)
		assert_int_equal(SSL_CTX_set_cipher_list(talker_server->tls, ciphers), 1);
	talker_serve(script_tls);
	talker->tls_first = true;
	talker_talk(use, talker);
	talker_stop_tls();
}

static void test_old_versions(void **state)
{
	struct talker talker = {0};

	(void)state;
	tls_with(TLS1_VERSION, "ALL:@SECLEVEL=0", TLS_USE_SMTP, &talker);
	assert_true(talker.end.by_machine);
	assert_string_equal(talker.version, "TLSv1");
	assert_string_not_equal(talker.group, "");
}

static void talk_tls_1_2(const char *ciphers, struct talker *talker)
{
	SSL_CTX_set_max_proto_version(talker_server->tls, TLS1_2_VERSION);
	SSL_CTX_set_dh_auto(talker_server->tls, 1);
	assert_int_equal(SSL_CTX_set_cipher_list(talker_server->tls, ciphers), 1);
	talker_serve(script_tls);
	talker->tls_first = true;
	talker_talk(TLS_USE_SMTP, talker);
	talker_stop_tls();
	assert_string_equal(talker->version, "TLSv1.2");
}

static void test_groups_before_tls_1_3(void **state)
{
	struct talker curve = {0};

	(void)state;
	server_make_tls(talker_server, "mx.example.test");
	talk_tls_1_2("ECDHE-ECDSA-AES128-GCM-SHA256", &curve);
	assert_string_equal(curve.cipher, "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256");
	assert_string_equal(curve.group, "x25519");
}

static void test_finite_field_group(void **state)
{
	struct talker field = {0};

	(void)state;
	server_make_tls_rsa(talker_server, "mx.example.test");
	talk_tls_1_2("DHE-RSA-AES128-GCM-SHA256", &field);
	assert_string_equal(field.cipher, "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256");
	assert_string_equal(field.group, "dh-2048");
}

/* RSA key transport has no group. */
static void test_no_group(void **state)
{
	struct talker plain = {0};

	(void)state;
	server_make_tls_rsa(talker_server, "mx.example.test");
	talk_tls_1_2("AES128-SHA", &plain);
	assert_string_equal(plain.cipher, "TLS_RSA_WITH_AES_128_CBC_SHA");
	assert_string_equal(plain.group, "");
}

static void test_no_version_in_common(void **state)
{
	struct talker talker = {0};

	(void)state;
	tls_with(TLS1_1_VERSION, "ALL:@SECLEVEL=0", TLS_USE_HTTPS, &talker);
	talker_assert_end(&talker, TRANSPORT_END_TLS_VERSION);
}

static int select_alpn(SSL *session, const unsigned char **out, unsigned char *out_len,
		       const unsigned char *in, unsigned in_len, void *context)
{
	const char *wanted = context;

	(void)session;
	if (SSL_select_next_proto((unsigned char **)(uintptr_t)out, out_len,
				  (const unsigned char *)wanted, (unsigned)strlen(wanted), in,
				  in_len) != OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_NOACK;
	return SSL_TLSEXT_ERR_OK;
}

static void test_alpn(void **state)
{
	static char wanted[] = "\x02h2";
	struct talker talker = {.tls_first = true};

	(void)state;
	server_make_tls(talker_server, "mta-sts.example.test");
	SSL_CTX_set_alpn_select_cb(talker_server->tls, select_alpn, wanted);
	talker_serve(script_tls);
	talker_talk(TLS_USE_HTTPS, &talker);
	talker_stop_tls();
	assert_string_equal(talker.alpn, "h2");
	assert_true(talker.end.by_machine);
}

static int refuse_name(SSL *session, int *alert, void *context)
{
	(void)context;
	assert_string_equal(SSL_get_servername(session, TLSEXT_NAMETYPE_host_name),
			    "mx.example.test");
	*alert = SSL_AD_UNRECOGNIZED_NAME;
	return SSL_TLSEXT_ERR_ALERT_FATAL;
}

static void test_alert(void **state)
{
	struct talker talker = {.tls_first = true};

	(void)state;
	server_make_tls(talker_server, "mx.example.test");
	SSL_CTX_set_tlsext_servername_callback(talker_server->tls, refuse_name);
	talker_serve(script_tls);
	talker_talk(TLS_USE_SMTP, &talker);
	talker_stop_tls();
	talker_assert_end(&talker, TRANSPORT_END_TLS_ALERT);
	assert_string_equal(talker.detail, "112");
}

/*
 * In TLS 1.3 the client is done before the server has seen its certificate: the alert comes later.
 */
static void test_client_certificate_wanted(void **state)
{
	struct talker talker = {.tls_first = true};

	(void)state;
	server_make_tls(talker_server, "mx.example.test");
	SSL_CTX_set_verify(talker_server->tls, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
			   NULL);
	talker_serve(script_tls);
	talker_talk(TLS_USE_SMTP, &talker);
	talker_stop_tls();
	talker_assert_end(&talker, TRANSPORT_END_TLS_ALERT);
	assert_string_equal(talker.detail, "116");
	assert_int_equal(talker.certificates, 1);
}

static void script_garbage(struct server *of, int connection)
{
	char bytes[512];

	(void)of;
	recv(connection, bytes, sizeof(bytes), 0);
	server_say(connection, "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
	recv(connection, bytes, sizeof(bytes), 0);
}

static void test_garbage_for_a_handshake(void **state)
{
	struct talker talker = {.tls_first = true};

	(void)state;
	talker_serve(script_garbage);
	talker_talk(TLS_USE_HTTPS, &talker);
	server_stop(talker_server);
	talker_assert_end(&talker, TRANSPORT_END_TLS_ERROR);
	assert_string_not_equal(talker.detail, "");
}

static void script_close_in_handshake(struct server *of, int connection)
{
	char bytes[4096];

	(void)of;
	recv(connection, bytes, sizeof(bytes), 0);
}

static void test_closed_in_handshake(void **state)
{
	struct talker talker = {.tls_first = true};

	(void)state;
	talker_serve(script_close_in_handshake);
	talker_talk(TLS_USE_SMTP, &talker);
	server_stop(talker_server);
	talker_assert_end(&talker, TRANSPORT_END_CLOSED);
}

static void script_reset_in_handshake(struct server *of, int connection)
{
	script_close_in_handshake(of, connection);
	server_reset(of, connection);
}

static void test_reset_in_handshake(void **state)
{
	struct talker talker = {.tls_first = true};

	(void)state;
	talker_serve(script_reset_in_handshake);
	talker_talk(TLS_USE_SMTP, &talker);
	server_stop(talker_server);
	talker_assert_end(&talker, TRANSPORT_END_RESET);
}

static void test_silent_handshake(void **state)
{
	struct talker talker = {.tls_first = true};

	(void)state;
	talker_limits.network_timeout_ms = 150;
	talker_serve(server_stay_silent);
	talker_talk(TLS_USE_SMTP, &talker);
	server_stop(talker_server);
	talker_assert_end(&talker, TRANSPORT_END_TIMEOUT);
}

/* TLS 1.2: ServerHello without extensions, then a Certificate message whose list is empty. */
static void script_no_certificate(struct server *of, int connection)
{
	static const uint8_t certificate[] = {22, 3, 3, 0, 7, 11, 0, 0, 3, 0, 0, 0};
	uint8_t hello[5 + 4 + 38] = {22, 3, 3, 0, 42, 2, 0, 0, 38, 3, 3};
	char bytes[4096];

	(void)of;
	memset(hello + 11, 7, 32);
	hello[11 + 32 + 1] = 0xc0;
	hello[11 + 32 + 2] = 0x2b;
	recv(connection, bytes, sizeof(bytes), 0);
	send(connection, hello, sizeof(hello), MSG_NOSIGNAL);
	send(connection, certificate, sizeof(certificate), MSG_NOSIGNAL);
	recv(connection, bytes, sizeof(bytes), 0);
}

static void test_no_certificate(void **state)
{
	struct talker talker = {.tls_first = true};

	(void)state;
	talker_serve(script_no_certificate);
	talker_talk(TLS_USE_SMTP, &talker);
	server_stop(talker_server);
	talker_assert_end(&talker, TRANSPORT_END_NO_CERTIFICATE);
}

static void script_tls_flood(struct server *of, int connection)
{
	SSL *session = server_tls(of, connection);
	char bytes[4096];

	if (session == NULL)
		return;
	memset(bytes, 'x', sizeof(bytes));
	for (int i = 0; i < 1000 && SSL_write(session, bytes, sizeof(bytes)) > 0; i++)
		;
	SSL_free(session);
}

static void test_a_flood_in_tls(void **state)
{
	struct talker talker = {.tls_first = true};

	(void)state;
	talker_limits.tls_read_bytes = 50000;
	server_make_tls(talker_server, "mx.example.test");
	talker_serve(script_tls_flood);
	talker_talk(TLS_USE_HTTPS, &talker);
	talker_stop_tls();
	talker_assert_end(&talker, TRANSPORT_END_TOO_LARGE);
}

static void test_chain_cap(void **state)
{
	struct talker talker = {.tls_first = true};

	(void)state;
	talker_limits.certificate_bytes = 100;
	server_make_tls(talker_server, "mx.example.test");
	talker_serve(script_tls);
	talker_talk(TLS_USE_SMTP, &talker);
	talker_stop_tls();
	talker_assert_end(&talker, TRANSPORT_END_TOO_LARGE);
	assert_int_equal(talker.certificates, 0);
}

static void test_close_as_soon_as_tls_is_up(void **state)
{
	struct talker talker = {.tls_first = true, .close_at_tls = true};

	(void)state;
	server_make_tls(talker_server, "mx.example.test");
	talker_serve(script_tls);
	talker_talk(TLS_USE_SMTP, &talker);
	talker_stop_tls();
	assert_true(talker.end.by_machine);
	assert_true(talker.tls_up);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TALKER_TEST(test_starttls),
		TALKER_TEST(test_old_versions),
		TALKER_TEST(test_groups_before_tls_1_3),
		TALKER_TEST(test_finite_field_group),
		TALKER_TEST(test_no_group),
		TALKER_TEST(test_no_version_in_common),
		TALKER_TEST(test_alpn),
		TALKER_TEST(test_alert),
		TALKER_TEST(test_client_certificate_wanted),
		TALKER_TEST(test_garbage_for_a_handshake),
		TALKER_TEST(test_closed_in_handshake),
		TALKER_TEST(test_reset_in_handshake),
		TALKER_TEST(test_silent_handshake),
		TALKER_TEST(test_no_certificate),
		TALKER_TEST(test_a_flood_in_tls),
		TALKER_TEST(test_chain_cap),
		TALKER_TEST(test_close_as_soon_as_tls_is_up),
	};

	signal(SIGPIPE, SIG_IGN); /* the engine blocks it in its threads */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
