#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
int main(void)
{
	char room[64];
	const char *words = strerror_r(2, room, sizeof room);
	puts(words ? words : "(null)");
}
