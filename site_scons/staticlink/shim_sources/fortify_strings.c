/* The string functions that _FORTIFY_SOURCE checks: the compiler passes how large the destination is.

   glibc promises to end the program when the result, with its null, would not fit. The length is measured first, so
   nothing is written past the end even for an instant. */

#define _GNU_SOURCE
#include "fortify.h"

char *__strcpy_chk(char *to, const char *from, size_t room)
{
	size_t size = strlen(from) + 1;

	require(size <= room);
	return memcpy(to, from, size);
}

char *__stpcpy_chk(char *to, const char *from, size_t room)
{
	size_t size = strlen(from) + 1;

	require(size <= room);
	return (char *)memcpy(to, from, size) + size - 1;
}

char *__strncpy_chk(char *to, const char *from, size_t size, size_t room)
{
	require(size <= room);
	return strncpy(to, from, size);
}

char *__stpncpy_chk(char *to, const char *from, size_t size, size_t room)
{
	require(size <= room);
	return stpncpy(to, from, size);
}

/* An unterminated destination counts as full, as under glibc. */
static char *append(char *to, const char *from, size_t size, size_t room)
{
	size_t used = strnlen(to, room);

	require(size < room - used);
	memcpy(to + used, from, size);
	to[used + size] = 0;
	return to;
}

char *__strcat_chk(char *to, const char *from, size_t room)
{
	return append(to, from, strlen(from), room);
}

char *__strncat_chk(char *to, const char *from, size_t size, size_t room)
{
	return append(to, from, strnlen(from, size), room);
}

size_t __strlcpy_chk(char *to, const char *from, size_t size, size_t room)
{
	require(size <= room);
	return strlcpy(to, from, size);
}

size_t __strlcat_chk(char *to, const char *from, size_t size, size_t room)
{
	require(size <= room);
	return strlcat(to, from, size);
}
