/* The printf family that _FORTIFY_SOURCE checks.

   glibc promises three things besides what printf does. A result that does not fit the destination ends the program.
   With a flag above zero, so does %n in a format that lies in writable memory, where an attacker may have put it, and
   so does %2$d without a %1$d. musl has the plain functions only; the format is looked through here before it is used.
   Where memory is writable is asked of the kernel (/proc/self/maps), as glibc does; without /proc the format passes. */

#define _GNU_SOURCE
#include "fortify.h"
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <syslog.h>
#include <unistd.h>
#include <wchar.h>

static int is_writable(uintptr_t address)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	char line[512], access[5];
	unsigned long from, to;
	int writable = 0;

	while (maps && fgets(line, sizeof line, maps))
		if (sscanf(line, "%lx-%lx %4s", &from, &to, access) == 3 && from <= address && address < to)
			writable = access[1] == 'w';
	if (maps)
		fclose(maps);
	return writable;
}

/* What a format asks for: %n, which arguments by their number (the first 64), and any without one. */
struct asked {
	int stores, unnumbered;
	uint64_t numbered;
};

/* A format is read byte by byte through a function, because it may consist of wide characters. */
typedef unsigned reader(const void *format, size_t at);

static unsigned read_byte(const void *format, size_t at)
{
	return ((const unsigned char *)format)[at];
}

static unsigned read_wide(const void *format, size_t at)
{
	return ((const wchar_t *)format)[at];
}

static int is_one_of(unsigned one, const char *set)
{
	return one && one < 128 && strchr(set, one);
}

static void note_number(struct asked *asked, unsigned number)
{
	if (number >= 1 && number <= 64)
		asked->numbered |= UINT64_C(1) << (number - 1);
}

static struct asked look_through(const void *format, reader *read)
{
	struct asked asked = {0, 0, 0};
	size_t at = 0;

	while (read(format, at)) {
		if (read(format, at++) != '%')
			continue;
		unsigned number = 0;
		int numbered = 0;
		while (is_one_of(read(format, at), "0123456789$*.-+ #'IhlqjzZtLw")) {
			unsigned one = read(format, at++);
			number = one >= '0' && one <= '9' ? number * 10 + (one - '0') : number;
			if (one == '$') {
				note_number(&asked, number);
				numbered = 1;
			}
			if (one < '0' || one > '9')
				number = 0;
		}
		if (read(format, at) != '%')
			asked.unnumbered |= !numbered;
		if (read(format, at) == 'n')
			asked.stores = 1;
		if (read(format, at))
			at++;
	}
	return asked;
}

static void check(int flag, const void *format, reader *read)
{
	if (flag <= 0)
		return;
	struct asked asked = look_through(format, read);
	if (asked.stores && is_writable((uintptr_t)format))
		end_with("%n in writable segment detected", " ***\n");
	if (!asked.unnumbered && asked.numbered & (asked.numbered + 1))
		end_with("invalid %N$ use detected", " ***\n");
}

#define CHECKED(call)                               \
	do {                                        \
		va_list arguments;                  \
		va_start(arguments, format);        \
		int written = call;                 \
		va_end(arguments);                  \
		return written;                     \
	} while (0)

/* The compiler passes the largest size where it knows none; musl's vsnprintf takes at most INT_MAX. */
static size_t limit(size_t room)
{
	return room < INT_MAX ? room : INT_MAX;
}

int __vsprintf_chk(char *to, int flag, size_t room, const char *format, va_list arguments)
{
	require(room > 0);
	check(flag, format, read_byte);
	int written = vsnprintf(to, limit(room), format, arguments);
	require(written < 0 || (size_t)written < room);
	return written;
}

int __sprintf_chk(char *to, int flag, size_t room, const char *format, ...)
{
	CHECKED(__vsprintf_chk(to, flag, room, format, arguments));
}

int __vsnprintf_chk(char *to, size_t size, int flag, size_t room, const char *format, va_list arguments)
{
	require(size <= room);
	check(flag, format, read_byte);
	return vsnprintf(to, size, format, arguments);
}

int __snprintf_chk(char *to, size_t size, int flag, size_t room, const char *format, ...)
{
	CHECKED(__vsnprintf_chk(to, size, flag, room, format, arguments));
}

int __vfprintf_chk(FILE *file, int flag, const char *format, va_list arguments)
{
	check(flag, format, read_byte);
	return vfprintf(file, format, arguments);
}

int __fprintf_chk(FILE *file, int flag, const char *format, ...)
{
	CHECKED(__vfprintf_chk(file, flag, format, arguments));
}

int __vprintf_chk(int flag, const char *format, va_list arguments)
{
	return __vfprintf_chk(stdout, flag, format, arguments);
}

int __printf_chk(int flag, const char *format, ...)
{
	CHECKED(__vfprintf_chk(stdout, flag, format, arguments));
}

int __vdprintf_chk(int fd, int flag, const char *format, va_list arguments)
{
	check(flag, format, read_byte);
	return vdprintf(fd, format, arguments);
}

int __dprintf_chk(int fd, int flag, const char *format, ...)
{
	CHECKED(__vdprintf_chk(fd, flag, format, arguments));
}

int __vasprintf_chk(char **to, int flag, const char *format, va_list arguments)
{
	check(flag, format, read_byte);
	return vasprintf(to, format, arguments);
}

int __asprintf_chk(char **to, int flag, const char *format, ...)
{
	CHECKED(__vasprintf_chk(to, flag, format, arguments));
}

void __vsyslog_chk(int priority, int flag, const char *format, va_list arguments)
{
	check(flag, format, read_byte);
	vsyslog(priority, format, arguments);
}

void __syslog_chk(int priority, int flag, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	__vsyslog_chk(priority, flag, format, arguments);
	va_end(arguments);
}

int __vswprintf_chk(wchar_t *to, size_t size, int flag, size_t room, const wchar_t *format, va_list arguments)
{
	require(size <= room);
	check(flag, format, read_wide);
	return vswprintf(to, size, format, arguments);
}

int __swprintf_chk(wchar_t *to, size_t size, int flag, size_t room, const wchar_t *format, ...)
{
	CHECKED(__vswprintf_chk(to, size, flag, room, format, arguments));
}

int __vfwprintf_chk(FILE *file, int flag, const wchar_t *format, va_list arguments)
{
	check(flag, format, read_wide);
	return vfwprintf(file, format, arguments);
}

int __fwprintf_chk(FILE *file, int flag, const wchar_t *format, ...)
{
	CHECKED(__vfwprintf_chk(file, flag, format, arguments));
}

int __vwprintf_chk(int flag, const wchar_t *format, va_list arguments)
{
	return __vfwprintf_chk(stdout, flag, format, arguments);
}

int __wprintf_chk(int flag, const wchar_t *format, ...)
{
	CHECKED(__vfwprintf_chk(stdout, flag, format, arguments));
}
