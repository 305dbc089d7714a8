#include "said.h"
#include <wchar.h>

void *__memcpy_chk(void *, const void *, size_t, size_t);
void *__memmove_chk(void *, const void *, size_t, size_t);
void *__mempcpy_chk(void *, const void *, size_t, size_t);
void *__memset_chk(void *, int, size_t, size_t);
void __explicit_bzero_chk(void *, size_t, size_t);
char *__strcpy_chk(char *, const char *, size_t);
char *__stpcpy_chk(char *, const char *, size_t);
char *__strncpy_chk(char *, const char *, size_t, size_t);
char *__stpncpy_chk(char *, const char *, size_t, size_t);
char *__strcat_chk(char *, const char *, size_t);
char *__strncat_chk(char *, const char *, size_t, size_t);

static char room[16];

void items(void)
{
	memset(room, 'x', 16);
	N((char *)__memcpy_chk(room, "abcd", 4, 4) - room);
	HEX(room, 16);
	N((char *)__memmove_chk(room + 1, room, 8, 15) - room);
	HEX(room, 16);
	N((char *)__mempcpy_chk(room, "123", 3, 3) - room);
	N((char *)__memset_chk(room, 'y', 16, 16) - room);
	HEX(room, 16);
	__explicit_bzero_chk(room, 5, 16);
	HEX(room, 16);
	N(__strcpy_chk(room, "seven77", 8) - room);
	N(__stpcpy_chk(room, "seven77", 8) - room);
	HEX(room, 16);
	N(__strncpy_chk(room, "ab", 6, 6) - room);
	HEX(room, 16);
	N(__stpncpy_chk(room, "abc", 6, 6) - room);
	N(__stpncpy_chk(room, "abcdefgh", 6, 6) - room);
	HEX(room, 16);
	strcpy(room, "abc");
	N(__strcat_chk(room, "def", 7) - room);
	S(room);
	N(__strncat_chk(room, "ghijkl", 2, 9) - room);
	S(room);
	N(__strncat_chk(room, "", 100, 9) - room);
	S(room);
}

int fail(int number)
{
	strcpy(room, "abc");
	FAIL(__memcpy_chk(room, "abcdefgh", 5, 4));
	FAIL(__memmove_chk(room, room, 5, 4));
	FAIL(__mempcpy_chk(room, "abcdefgh", 5, 4));
	FAIL(__memset_chk(room, 0, 5, 4));
	FAIL((__explicit_bzero_chk(room, 5, 4), 0));
	FAIL(__strcpy_chk(room, "abcd", 4));
	FAIL(__stpcpy_chk(room, "abcd", 4));
	FAIL(__strncpy_chk(room, "a", 5, 4));
	FAIL(__stpncpy_chk(room, "a", 5, 4));
	FAIL(__strcat_chk(room, "de", 5));
	FAIL(__strncat_chk(room, "defg", 2, 5));
	FAIL(__strcat_chk(room, "", 3));
	NO_MORE;
}
