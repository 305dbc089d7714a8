#define _GNU_SOURCE
#include <fnmatch.h>
#include <stdio.h>
int main(void)
{
	puts(fnmatch("@(a|b).c", "a.c", FNM_EXTMATCH) ? "no match" : "match");
}
