/* Functions that glibc has since 2.38. The machine's may be older, so the test brings one that has them. */
#include "said.h"
#include <inttypes.h>
#include <stdarg.h>
#include <wchar.h>

size_t __strlcpy_chk(char *, const char *, size_t, size_t);
size_t __strlcat_chk(char *, const char *, size_t, size_t);
long __isoc23_strtol(const char *, char **, int);
long long __isoc23_strtoll(const char *, char **, int);
unsigned long __isoc23_strtoul(const char *, char **, int);
unsigned long long __isoc23_strtoull(const char *, char **, int);
intmax_t __isoc23_strtoimax(const char *, char **, int);
uintmax_t __isoc23_strtoumax(const char *, char **, int);
long __isoc23_wcstol(const wchar_t *, wchar_t **, int);
long long __isoc23_wcstoll(const wchar_t *, wchar_t **, int);
unsigned long __isoc23_wcstoul(const wchar_t *, wchar_t **, int);
unsigned long long __isoc23_wcstoull(const wchar_t *, wchar_t **, int);
intmax_t __isoc23_wcstoimax(const wchar_t *, wchar_t **, int);
uintmax_t __isoc23_wcstoumax(const wchar_t *, wchar_t **, int);
int __isoc23_sscanf(const char *, const char *, ...);
int __isoc23_fscanf(FILE *, const char *, ...);
int __isoc23_scanf(const char *, ...);
int __isoc23_vsscanf(const char *, const char *, va_list);
int __isoc23_vfscanf(FILE *, const char *, va_list);
int __isoc23_vscanf(const char *, va_list);
int __isoc23_swscanf(const wchar_t *, const wchar_t *, ...);
int __isoc23_fwscanf(FILE *, const wchar_t *, ...);
int __isoc23_wscanf(const wchar_t *, ...);
int __isoc23_vswscanf(const wchar_t *, const wchar_t *, va_list);
int __isoc23_vfwscanf(FILE *, const wchar_t *, va_list);
int __isoc23_vwscanf(const wchar_t *, va_list);

static const char *const texts[] = {
	"0b101", "0B101", " \t\n-0b101", "+0b101", "0b", "0b2", "-0b", "0b1012", "0x1f", "0x", "0xg", "017", "08", "7", "-7",
	"zz", "", " ", "-", "+-1", "0b0", "0b 1", "b1", "00b1",
	"0b111111111111111111111111111111111111111111111111111111111111111",
	"0b1000000000000000000000000000000000000000000000000000000000000000",
	"-0b1000000000000000000000000000000000000000000000000000000000000000",
	"-0b1000000000000000000000000000000000000000000000000000000000000001",
	"0b1111111111111111111111111111111111111111111111111111111111111111",
	"-0b1111111111111111111111111111111111111111111111111111111111111111",
	"0b11111111111111111111111111111111111111111111111111111111111111111",
	"-0b11111111111111111111111111111111111111111111111111111111111111111",
	"9223372036854775808", "-9223372036854775809", "18446744073709551616",
};
static const int bases[] = {0, 2, 3, 8, 10, 12, 16, 36, 1, 37, -1};

