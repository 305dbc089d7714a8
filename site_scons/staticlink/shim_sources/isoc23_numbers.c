/* The functions that read integers, as C23 words them: base 0 and base 2 take a prefix 0b or 0B.

   glibc's headers since 2.38 give strtol and its kin these names. musl's functions know the prefixes 0 and 0x only, so a
   binary prefix is taken off here. "0b" without a digit behind it is the number 0, and the rest begins at the b. Two more
   things differ: for a base that there is not, glibc leaves *end as it is, and where there is no number, errno. */

#define _GNU_SOURCE
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <wchar.h>
#include <wctype.h>

/* Give what stands behind a binary prefix, with the sign in front copied to `minus`; NULL when there is none. */
static const char *binary_digits(const char *text, int base, int *minus)
{
	if (base != 0 && base != 2)
		return NULL;
	while (isspace((unsigned char)*text))
		text++;
	*minus = *text == '-';
	if (*text == '-' || *text == '+')
		text++;
	if (text[0] != '0' || (text[1] | 32) != 'b' || (text[2] != '0' && text[2] != '1'))
		return NULL;
	return text + 2;
}

static const wchar_t *binary_wides(const wchar_t *text, int base, int *minus)
{
	if (base != 0 && base != 2)
		return NULL;
	while (iswspace(*text))
		text++;
	*minus = *text == L'-';
	if (*text == L'-' || *text == L'+')
		text++;
	if (text[0] != L'0' || (text[1] | 32) != L'b' || (text[2] != L'0' && text[2] != L'1'))
		return NULL;
	return text + 2;
}

/* What `plain` returns for text, end and base of the function around it. */
#define AS_GLIBC(plain, type, letter)                                               \
	({                                                                         \
		int before = errno;                                                \
		letter *stop = (letter *)text;                                     \
		type value = plain(text, &stop, base);                             \
		int known = base == 0 || (base >= 2 && base <= 36);                \
		if (known && stop == text)                                         \
			errno = before;                                            \
		if (known && end)                                                  \
			*end = stop;                                               \
		value;                                                             \
	})

#define UNSIGNED(name, type, letter, digits, plain, of)            \
	type name(const letter *, letter **, int);                 \
	type name(const letter *text, letter **end, int base)      \
	{                                                          \
		int minus = 0;                                     \
		const letter *found = digits(text, base, &minus);  \
		if (!found)                                        \
			return AS_GLIBC(plain, type, letter);      \
		type value = plain(found, end, 2);                 \
		return minus && !of(value) ? -value : value;       \
	}

/* The magnitude of the least number is one more than the greatest, so it is read without a sign. */
#define SIGNED(name, type, utype, letter, digits, plain, read, least, most)        \
	type name(const letter *, letter **, int);                                 \
	type name(const letter *text, letter **end, int base)                      \
	{                                                                          \
		int minus = 0;                                                     \
		const letter *found = digits(text, base, &minus);                  \
		if (!found)                                                        \
			return AS_GLIBC(plain, type, letter);                      \
		utype value = read(found, end, 2);                                 \
		if (value > (utype)most + minus) {                                 \
			errno = ERANGE;                                            \
			return minus ? least : most;                               \
		}                                                                  \
		return minus ? (type)-value : (type)value;                         \
	}

/* On overflow the greatest value is the answer whatever the sign. */
#define IS_MOST(value) ((value) + 1 == 0 && errno == ERANGE)

SIGNED(__isoc23_strtol, long, unsigned long, char, binary_digits, strtol, strtoul, LONG_MIN, LONG_MAX)
SIGNED(__isoc23_strtoll, long long, unsigned long long, char, binary_digits, strtoll, strtoull, LLONG_MIN, LLONG_MAX)
SIGNED(__isoc23_strtoimax, intmax_t, uintmax_t, char, binary_digits, strtoimax, strtoumax, INTMAX_MIN, INTMAX_MAX)
UNSIGNED(__isoc23_strtoul, unsigned long, char, binary_digits, strtoul, IS_MOST)
UNSIGNED(__isoc23_strtoull, unsigned long long, char, binary_digits, strtoull, IS_MOST)
UNSIGNED(__isoc23_strtoumax, uintmax_t, char, binary_digits, strtoumax, IS_MOST)
SIGNED(__isoc23_wcstol, long, unsigned long, wchar_t, binary_wides, wcstol, wcstoul, LONG_MIN, LONG_MAX)
SIGNED(__isoc23_wcstoll, long long, unsigned long long, wchar_t, binary_wides, wcstoll, wcstoull, LLONG_MIN, LLONG_MAX)
SIGNED(__isoc23_wcstoimax, intmax_t, uintmax_t, wchar_t, binary_wides, wcstoimax, wcstoumax, INTMAX_MIN, INTMAX_MAX)
UNSIGNED(__isoc23_wcstoul, unsigned long, wchar_t, binary_wides, wcstoul, IS_MOST)
UNSIGNED(__isoc23_wcstoull, unsigned long long, wchar_t, binary_wides, wcstoull, IS_MOST)
UNSIGNED(__isoc23_wcstoumax, uintmax_t, wchar_t, binary_wides, wcstoumax, IS_MOST)
