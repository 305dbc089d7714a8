/* The tables behind tolower and toupper, which glibc's headers read in place of calling the functions.

   glibc's have an entry for every char, signed or not, and for EOF, and a letter that is none of ASCII's stays as it is
   (the LSB, "__ctype_tolower_loc"). musl's hold zero for all but ASCII: tolower('\351') would become 0 in an object
   compiled with glibc's headers. In the locales of musl no byte above 127 is a letter, so these tables are constant. */

#include <stdint.h>

#define ROW(at, low, high)                                                                      \
	at(low, high, 0), at(low, high, 1), at(low, high, 2), at(low, high, 3), at(low, high, 4), \
		at(low, high, 5), at(low, high, 6), at(low, high, 7)
#define ROWS(at, x) ROW(at, x, 0), ROW(at, x, 8), ROW(at, x, 16), ROW(at, x, 24)
#define ALL(at)                                                                              \
	ROWS(at, -128), ROWS(at, -96), ROWS(at, -64), ROWS(at, -32), ROWS(at, 0), ROWS(at, 32), \
		ROWS(at, 64), ROWS(at, 96), ROWS(at, 128), ROWS(at, 160), ROWS(at, 192), ROWS(at, 224)
#define BYTE(c) ((c) < -1 ? (c) + 256 : (c))
#define LOWER(low, high, n) BYTE((low) + (high) + (n)) + 32 * IS((low) + (high) + (n), 'A', 'Z')
#define UPPER(low, high, n) BYTE((low) + (high) + (n)) - 32 * IS((low) + (high) + (n), 'a', 'z')
#define IS(c, first, last) ((c) >= (first) && (c) <= (last))

const int32_t **__ctype_tolower_loc(void);
const int32_t **__ctype_toupper_loc(void);

const int32_t **__ctype_tolower_loc(void)
{
	static const int32_t table[384] = {ALL(LOWER)}, *start = table + 128;
	return &start;
}

const int32_t **__ctype_toupper_loc(void)
{
	static const int32_t table[384] = {ALL(UPPER)}, *start = table + 128;
	return &start;
}
