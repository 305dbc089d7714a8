/* The scanf family under the names that glibc's headers have given it since 2.38.

   C23 lets %i take a prefix 0b, and adds %b. musl's functions read as C17 words it: %i stops behind the 0 of 0b1, and %b
   is no conversion. glibc takes 0x without a digit behind it for 0; musl fails. Everything else is the same. Defined: __isoc23_sscanf __isoc23_fscanf __isoc23_scanf __isoc23_vsscanf
   __isoc23_vfscanf __isoc23_vscanf __isoc23_swscanf __isoc23_fwscanf __isoc23_wscanf __isoc23_vswscanf __isoc23_vfwscanf
   __isoc23_vwscanf. */

#define _GNU_SOURCE
#include <stdarg.h>
#include <stdio.h>
#include <wchar.h>

#define READS(name, first, letter, on)                            \
	int __isoc23_v##name(first, const letter *, va_list);     \
	int __isoc23_v##name(first, const letter *format, va_list arguments) { return v##name(on, format, arguments); } \
	int __isoc23_##name(first, const letter *, ...);          \
	int __isoc23_##name(first, const letter *format, ...)     \
	{                                                         \
		va_list arguments;                                \
		va_start(arguments, format);                      \
		int count = v##name(on, format, arguments);       \
		va_end(arguments);                                \
		return count;                                     \
	}

READS(sscanf, const char *from, char, from)
READS(fscanf, FILE *from, char, from)
READS(swscanf, const wchar_t *from, wchar_t, from)
READS(fwscanf, FILE *from, wchar_t, from)

#define READS_INPUT(name, letter)                                 \
	int __isoc23_v##name(const letter *, va_list);            \
	int __isoc23_v##name(const letter *format, va_list arguments) { return v##name(format, arguments); } \
	int __isoc23_##name(const letter *, ...);                 \
	int __isoc23_##name(const letter *format, ...)            \
	{                                                         \
		va_list arguments;                                \
		va_start(arguments, format);                      \
		int count = v##name(format, arguments);           \
		va_end(arguments);                                \
		return count;                                     \
	}

READS_INPUT(scanf, char)
READS_INPUT(wscanf, wchar_t)
