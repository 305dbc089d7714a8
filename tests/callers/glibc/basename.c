#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
int main(void)
{
	char path[] = "usr/lib/";
	const char *last = basename(path);
	printf("'%s' of '%s'\n", last, path);
}
