/* What libcurl does without a network: URLs, escapes, dates, a file, and a web server of its own machine.

   The first argument is a file, the second the port of a server on 127.0.0.1. */
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static size_t keep(char *data, size_t size, size_t count, void *kept)
{
	strncat(kept, data, size * count);
	return size * count;
}

static void get(CURL *easy, const char *url)
{
	static char body[4000];
	char *type = NULL;
	long code = 0;

	body[0] = 0;
	curl_easy_setopt(easy, CURLOPT_URL, url);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, keep);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, (void *)body);
	CURLcode done = curl_easy_perform(easy);
	curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &code);
	curl_easy_getinfo(easy, CURLINFO_CONTENT_TYPE, &type);
	printf("%s, %ld, %s, %s\n", curl_easy_strerror(done), code, type ? type : "no type", body);
}

int main(int count, char **arguments)
{
	static const CURLUPart parts[] = {CURLUPART_SCHEME, CURLUPART_HOST, CURLUPART_PORT, CURLUPART_PATH, CURLUPART_QUERY};
	char url[300], *text;
	int length;
	CURLU *parsed = curl_url();

	if (count < 3)
		return 2;
	printf("%d\n", curl_global_init(CURL_GLOBAL_DEFAULT));
	CURL *easy = curl_easy_init();
	text = curl_easy_escape(easy, "a b/\xc3\xbc&=?", 0);
	printf("%s\n", text);
	printf("%s\n", curl_easy_unescape(easy, text, 0, &length));
	printf("%d\n", curl_url_set(parsed, CURLUPART_URL, "https://user@example.org:8080/a/../b%20c?d=e#f", 0));
	for (size_t part = 0; part < sizeof parts / sizeof *parts; part++)
		if (!curl_url_get(parsed, parts[part], &text, 0))
			printf("%s\n", text);
	printf("%lld\n", (long long)curl_getdate("Sun, 06 Nov 1994 08:49:37 GMT", NULL));
	snprintf(url, sizeof url, "file://%s", arguments[1]);
	get(easy, url);
	snprintf(url, sizeof url, "http://127.0.0.1:%s/page", arguments[2]);
	curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "");
	get(easy, url);
	snprintf(url, sizeof url, "http://localhost:%s/gone", arguments[2]);
	get(easy, url);
	get(easy, "http://127.0.0.1:1/");
	get(easy, "unknown://x");
	curl_easy_cleanup(easy);
	curl_global_cleanup();
	return 0;
}
