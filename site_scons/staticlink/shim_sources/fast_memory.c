/* Memory functions for x86-64 that move and compare 16 bytes at a time.

   musl's are small: memmove and memcmp go byte by byte where areas overlap or differ, and memcpy starts up the string unit
   of the processor for 8 bytes. These use SSE2, which every x86-64 has, and nothing that is set up at start-up, because the
   libc calls them before anything is. Short areas are two loads that overlap; all that an iteration reads, it reads before
   it writes, so an area may be moved onto itself. From _STRING_UNIT bytes on, areas that do not overlap are the string unit's. */

#include <emmintrin.h>
#include <stddef.h>
#include <stdint.h>

#pragma GCC optimize("no-tree-loop-distribute-patterns")

enum { _STRING_UNIT = 2048 };

void *memcpy(void *restrict, const void *restrict, size_t);
void *memmove(void *, const void *, size_t);
void *mempcpy(void *restrict, const void *restrict, size_t);
void *memset(void *, int, size_t);
int memcmp(const void *, const void *, size_t);
int bcmp(const void *, const void *, size_t);

typedef uint64_t __attribute__((may_alias, aligned(1))) word64;
typedef uint32_t __attribute__((may_alias, aligned(1))) word32;
typedef uint16_t __attribute__((may_alias, aligned(1))) word16;

static inline __m128i load(const unsigned char *from)
{
	return _mm_loadu_si128((const __m128i *)from);
}

static inline void store(unsigned char *to, __m128i block)
{
	_mm_storeu_si128((__m128i *)to, block);
}

static inline void move_short(unsigned char *to, const unsigned char *from, size_t size)
{
	if (size >= 8) {
		word64 first = *(const word64 *)from, last = *(const word64 *)(from + size - 8);
		*(word64 *)to = first;
		*(word64 *)(to + size - 8) = last;
	} else if (size >= 4) {
		word32 first = *(const word32 *)from, last = *(const word32 *)(from + size - 4);
		*(word32 *)to = first;
		*(word32 *)(to + size - 4) = last;
	} else if (size >= 2) {
		word16 first = *(const word16 *)from, last = *(const word16 *)(from + size - 2);
		*(word16 *)to = first;
		*(word16 *)(to + size - 2) = last;
	} else if (size) {
		*to = *from;
	}
}

static void move_forward(unsigned char *to, const unsigned char *from, size_t size)
{
	__m128i first = load(from), a, b, c, d;
	__m128i w = load(from + size - 64), x = load(from + size - 48), y = load(from + size - 32), z = load(from + size - 16);
	size_t at = 16 - ((uintptr_t)to & 15);
	unsigned char *start = to;

	for (; at + 64 < size; at += 64) {
		a = load(from + at), b = load(from + at + 16), c = load(from + at + 32), d = load(from + at + 48);
		_mm_store_si128((__m128i *)(to + at), a);
		_mm_store_si128((__m128i *)(to + at + 16), b);
		_mm_store_si128((__m128i *)(to + at + 32), c);
		_mm_store_si128((__m128i *)(to + at + 48), d);
	}
	store(to + size - 64, w);
	store(to + size - 48, x);
	store(to + size - 32, y);
	store(to + size - 16, z);
	store(start, first);
}

static void move_backward(unsigned char *to, const unsigned char *from, size_t size)
{
	__m128i last = load(from + size - 16), a, b, c, d;
	__m128i w = load(from), x = load(from + 16), y = load(from + 32), z = load(from + 48);
	size_t at = size - ((uintptr_t)(to + size) & 15);

	for (; at > 64; at -= 64) {
		a = load(from + at - 16), b = load(from + at - 32), c = load(from + at - 48), d = load(from + at - 64);
		store(to + at - 16, a);
		store(to + at - 32, b);
		store(to + at - 48, c);
		store(to + at - 64, d);
	}
	store(to, w);
	store(to + 16, x);
	store(to + 32, y);
	store(to + 48, z);
	store(to + size - 16, last);
}

