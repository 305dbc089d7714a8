#define _GNU_SOURCE
#include <glob.h>
#include <stdio.h>
int main(void)
{
	glob_t found = { 0 };
	glob("/{proc,usr}", GLOB_BRACE, 0, &found);
	printf("%zu found\n", found.gl_pathc);
}
