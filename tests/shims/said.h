/* How a caller of shims says what it saw, one item a line; the same file is run on both libcs.

   Without an argument it prints its items. With a number it runs that one of its failing calls, and says "no such" when
   it has no more of them. */

#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define N(expression) printf("%s: %lld\n", #expression, (long long)(expression))
#define S(expression) printf("%s: %s\n", #expression, (expression))
#define E(expression)                                                           \
	do {                                                                    \
		errno = 0;                                                      \
		long long answer_ = (long long)(expression);                    \
		printf("%s: %lld, errno %d\n", #expression, answer_, errno);    \
	} while (0)
#define HEX(place, size)                                            \
	do {                                                        \
		for (size_t i_ = 0; i_ < (size); i_++)              \
			printf("%02x", ((unsigned char *)(place))[i_]); \
		printf("\n");                                       \
	} while (0)
#define FAIL(call)                                                  \
	if (number-- == 0) {                                        \
		(void)(call);                                       \
		puts("came back");                                  \
		return 0;                                           \
	}

void items(void);
int fail(int number);

int main(int count, char **arguments)
{
	setvbuf(stdout, NULL, _IONBF, 0);
	if (count > 1)
		return fail(atoi(arguments[1]));
	items();
	return 0;
}

#define NO_MORE                  \
	puts("no such");         \
	return 0
