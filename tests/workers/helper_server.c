/*
 * See helper_server.h.
 */
#include "helper_server.h"

#include <arpa/inet.h>
#include <openssl/x509v3.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { PATIENCE_S = 10, DAY_S = 86400 };

struct visit_of {
	struct server *server;
	int connection;
};

static int64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void *run_script(void *context)
{
	struct visit_of *visit = context;
	struct server *server = visit->server;
	int open = atomic_fetch_add(&server->open, 1) + 1, most = atomic_load(&server->open_most);

	while (open > most && !atomic_compare_exchange_weak(&server->open_most, &most, open))
		;
	/* For the script only: what is under test must see to this itself. */
	sigset_t pipe_signal;

	sigemptyset(&pipe_signal);
	sigaddset(&pipe_signal, SIGPIPE);
	pthread_sigmask(SIG_BLOCK, &pipe_signal, NULL);
	server->script(server, visit->connection);
	atomic_fetch_sub(&server->open, 1);
	close(visit->connection);
	free(visit);
	return NULL;
}

static void *accept_all(void *context)
{
	struct server *server = context;
	struct timeval patience = {.tv_sec = PATIENCE_S};

	for (;;) {
		int connection = accept(server->listener, NULL, NULL);

		if (connection < 0 || atomic_load(&server->stopping)) {
			if (connection >= 0)
				close(connection);
			return NULL;
		}
		if (server->threads_count == SERVER_CONNECTIONS_MAX)
			abort();
		setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
		setsockopt(connection, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
		struct visit_of *visit = malloc(sizeof(*visit));

		*visit = (struct visit_of){.server = server, .connection = connection};
		server->accepted_us[server->threads_count] = now_us();
		atomic_fetch_add(&server->accepted, 1);
		if (pthread_create(&server->threads[server->threads_count++], NULL, run_script,
				   visit) != 0)
			abort();
	}
}

void server_start(struct server *server)
{
	struct sockaddr_in name = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	socklen_t len = sizeof(name);

	server->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(server->listener, (const struct sockaddr *)&name, sizeof(name)) != 0 ||
	    listen(server->listener, 128) != 0 ||
	    getsockname(server->listener, (struct sockaddr *)&name, &len) != 0 ||
	    pthread_create(&server->thread, NULL, accept_all, server) != 0)
		abort();
	server->port = ntohs(name.sin_port);
}

void server_stop(struct server *server)
{
	atomic_store(&server->stopping, true);
	shutdown(server->listener, SHUT_RDWR);
	pthread_join(server->thread, NULL);
	for (unsigned i = 0; i < server->threads_count; i++)
		pthread_join(server->threads[i], NULL);
	close(server->listener);
}

static X509 *make_certificate(EVP_PKEY *key, const char *name)
{
	X509 *certificate = X509_new();
	char alternative[300] = "DNS:";
	X509_EXTENSION *extension;

	X509_set_version(certificate, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
	X509_gmtime_adj(X509_getm_notBefore(certificate), -DAY_S);
	X509_gmtime_adj(X509_getm_notAfter(certificate), 30L * DAY_S);
	X509_set_pubkey(certificate, key);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_ASC,
				   (const unsigned char *)name, -1, -1, 0);
	X509_set_issuer_name(certificate, X509_get_subject_name(certificate));
	strncat(alternative, name, sizeof(alternative) - 5);
	extension = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, alternative);
	X509_add_ext(certificate, extension, -1);
	X509_EXTENSION_free(extension);
	if (X509_sign(certificate, key, EVP_sha256()) == 0)
		abort();
	return certificate;
}

static void make_tls(struct server *server, const char *name, EVP_PKEY *key)
{
	X509 *certificate = make_certificate(key, name);

	server->tls = SSL_CTX_new(TLS_server_method());
	SSL_CTX_set_security_level(server->tls, 0);
	SSL_CTX_set_min_proto_version(server->tls, TLS1_VERSION);
	SSL_CTX_use_certificate(server->tls, certificate);
	SSL_CTX_use_PrivateKey(server->tls, key);
	X509_digest(certificate, EVP_sha256(), server->leaf_sha256, NULL);
	X509_free(certificate);
	EVP_PKEY_free(key);
}

void server_make_tls(struct server *server, const char *name)
{
	make_tls(server, name, EVP_EC_gen("P-256"));
}

void server_make_tls_rsa(struct server *server, const char *name)
{
	enum { RSA_BITS = 2048 };

	make_tls(server, name, EVP_RSA_gen(RSA_BITS));
}

void server_free_tls(struct server *server)
{
	SSL_CTX_free(server->tls);
}

SSL *server_tls(struct server *server, int connection)
{
	SSL *session = SSL_new(server->tls);

	SSL_set_fd(session, connection);
	if (SSL_accept(session) == 1)
		return session;
	SSL_free(session);
	return NULL;
}

void server_stay_silent(struct server *server, int connection)
{
	char bytes[4096];

	(void)server;
	while (recv(connection, bytes, sizeof(bytes), 0) > 0)
		;
}

void server_reset(struct server *server, int connection)
{
	struct linger none = {.l_onoff = 1, .l_linger = 0};

	(void)server;
	setsockopt(connection, SOL_SOCKET, SO_LINGER, &none, sizeof(none));
}

void server_say(int connection, const char *text)
{
	send(connection, text, strlen(text), MSG_NOSIGNAL);
}

bool server_hear(int connection, char *line, size_t size)
{
	size_t len = 0;
	char byte;

	while (recv(connection, &byte, 1, 0) == 1) {
		if (byte == '\n') {
			line[len > 0 && line[len - 1] == '\r' ? len - 1 : len] = '\0';
			return true;
		}
		if (len + 1 < size)
			line[len++] = byte;
	}
	return false;
}

void server_tls_say(SSL *session, const char *text)
{
	SSL_write(session, text, (int)strlen(text));
}

bool server_tls_hear(SSL *session, char *line, size_t size)
{
	size_t len = 0;
	char byte;

	while (SSL_read(session, &byte, 1) == 1) {
		if (byte == '\n') {
			line[len > 0 && line[len - 1] == '\r' ? len - 1 : len] = '\0';
			return true;
		}
		if (len + 1 < size)
			line[len++] = byte;
	}
	return false;
}
