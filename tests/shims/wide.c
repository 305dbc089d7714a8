#include "said.h"
#include <unistd.h>
#include <wchar.h>

wchar_t *__wmemcpy_chk(wchar_t *, const wchar_t *, size_t, size_t);
wchar_t *__wmemmove_chk(wchar_t *, const wchar_t *, size_t, size_t);
wchar_t *__wmempcpy_chk(wchar_t *, const wchar_t *, size_t, size_t);
wchar_t *__wmemset_chk(wchar_t *, wchar_t, size_t, size_t);
wchar_t *__wcscpy_chk(wchar_t *, const wchar_t *, size_t);
wchar_t *__wcpcpy_chk(wchar_t *, const wchar_t *, size_t);
wchar_t *__wcsncpy_chk(wchar_t *, const wchar_t *, size_t, size_t);
wchar_t *__wcpncpy_chk(wchar_t *, const wchar_t *, size_t, size_t);
wchar_t *__wcscat_chk(wchar_t *, const wchar_t *, size_t);
wchar_t *__wcsncat_chk(wchar_t *, const wchar_t *, size_t, size_t);
wchar_t *__fgetws_chk(wchar_t *, size_t, int, FILE *);
wchar_t *__fgetws_unlocked_chk(wchar_t *, size_t, int, FILE *);
size_t __mbstowcs_chk(wchar_t *, const char *, size_t, size_t);
size_t __mbsrtowcs_chk(wchar_t *, const char **, size_t, mbstate_t *, size_t);
size_t __mbsnrtowcs_chk(wchar_t *, const char **, size_t, size_t, mbstate_t *, size_t);
size_t __wcstombs_chk(char *, const wchar_t *, size_t, size_t);
size_t __wcsrtombs_chk(char *, const wchar_t **, size_t, mbstate_t *, size_t);
size_t __wcsnrtombs_chk(char *, const wchar_t **, size_t, size_t, mbstate_t *, size_t);
size_t __wcrtomb_chk(char *, wchar_t, mbstate_t *, size_t);
int __wctomb_chk(char *, wchar_t, size_t);

static wchar_t room[12];
static char bytes[32];
static const wchar_t *from = L"abc";
static const char *text = "abc";

static FILE *lines(void)
{
	FILE *file = tmpfile();
	/* Around the stream: its first call decides between bytes and wide characters. */
	if (write(fileno(file), "one\ntwo\n", 8) != 8)
		abort();
	lseek(fileno(file), 0, SEEK_SET);
	return file;
}

void items(void)
{
	FILE *file = lines();

	N(__wmemcpy_chk(room, L"abcd", 4, 4) - room);
	N(__wmemmove_chk(room + 1, room, 4, 4) - room);
	HEX(room, sizeof room);
	N(__wmempcpy_chk(room, L"xyz", 3, 3) - room);
	N(__wmemset_chk(room, L'w', 12, 12) - room);
	N(__wcscpy_chk(room, L"seven", 6) - room);
	N(__wcpcpy_chk(room, L"seven", 6) - room);
	N(__wcsncpy_chk(room, L"se", 5, 5) - room);
	N(__wcpncpy_chk(room, L"se", 5, 5) - room);
	HEX(room, sizeof room);
	N(__wcscat_chk(room, L"ab", 5) - room);
	N(__wcsncat_chk(room, L"abcdef", 2, 7) - room);
	HEX(room, sizeof room);
	N(__fgetws_chk(room, 12, 12, file) - room);
	N(__fgetws_unlocked_chk(room, 12, 12, file) - room);
	HEX(room, sizeof room);
	N(__fgetws_chk(room, 12, -1, file) == NULL);
	rewind(file);
	N(__fgetws_chk(room, 12, 1000, file) - room);
	HEX(room, sizeof room);
	N(__mbstowcs_chk(room, "abc", 12, 12));
	N(__mbsrtowcs_chk(room, &text, 12, NULL, 12));
	text = "abc";
	N(__mbsnrtowcs_chk(room, &text, 2, 12, NULL, 12));
	HEX(room, sizeof room);
	N(__wcstombs_chk(bytes, L"abc", 32, 32));
	N(__wcsrtombs_chk(bytes, &from, 32, NULL, 32));
	from = L"abc";
	N(__wcsnrtombs_chk(bytes, &from, 2, 32, NULL, 32));
	HEX(bytes, sizeof bytes);
	N(__wcrtomb_chk(bytes, L'a', NULL, 32));
	N(__wctomb_chk(bytes, L'b', 32));
	HEX(bytes, sizeof bytes);
}

int fail(int number)
{
	FILE *file = lines();

	FAIL(__wmemcpy_chk(room, L"abcd", 4, 3));
	FAIL(__wmemmove_chk(room, room, 4, 3));
	FAIL(__wmempcpy_chk(room, L"abcd", 4, 3));
	FAIL(__wmemset_chk(room, L'a', 4, 3));
	FAIL(__wcscpy_chk(room, L"abc", 3));
	FAIL(__wcpcpy_chk(room, L"abc", 3));
	FAIL(__wcsncpy_chk(room, L"abc", 4, 3));
	FAIL(__wcpncpy_chk(room, L"abc", 4, 3));
	FAIL(__wcscat_chk(room, L"abc", 3));
	FAIL(__wcsncat_chk(room, L"abc", 3, 3));
	FAIL(__fgetws_chk(room, 3, 4, file));
	FAIL(__fgetws_unlocked_chk(room, 3, 4, file));
	FAIL(__mbstowcs_chk(room, "abc", 4, 3));
	FAIL(__mbsrtowcs_chk(room, &text, 4, NULL, 3));
	FAIL(__mbsnrtowcs_chk(room, &text, 3, 4, NULL, 3));
	FAIL(__wcstombs_chk(bytes, L"abc", 4, 3));
	FAIL(__wcsrtombs_chk(bytes, &from, 4, NULL, 3));
	FAIL(__wcsnrtombs_chk(bytes, &from, 3, 4, NULL, 3));
	FAIL(__wcrtomb_chk(bytes, L'a', NULL, 0));
	FAIL(__wctomb_chk(bytes, L'a', 0));
	NO_MORE;
}
