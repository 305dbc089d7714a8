#include <stdio.h>
#include <openssl/ssl.h>
int main(void)
{
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());
	SSL *session = SSL_new(context);
	BIO *in = BIO_new(BIO_s_mem()), *out = BIO_new(BIO_s_mem());
	SSL_set_bio(session, in, out);
	SSL_set_connect_state(session);
	int result = SSL_do_handshake(session);
	printf("%d %d %d\n", result, SSL_get_error(session, result) == SSL_ERROR_WANT_READ, BIO_ctrl_pending(out) > 100);
	return 0;
}