void *memmove(void *target, const void *source, size_t size)
{
	unsigned char *to = target;
	const unsigned char *from = source;

	if (size <= 16) {
		move_short(to, from, size);
	} else if (size <= 32) {
		__m128i first = load(from), last = load(from + size - 16);
		store(to, first);
		store(to + size - 16, last);
	} else if (size <= 64) {
		__m128i a = load(from), b = load(from + 16), c = load(from + size - 32), d = load(from + size - 16);
		store(to, a);
		store(to + 16, b);
		store(to + size - 32, c);
		store(to + size - 16, d);
	} else if (size <= 128) {
		__m128i a = load(from), b = load(from + 16), c = load(from + 32), d = load(from + 48);
		__m128i w = load(from + size - 64), x = load(from + size - 48), y = load(from + size - 32);
		__m128i z = load(from + size - 16);
		store(to, a);
		store(to + 16, b);
		store(to + 32, c);
		store(to + 48, d);
		store(to + size - 64, w);
		store(to + size - 48, x);
		store(to + size - 32, y);
		store(to + size - 16, z);
	} else if ((uintptr_t)to - (uintptr_t)from < size) {
		move_backward(to, from, size);
	} else if (size >= _STRING_UNIT && (uintptr_t)from - (uintptr_t)to >= size) {
		/* By words: moving bytes is fast on newer processors only. */
		__m128i last = load(from + size - 16);
		size_t words = size / 8;
		store(to + size - 16, last);
		__asm__ volatile("rep movsq" : "+D"(to), "+S"(from), "+c"(words) : : "memory");
	} else {
		move_forward(to, from, size);
	}
	return target;
}

void *memcpy(void *restrict to, const void *restrict from, size_t size) __attribute__((alias("memmove")));

void *mempcpy(void *restrict to, const void *restrict from, size_t size)
{
	return (unsigned char *)memmove(to, from, size) + size;
}

void *memset(void *target, int byte, size_t size)
{
	unsigned char *to = target, *end = to + size;
	__m128i block = _mm_set1_epi8((char)byte);

	if (size < 16) {
		uint64_t word = 0x0101010101010101u * (unsigned char)byte;
		if (size >= 8) {
			*(word64 *)to = word;
			*(word64 *)(end - 8) = word;
		} else if (size >= 4) {
			*(word32 *)to = (uint32_t)word;
			*(word32 *)(end - 4) = (uint32_t)word;
		} else if (size) {
			*to = to[size / 2] = end[-1] = (unsigned char)byte;
		}
	} else if (size < _STRING_UNIT) {
		store(to, block);
		store(end - 16, block);
		for (to = (unsigned char *)(((uintptr_t)to + 16) & -(uintptr_t)16); to + 16 < end; to += 16)
			_mm_store_si128((__m128i *)to, block);
	} else {
		size_t words = size / 8;
		store(end - 16, block);
		__asm__ volatile("rep stosq" : "+D"(to), "+c"(words) : "a"(_mm_cvtsi128_si64(block)) : "memory");
	}
	return target;
}

static inline int differ(uint64_t one, uint64_t other)
{
	one = __builtin_bswap64(one);
	other = __builtin_bswap64(other);
	return (one > other) - (one < other);
}

static inline unsigned unequal(const unsigned char *one, const unsigned char *other)
{
	return (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(load(one), load(other))) ^ 0xffff;
}

static inline int compare_at(const unsigned char *one, const unsigned char *other, unsigned mask)
{
	unsigned place = (unsigned)__builtin_ctz(mask);
	return one[place] - other[place];
}

int memcmp(const void *left, const void *right, size_t size)
{
	const unsigned char *one = left, *other = right;
	unsigned mask;
	size_t at = 0;

	if (size < 16) {
		if (size >= 8) {
			int found = differ(*(const word64 *)one, *(const word64 *)other);
			return found ? found : differ(*(const word64 *)(one + size - 8), *(const word64 *)(other + size - 8));
		}
		if (size >= 4) {
			int found = differ(*(const word32 *)one, *(const word32 *)other);
			return found ? found : differ(*(const word32 *)(one + size - 4), *(const word32 *)(other + size - 4));
		}
		for (; at < size; at++)
			if (one[at] != other[at])
				return one[at] - other[at];
		return 0;
	}
	for (; at + 64 <= size; at += 64) {
		__m128i same = _mm_and_si128(
			_mm_and_si128(_mm_cmpeq_epi8(load(one + at), load(other + at)), _mm_cmpeq_epi8(load(one + at + 16), load(other + at + 16))),
			_mm_and_si128(_mm_cmpeq_epi8(load(one + at + 32), load(other + at + 32)), _mm_cmpeq_epi8(load(one + at + 48), load(other + at + 48))));
		if (_mm_movemask_epi8(same) != 0xffff)
			break;
	}
	for (; at + 16 <= size; at += 16)
		if ((mask = unequal(one + at, other + at)))
			return compare_at(one + at, other + at, mask);
	if (at < size && (mask = unequal(one + size - 16, other + size - 16)))
		return compare_at(one + size - 16, other + size - 16, mask);
	return 0;
}

int bcmp(const void *left, const void *right, size_t size) __attribute__((alias("memcmp")));
