/* The memory functions that _FORTIFY_SOURCE checks: the compiler passes how large the destination is.

   glibc promises to end the program when more would be written than there is room for. musl has the plain functions
   only, so each check is made here and the plain function does the work. */

#define _GNU_SOURCE
#include "fortify.h"

void *__memcpy_chk(void *to, const void *from, size_t size, size_t room)
{
	require(size <= room);
	return memcpy(to, from, size);
}

void *__memmove_chk(void *to, const void *from, size_t size, size_t room)
{
	require(size <= room);
	return memmove(to, from, size);
}

void *__mempcpy_chk(void *to, const void *from, size_t size, size_t room)
{
	require(size <= room);
	return (char *)memcpy(to, from, size) + size;
}

void *__memset_chk(void *to, int byte, size_t size, size_t room)
{
	require(size <= room);
	return memset(to, byte, size);
}

void __explicit_bzero_chk(void *to, size_t size, size_t room)
{
	require(size <= room);
	explicit_bzero(to, size);
}
