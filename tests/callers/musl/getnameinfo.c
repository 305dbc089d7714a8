#define _GNU_SOURCE
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
int main(void)
{
	struct sockaddr_in6 address = { .sin6_family = AF_INET6, .sin6_scope_id = 1 };
	char name[64];
	int code = getnameinfo((void *)&address, sizeof address, name, sizeof name, 0, 0, NI_NUMERICHOST | NI_NUMERICSCOPE);
	puts(code ? "refused" : name);
}
