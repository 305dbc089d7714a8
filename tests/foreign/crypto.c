#include <stdio.h>
#include <openssl/async.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <openssl/x509.h>
#include <openssl/rsa.h>
#include <openssl/pem.h>
int main(void)
{
	unsigned char digest[32], key[16];
	SHA256((const unsigned char *)"abc", 3, digest);
	PKCS5_PBKDF2_HMAC("password", 8, (const unsigned char *)"salt", 4, 4096, EVP_sha1(), 16, key);
	printf("%d %02x%02x %02x%02x", ASYNC_is_capable() >= 0, digest[0], digest[31], key[0], key[15]);
	EVP_PKEY *pair = EVP_EC_gen("P-256");
	X509 *cert = X509_new();
	X509_set_version(cert, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(cert), 7);
	X509_gmtime_adj(X509_getm_notBefore(cert), 0);
	X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
	X509_set_pubkey(cert, pair);
	X509_NAME *name = X509_get_subject_name(cert);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"static", -1, -1, 0);
	X509_set_issuer_name(cert, name);
	int size = X509_sign(cert, pair, EVP_sha256());
	char line[64];
	X509_NAME_oneline(X509_get_subject_name(cert), line, sizeof line);
	printf(" %d %d %s\n", size > 0, X509_verify(cert, pair), line);
	return 0;
}
