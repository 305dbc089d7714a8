/* tmpnam without memory of its own: glibc's answers NULL for NULL (the glibc manual, "Temporary Files"). */

#include <stddef.h>
#include <stdio.h>

_Static_assert(L_tmpnam == 20, "L_tmpnam");

char *tmpnam_r(char *to);

char *tmpnam_r(char *to)
{
	return to ? tmpnam(to) : NULL;
}
