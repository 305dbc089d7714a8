/* String functions for x86-64 that look at 16 bytes at a time.

   musl's look at one byte, or at eight. These use SSE2, which every x86-64 has. A search reads whole blocks of 16 bytes that
   are aligned, so it reads beyond a string but never beyond the page of one of its bytes, and ignores what is not of
   the string. A comparison of two strings cannot align both, so it stops before either one's page ends and goes byte
   by byte across. */

#include <emmintrin.h>
#include <stddef.h>
#include <stdint.h>

#pragma GCC optimize("no-tree-loop-distribute-patterns")

enum { _BLOCK = 16, _PAGE = 4096 };

void *memcpy(void *restrict, const void *restrict, size_t);
void *memchr(const void *, int, size_t);
void *memrchr(const void *, int, size_t);
void *__memrchr(const void *, int, size_t);
size_t strlen(const char *);
size_t strnlen(const char *, size_t);
char *strchr(const char *, int);
char *strchrnul(const char *, int);
char *__strchrnul(const char *, int);
int strcmp(const char *, const char *);
int strncmp(const char *, const char *, size_t);
char *strcpy(char *restrict, const char *restrict);
char *stpcpy(char *restrict, const char *restrict);
char *__stpcpy(char *restrict, const char *restrict);

static inline __m128i block_at(uintptr_t place)
{
	return _mm_load_si128((const __m128i *)place);
}

static inline unsigned mask_of(__m128i found)
{
	return (unsigned)_mm_movemask_epi8(found);
}

/* Whether any of the four blocks at place, which may be on another page than what was read, is to be read at all. */
static inline int four_on_page(uintptr_t place)
{
	return (place & 63) == 0;
}

size_t strlen(const char *text)
{
	const __m128i zero = _mm_setzero_si128();
	uintptr_t place = (uintptr_t)text & -(uintptr_t)_BLOCK;
	unsigned mask = mask_of(_mm_cmpeq_epi8(block_at(place), zero)) >> ((uintptr_t)text & 15);

	if (mask)
		return (size_t)__builtin_ctz(mask);
	for (place += _BLOCK; !four_on_page(place); place += _BLOCK)
		if ((mask = mask_of(_mm_cmpeq_epi8(block_at(place), zero))))
			return place + (unsigned)__builtin_ctz(mask) - (uintptr_t)text;
	for (;; place += 64) {
		__m128i least = _mm_min_epu8(_mm_min_epu8(block_at(place), block_at(place + 16)),
			_mm_min_epu8(block_at(place + 32), block_at(place + 48)));
		if (mask_of(_mm_cmpeq_epi8(least, zero)))
			break;
	}
	while (!(mask = mask_of(_mm_cmpeq_epi8(block_at(place), zero))))
		place += _BLOCK;
	return place + (unsigned)__builtin_ctz(mask) - (uintptr_t)text;
}

char *__strchrnul(const char *text, int wanted)
{
	const __m128i zero = _mm_setzero_si128(), same = _mm_set1_epi8((char)wanted);
	uintptr_t place = (uintptr_t)text & -(uintptr_t)_BLOCK;
	__m128i block = block_at(place);
	unsigned mask = mask_of(_mm_or_si128(_mm_cmpeq_epi8(block, zero), _mm_cmpeq_epi8(block, same)));

	mask = mask >> ((uintptr_t)text & 15) << ((uintptr_t)text & 15);
	while (!mask && !four_on_page(place += _BLOCK)) {
		block = block_at(place);
		mask = mask_of(_mm_or_si128(_mm_cmpeq_epi8(block, zero), _mm_cmpeq_epi8(block, same)));
	}
	if (mask)
		return (char *)place + __builtin_ctz(mask);
	for (;; place += 64) {
		/* A byte that is wanted is zero once it is XORed with what is wanted. */
		__m128i least = _mm_min_epu8(
			_mm_min_epu8(_mm_min_epu8(block_at(place), _mm_xor_si128(block_at(place), same)),
				_mm_min_epu8(block_at(place + 16), _mm_xor_si128(block_at(place + 16), same))),
			_mm_min_epu8(_mm_min_epu8(block_at(place + 32), _mm_xor_si128(block_at(place + 32), same)),
				_mm_min_epu8(block_at(place + 48), _mm_xor_si128(block_at(place + 48), same))));
		if (mask_of(_mm_cmpeq_epi8(least, zero)))
			break;
	}
	for (;; place += _BLOCK) {
		block = block_at(place);
		mask = mask_of(_mm_or_si128(_mm_cmpeq_epi8(block, zero), _mm_cmpeq_epi8(block, same)));
		if (mask)
			return (char *)place + __builtin_ctz(mask);
	}
}