#define EACH(name, text, letter)                                                                   \
	do {                                                                                       \
		letter *end_ = (letter *)(text) + 1;                                               \
		errno = 0;                                                                         \
		long long value_ = (long long)name(text, &end_, base);                             \
		printf("%s %d: %lld, errno %d, %d read\n", #name, base, value_, errno, (int)(end_ - (letter *)(text))); \
		if (value_ != (long long)name(text, NULL, base))                                   \
			puts("another value without an end");                                      \
	} while (0)

static void numbers(const char *text, int base)
{
	wchar_t wide[100];

	for (size_t i = 0; i <= strlen(text); i++)
		wide[i] = (unsigned char)text[i];
	printf("'%s'\n", text);
	EACH(__isoc23_strtol, text, char);
	EACH(__isoc23_strtoll, text, char);
	EACH(__isoc23_strtoul, text, char);
	EACH(__isoc23_strtoull, text, char);
	EACH(__isoc23_strtoimax, text, char);
	EACH(__isoc23_strtoumax, text, char);
	EACH(__isoc23_wcstol, wide, wchar_t);
	EACH(__isoc23_wcstoll, wide, wchar_t);
	EACH(__isoc23_wcstoul, wide, wchar_t);
	EACH(__isoc23_wcstoull, wide, wchar_t);
	EACH(__isoc23_wcstoimax, wide, wchar_t);
	EACH(__isoc23_wcstoumax, wide, wchar_t);
}

static int number, second;
static char word[20];
static wchar_t wide_word[20];

static void said(const char *name, int count)
{
	printf("%s: %d, %d, %d, %s, %ls\n", name, count, number, second, word, wide_word);
	number = second = -1;
	strcpy(word, "none");
	wcscpy(wide_word, L"none");
}

#define LISTED(name, first, letter)                             \
	static int list_##name(first, const letter *format, ...) \
	{                                                       \
		va_list arguments;                              \
		va_start(arguments, format);                    \
		int count = __isoc23_##name(from, format, arguments); \
		va_end(arguments);                              \
		return count;                                   \
	}
LISTED(vsscanf, const char *from, char)
LISTED(vfscanf, FILE *from, char)
LISTED(vswscanf, const wchar_t *from, wchar_t)
LISTED(vfwscanf, FILE *from, wchar_t)

static int list_vscanf(const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	int count = __isoc23_vscanf(format, arguments);
	va_end(arguments);
	return count;
}

static int list_vwscanf(const wchar_t *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	int count = __isoc23_vwscanf(format, arguments);
	va_end(arguments);
	return count;
}

/* A file of lines, each for one function; standard input is another of the same. */
static FILE *lines(void)
{
	FILE *file = fopen("lines", "w");

	fputs("0x1f 017 one\n8 9 two\n12 -3 three\nx\n", file);
	fclose(file);
	return fopen("lines", "r");
}

static void scans(void)
{
	FILE *file = lines();

	said("before", 0);
	said("sscanf", __isoc23_sscanf("0x1f -12 rest", "%i %d %19s", &number, &second, word));
	said("sscanf", __isoc23_sscanf("7", "%i %d", &number, &second));
	said("sscanf", __isoc23_sscanf("", "%i", &number));
	said("sscanf", __isoc23_sscanf("ab 0x7", "%[ab] %i", word, &number));
	said("vsscanf", list_vsscanf("017 5", "%i %n", &number, &second));
	said("fscanf", __isoc23_fscanf(file, "%i %d %19s", &number, &second, word));
	said("vfscanf", list_vfscanf(file, "%i %d %19s", &number, &second, word));
	said("fscanf", __isoc23_fscanf(file, "%i %d %19s", &number, &second, word));
	said("fscanf", __isoc23_fscanf(file, "%i", &number));
	fclose(file);
	said("swscanf", __isoc23_swscanf(L"0x1f -12 rest", L"%i %d %19ls", &number, &second, wide_word));
	said("vswscanf", list_vswscanf(L"017 x", L"%i %d", &number, &second));
	file = lines();
	said("fwscanf", __isoc23_fwscanf(file, L"%i %d %19ls", &number, &second, wide_word));
	said("vfwscanf", list_vfwscanf(file, L"%i %d %19s", &number, &second, word));
	fclose(file);
	fclose(lines());
	N(freopen("lines", "r", stdin) == stdin);
	said("wscanf", __isoc23_wscanf(L"%i %d %19s", &number, &second, word));
	said("vwscanf", list_vwscanf(L"%i %d %19s", &number, &second, word));
	N(freopen("lines", "r", stdin) == stdin);
	said("scanf", __isoc23_scanf("%i %d %19s", &number, &second, word));
	said("vscanf", list_vscanf("%i %d %19s", &number, &second, word));
}

static char room[16];

void items(void)
{
	memset(room, 'x', 16);
	N(__strlcpy_chk(room, "abcdef", 4, 16));
	HEX(room, 16);
	N(__strlcpy_chk(room, "ab", 16, 16));
	N(__strlcpy_chk(room, "longer than that", 0, 0));
	N(__strlcat_chk(room, "cdef", 5, 16));
	S(room);
	N(__strlcat_chk(room, "cdef", 2, 16));
	N(__strlcat_chk(room, "gh", 16, 16));
	S(room);
	for (size_t text = 0; text < sizeof texts / sizeof *texts; text++)
		for (size_t base = 0; base < sizeof bases / sizeof *bases; base++)
			numbers(texts[text], bases[base]);
	scans();
}

int fail(int number)
{
	FAIL(__strlcpy_chk(room, "a", 17, 16));
	FAIL(__strlcat_chk(room, "a", 17, 16));
	NO_MORE;
}
