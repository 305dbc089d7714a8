/* qsort that divides, in place of musl's smoothsort.

   musl's sorts in place in n log n steps whatever the data; so does this one, which is faster because its steps are
   nearer to each other: it divides around the middle one of three, sorts what is short by insertion, and turns to heaps
   when dividing has gone wrong as often as a good division would have taken. Nothing is allocated. */

#include <stddef.h>
#include <stdint.h>

#pragma GCC optimize("no-tree-loop-distribute-patterns")

enum { _SHORT = 12 };

typedef int compare_alone(const void *, const void *);
typedef int compare_with(const void *, const void *, void *);
typedef uint64_t __attribute__((may_alias, aligned(1))) word64;
typedef uint32_t __attribute__((may_alias, aligned(1))) word32;

/* One of the two is called. */
struct order {
	compare_alone *alone;
	compare_with *compare;
	void *with;
	size_t width;
};

void __qsort_r(void *, size_t, size_t, compare_with *, void *);
void qsort_r(void *, size_t, size_t, compare_with *, void *);
void qsort(void *, size_t, size_t, compare_alone *);

static inline void swap(unsigned char *one, unsigned char *other, size_t width)
{
	for (; width >= 8; width -= 8, one += 8, other += 8) {
		word64 kept = *(word64 *)one;
		*(word64 *)one = *(word64 *)other;
		*(word64 *)other = kept;
	}
	if (width >= 4) {
		word32 kept = *(word32 *)one;
		*(word32 *)one = *(word32 *)other;
		*(word32 *)other = kept;
		width -= 4, one += 4, other += 4;
	}
	for (; width; width--, one++, other++) {
		unsigned char kept = *one;
		*one = *other;
		*other = kept;
	}
}

static inline int before(const struct order *order, const unsigned char *one, const unsigned char *other)
{
	return (order->alone ? order->alone(one, other) : order->compare(one, other, order->with)) < 0;
}

static void insert_each(unsigned char *start, size_t count, const struct order *order)
{
	size_t width = order->width;
	unsigned char *end = start + count * width;

	for (unsigned char *next = start + width; next < end; next += width)
		for (unsigned char *at = next; at > start && before(order, at, at - width); at -= width)
			swap(at, at - width, width);
}

static void sink(unsigned char *start, size_t from, size_t count, const struct order *order)
{
	size_t width = order->width, child;

	for (; (child = 2 * from + 1) < count; from = child) {
		if (child + 1 < count && before(order, start + child * width, start + (child + 1) * width))
			child++;
		if (!before(order, start + from * width, start + child * width))
			return;
		swap(start + from * width, start + child * width, width);
	}
}

static void sort_by_heap(unsigned char *start, size_t count, const struct order *order)
{
	for (size_t from = count / 2; from--;)
		sink(start, from, count, order);
	while (count > 1) {
		swap(start, start + --count * order->width, order->width);
		sink(start, 0, count, order);
	}
}

static void sort(unsigned char *start, size_t count, const struct order *order, unsigned chances)
{
	size_t width = order->width;

	while (count > _SHORT) {
		unsigned char *middle = start + count / 2 * width, *last = start + (count - 1) * width;
		unsigned char *low = start, *high = last;
		size_t lower;

		if (!chances--) {
			sort_by_heap(start, count, order);
			return;
		}
		/* The middle one of three comes first, and is what the others are compared with. */
		if (before(order, middle, start))
			swap(middle, start, width);
		if (before(order, last, middle)) {
			swap(last, middle, width);
			if (before(order, middle, start))
				swap(middle, start, width);
		}
		swap(start, middle, width);
		for (;;) {
			do
				low += width;
			while (low < last && before(order, low, start));
			while (high > start && before(order, start, high))
				high -= width;
			if (low >= high)
				break;
			swap(low, high, width);
			high -= width;
		}
		swap(start, high, width);
		lower = (size_t)(high - start) / width;
		/* The shorter part is sorted by a call, so that calls are no deeper than the logarithm of the count. */
		if (lower < count - lower - 1) {
			sort(start, lower, order, chances);
			start = high + width;
			count -= lower + 1;
		} else {
			sort(high + width, count - lower - 1, order, chances);
			count = lower;
		}
	}
	insert_each(start, count, order);
}

static void sort_by(void *start, size_t count, const struct order *order)
{
	unsigned chances = 2;

	if (count < 2 || !order->width)
		return;
	for (size_t left = count; left; left >>= 1)
		chances += 2;
	sort(start, count, order, chances);
}

void __qsort_r(void *start, size_t count, size_t width, compare_with *compare, void *with)
{
	struct order order = {0, compare, with, width};

	sort_by(start, count, &order);
}

void qsort_r(void *start, size_t count, size_t width, compare_with *compare, void *with)
	__attribute__((alias("__qsort_r")));

void qsort(void *start, size_t count, size_t width, compare_alone *compare)
{
	struct order order = {compare, 0, 0, width};

	sort_by(start, count, &order);
}