char *strchrnul(const char *text, int wanted) __attribute__((alias("__strchrnul")));

char *strchr(const char *text, int wanted)
{
	char *found = __strchrnul(text, wanted);
	return *found == (char)wanted ? found : 0;
}

void *memchr(const void *area, int wanted, size_t size)
{
	const __m128i same = _mm_set1_epi8((char)wanted);
	uintptr_t start = (uintptr_t)area, place = start & -(uintptr_t)_BLOCK;
	uintptr_t end = size > UINTPTR_MAX - start ? UINTPTR_MAX : start + size;
	unsigned mask;

	if (!size)
		return 0;
	mask = mask_of(_mm_cmpeq_epi8(block_at(place), same));
	mask = mask >> (start & 15) << (start & 15);
	while (!mask) {
		place += _BLOCK;
		if (place >= end)
			return 0;
		if (four_on_page(place)) {
			for (; place + 64 <= end && place < UINTPTR_MAX - 64; place += 64) {
				__m128i any = _mm_or_si128(
					_mm_or_si128(_mm_cmpeq_epi8(block_at(place), same), _mm_cmpeq_epi8(block_at(place + 16), same)),
					_mm_or_si128(_mm_cmpeq_epi8(block_at(place + 32), same), _mm_cmpeq_epi8(block_at(place + 48), same)));
				if (mask_of(any))
					break;
			}
			if (place >= end)
				return 0;
		}
		mask = mask_of(_mm_cmpeq_epi8(block_at(place), same));
	}
	place += (unsigned)__builtin_ctz(mask);
	return place < end ? (void *)place : 0;
}

void *__memrchr(const void *area, int wanted, size_t size)
{
	const __m128i same = _mm_set1_epi8((char)wanted);
	const unsigned char *start = area;

	while (size >= _BLOCK) {
		unsigned mask = mask_of(_mm_cmpeq_epi8(_mm_loadu_si128((const __m128i *)(start + size - _BLOCK)), same));
		if (mask)
			return (void *)(start + size - _BLOCK + (31 - __builtin_clz(mask)));
		size -= _BLOCK;
	}
	while (size--)
		if (start[size] == (unsigned char)wanted)
			return (void *)(start + size);
	return 0;
}

void *memrchr(const void *area, int wanted, size_t size) __attribute__((alias("__memrchr")));

size_t strnlen(const char *text, size_t most)
{
	const char *end = memchr(text, 0, most);
	return end ? (size_t)(end - text) : most;
}

/* How many bytes at a place can be read as whole blocks without leaving its page. */
static inline size_t readable(const unsigned char *text)
{
	return (_PAGE - ((uintptr_t)text & (_PAGE - 1))) & -(size_t)_BLOCK;
}

int strncmp(const char *left, const char *right, size_t most)
{
	const __m128i zero = _mm_setzero_si128();
	const unsigned char *one = (const void *)left, *other = (const void *)right;

	while (most) {
		size_t room = readable(one), step = readable(other);
		room = room < step ? room : step;
		for (; room && most >= _BLOCK; room -= _BLOCK, most -= _BLOCK, one += _BLOCK, other += _BLOCK) {
			__m128i block = _mm_loadu_si128((const __m128i *)one);
			__m128i equal = _mm_cmpeq_epi8(block, _mm_loadu_si128((const __m128i *)other));
			/* Bytes that differ, or are the end, are zero in the lesser of the block and what is equal. */
			unsigned mask = mask_of(_mm_cmpeq_epi8(_mm_min_epu8(block, equal), zero));
			if (mask) {
				unsigned place = (unsigned)__builtin_ctz(mask);
				return one[place] - other[place];
			}
		}
		/* Over the end of a page, and what is left of the size, byte by byte. */
		for (size_t left_over = _BLOCK; left_over && most; left_over--, most--, one++, other++)
			if (*one != *other || !*one)
				return *one - *other;
	}
	return 0;
}

int strcmp(const char *left, const char *right)
{
	return strncmp(left, right, SIZE_MAX);
}

char *__stpcpy(char *restrict to, const char *restrict from)
{
	size_t size = strlen(from);
	memcpy(to, from, size + 1);
	return to + size;
}

char *stpcpy(char *restrict to, const char *restrict from) __attribute__((alias("__stpcpy")));

char *strcpy(char *restrict to, const char *restrict from)
{
	memcpy(to, from, strlen(from) + 1);
	return to;
}
