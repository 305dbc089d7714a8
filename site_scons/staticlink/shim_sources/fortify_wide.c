/* The wide-character functions that _FORTIFY_SOURCE checks. Room is counted in wide characters, and in bytes where the
   destination is a multibyte string. glibc ends the program when it is too small; musl has the plain functions only. */

#define _GNU_SOURCE
#include "fortify.h"
#include <stdio.h>
#include <wchar.h>

wchar_t *__wmemcpy_chk(wchar_t *to, const wchar_t *from, size_t count, size_t room)
{
	require(count <= room);
	return wmemcpy(to, from, count);
}

wchar_t *__wmemmove_chk(wchar_t *to, const wchar_t *from, size_t count, size_t room)
{
	require(count <= room);
	return wmemmove(to, from, count);
}

wchar_t *__wmempcpy_chk(wchar_t *to, const wchar_t *from, size_t count, size_t room)
{
	require(count <= room);
	return wmemcpy(to, from, count) + count;
}

wchar_t *__wmemset_chk(wchar_t *to, wchar_t one, size_t count, size_t room)
{
	require(count <= room);
	return wmemset(to, one, count);
}

wchar_t *__wcscpy_chk(wchar_t *to, const wchar_t *from, size_t room)
{
	size_t count = wcslen(from) + 1;

	require(count <= room);
	return wmemcpy(to, from, count);
}

wchar_t *__wcpcpy_chk(wchar_t *to, const wchar_t *from, size_t room)
{
	size_t count = wcslen(from) + 1;

	require(count <= room);
	return wmemcpy(to, from, count) + count - 1;
}

wchar_t *__wcsncpy_chk(wchar_t *to, const wchar_t *from, size_t count, size_t room)
{
	require(count <= room);
	return wcsncpy(to, from, count);
}

wchar_t *__wcpncpy_chk(wchar_t *to, const wchar_t *from, size_t count, size_t room)
{
	require(count <= room);
	return wcpncpy(to, from, count);
}

static wchar_t *append(wchar_t *to, const wchar_t *from, size_t count, size_t room)
{
	size_t used = wcsnlen(to, room);

	require(count < room - used);
	wmemcpy(to + used, from, count);
	to[used + count] = 0;
	return to;
}

wchar_t *__wcscat_chk(wchar_t *to, const wchar_t *from, size_t room)
{
	return append(to, from, wcslen(from), room);
}

wchar_t *__wcsncat_chk(wchar_t *to, const wchar_t *from, size_t count, size_t room)
{
	return append(to, from, wcsnlen(from, count), room);
}

/* A count beyond the room is no overflow yet: a line that fits is read as ever (glibc, debug/fgetws_chk.c). */
wchar_t *__fgetws_chk(wchar_t *to, size_t room, int count, FILE *file)
{
	size_t used = 0;
	wint_t one = 0;

	if (count <= 0)
		return NULL;
	if ((size_t)count <= room)
		return fgetws(to, count, file);
	flockfile(file);
	while (used < room && one != L'\n' && (one = fgetwc_unlocked(file)) != WEOF)
		to[used++] = one;
	int failed = one == WEOF && ferror(file);
	funlockfile(file);
	if (!used || failed)
		return NULL;
	require(used < room);
	to[used] = 0;
	return to;
}

wchar_t *__fgetws_unlocked_chk(wchar_t *to, size_t room, int count, FILE *file)
{
	return __fgetws_chk(to, room, count, file);
}

size_t __mbstowcs_chk(wchar_t *to, const char *from, size_t count, size_t room)
{
	require(count <= room);
	return mbstowcs(to, from, count);
}

size_t __mbsrtowcs_chk(wchar_t *to, const char **from, size_t count, mbstate_t *state, size_t room)
{
	require(count <= room);
	return mbsrtowcs(to, from, count, state);
}

size_t __mbsnrtowcs_chk(wchar_t *to, const char **from, size_t bytes, size_t count, mbstate_t *state, size_t room)
{
	require(count <= room);
	return mbsnrtowcs(to, from, bytes, count, state);
}

size_t __wcstombs_chk(char *to, const wchar_t *from, size_t size, size_t room)
{
	require(size <= room);
	return wcstombs(to, from, size);
}

size_t __wcsrtombs_chk(char *to, const wchar_t **from, size_t size, mbstate_t *state, size_t room)
{
	require(size <= room);
	return wcsrtombs(to, from, size, state);
}

size_t __wcsnrtombs_chk(char *to, const wchar_t **from, size_t count, size_t size, mbstate_t *state, size_t room)
{
	require(size <= room);
	return wcsnrtombs(to, from, count, size, state);
}

/* glibc asks for room for the longest character whatever the one at hand needs. The longest of musl's UTF-8 has four
   bytes, glibc's six. */
size_t __wcrtomb_chk(char *to, wchar_t one, mbstate_t *state, size_t room)
{
	require(room >= MB_CUR_MAX);
	return wcrtomb(to, one, state);
}

int __wctomb_chk(char *to, wchar_t one, size_t room)
{
	require(room >= MB_CUR_MAX);
	return wctomb(to, one);
}
