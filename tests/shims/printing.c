#include "said.h"
#include <stdarg.h>
#include <syslog.h>
#include <unistd.h>
#include <wchar.h>

int __printf_chk(int, const char *, ...);
int __fprintf_chk(FILE *, int, const char *, ...);
int __vprintf_chk(int, const char *, va_list);
int __vfprintf_chk(FILE *, int, const char *, va_list);
int __sprintf_chk(char *, int, size_t, const char *, ...);
int __vsprintf_chk(char *, int, size_t, const char *, va_list);
int __snprintf_chk(char *, size_t, int, size_t, const char *, ...);
int __vsnprintf_chk(char *, size_t, int, size_t, const char *, va_list);
int __asprintf_chk(char **, int, const char *, ...);
int __vasprintf_chk(char **, int, const char *, va_list);
int __dprintf_chk(int, int, const char *, ...);
int __vdprintf_chk(int, int, const char *, va_list);
void __syslog_chk(int, int, const char *, ...);
void __vsyslog_chk(int, int, const char *, va_list);
int __wprintf_chk(int, const wchar_t *, ...);
int __vwprintf_chk(int, const wchar_t *, va_list);
int __fwprintf_chk(FILE *, int, const wchar_t *, ...);
int __vfwprintf_chk(FILE *, int, const wchar_t *, va_list);
int __swprintf_chk(wchar_t *, size_t, int, size_t, const wchar_t *, ...);
int __vswprintf_chk(wchar_t *, size_t, int, size_t, const wchar_t *, va_list);

static char room[64], *made;
static wchar_t wide[64];
static char stores[] = "ab%n", gap[] = "%2$d";
static wchar_t wide_stores[] = L"ab%n";
static FILE *other;
static int stored;

static void each(int flag, ...)
{
	va_list arguments;
#define WITH(expression) (va_start(arguments, flag), N(expression), va_end(arguments))
	WITH(__vprintf_chk(flag, "%d %s|", arguments));
	WITH(__vfprintf_chk(stdout, flag, "%d %s|", arguments));
	WITH(__vsprintf_chk(room, flag, 64, "%d %s", arguments));
	WITH(__vsnprintf_chk(room, 4, flag, 64, "%d %s", arguments));
	WITH(__vasprintf_chk(&made, flag, "%d %s", arguments));
	WITH(__vdprintf_chk(1, flag, "%d %s|", arguments));
	WITH((__vsyslog_chk(LOG_DEBUG, flag, "%d %s", arguments), 0));
	WITH(__vswprintf_chk(wide, 64, flag, 64, L"%d %s", arguments));
	WITH(__vfwprintf_chk(other, flag, L"%d %s", arguments));
}

static int wide_out(int flag, ...)
{
	va_list arguments;
	va_start(arguments, flag);
	int count = __vwprintf_chk(flag, L"%d!\n", arguments);
	va_end(arguments);
	return count;
}

void items(void)
{
	other = tmpfile();
	N(__printf_chk(1, "%5d|%-5s|%g|%c|%%|%lx|", 42, "ab", 1.5, 'c', 255L));
	N(__fprintf_chk(stdout, 1, "%s|%.3f|", "x", 1.0));
	N(__sprintf_chk(room, 1, 64, "%s-%d", "abc", 7));
	S(room);
	N(__sprintf_chk(room, 1, (size_t)-1, "%s-%d", "unknown", 8));
	S(room);
	N(__sprintf_chk(room, 1, 4, "%s", "abc"));
	N(__snprintf_chk(room, 3, 1, 64, "%s", "abcdef"));
	S(room);
	N(__snprintf_chk(NULL, 0, 1, 0, "%s", "abcdef"));
	N(__asprintf_chk(&made, 1, "%s %s", "one", "two"));
	S(made);
	N(__dprintf_chk(1, 1, "%d|", 5));
	__syslog_chk(LOG_DEBUG, 1, "%s", "nothing");
	N(__printf_chk(1, "%2$s %1$s|", "world", "hello"));
	N(__printf_chk(1, "ab%n|", &stored));
	N(stored);
	N(__printf_chk(0, stores, &stored));
	N(stored);
	N(__swprintf_chk(wide, 64, 1, 64, L"%d %ls", 3, L"wide"));
	HEX(wide, 40);
	N(__fwprintf_chk(other, 1, L"%d", 33));
	each(1, 7, "seven");
	S(made);
	HEX(wide, 40);
}

int fail(int number)
{
	/* Standard output is a stream of wide characters here, so nothing else is printed. */
	if (number == 0 || number == 1)
		_exit(number ? wide_out(1, 9) : __wprintf_chk(1, L"%d %s\n", 4, "wide"));
	number -= 2;
	FAIL(__sprintf_chk(room, 1, 3, "%s", "abc"));
	FAIL(__sprintf_chk(room, 1, 0, ""));
	FAIL(__snprintf_chk(room, 65, 1, 64, "%s", "abc"));
	FAIL(__swprintf_chk(wide, 65, 1, 64, L"%d", 1));
	FAIL(__printf_chk(1, stores, &stored));
	FAIL(__fprintf_chk(stdout, 2, stores, &stored));
	FAIL(__snprintf_chk(room, 60, 1, 64, stores, &stored));
	FAIL(__asprintf_chk(&made, 1, stores, &stored));
	FAIL(__dprintf_chk(1, 1, stores, &stored));
	FAIL(__swprintf_chk(wide, 60, 1, 64, wide_stores, &stored));
	FAIL(__snprintf_chk(room, 60, 1, 64, gap, 1, 2));
	NO_MORE;
}
