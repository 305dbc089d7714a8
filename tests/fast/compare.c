/* Are the fast functions the ones they stand for, byte for byte, on every size and place around a block and a page?

   Each is compared with a loop that does it byte by byte. The areas end where a page that cannot be read begins, and
   others begin where one ends. */

#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { PAGE = 4096, ROOM = 3 * PAGE, SIZES = 200 };

static unsigned char *left, *right; /* ROOM bytes between pages that cannot be read */
static unsigned char model[ROOM];
static unsigned long checks;
static unsigned state = 20261124;

static unsigned dice(unsigned sides)
{
	state = state * 1664525u + 1013904223u;
	return (state >> 8) % sides;
}

static void fail(const char *what, size_t at, size_t size)
{
	printf("FAIL %s at %zu size %zu\n", what, at, size);
	exit(1);
}

#define CHECK(what, good) ((good) ? (void)checks++ : fail(what, at, size))

static unsigned char *area(void)
{
	unsigned char *start = mmap(0, ROOM + 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (start == MAP_FAILED || mprotect(start, PAGE, PROT_NONE) || mprotect(start + PAGE + ROOM, PAGE, PROT_NONE))
		exit(2);
	return start + PAGE;
}

static int sign(int number)
{
	return (number > 0) - (number < 0);
}

static int compared(const unsigned char *one, const unsigned char *other, size_t size, int text)
{
	for (size_t i = 0; i < size; i++)
		if (one[i] != other[i] || (text && !one[i]))
			return one[i] - other[i];
	return 0;
}

/* Places near the beginning, near a page's end, and so that the area ends where nothing can be read. */
static size_t place(unsigned number, size_t size)
{
	if (number < 40)
		return number;
	if (number < 80)
		return PAGE - 60 + number;
	return ROOM - size - (number < 100 ? number - 80 : 0);
}

static void fill(unsigned char *to, size_t size)
{
	for (size_t i = 0; i < size; i++)
		to[i] = (unsigned char)(1 + dice(255));
}

static void check_moves(size_t at, size_t size, size_t to)
{
	fill(left, ROOM);
	for (size_t i = 0; i < ROOM; i++)
		right[i] = 0xee;
	CHECK("memcpy", memcpy(right + to, left + at, size) == right + to);
	CHECK("memcpy", !compared(right + to, left + at, size, 0));
	CHECK("memcpy before", to == 0 || right[to - 1] == 0xee);
	CHECK("memcpy behind", to + size == ROOM || right[to + size] == 0xee);
	CHECK("mempcpy", mempcpy(right + to, left + at, size) == right + to + size);
	CHECK("memset", memset(right + to, (int)size - 300, size) == right + to);
	for (size_t i = 0; i < size; i++)
		CHECK("memset", right[to + i] == (unsigned char)((int)size - 300));
	CHECK("memset before", to == 0 || right[to - 1] == 0xee);
	CHECK("memset behind", to + size == ROOM || right[to + size] == 0xee);
	for (size_t i = 0; i < ROOM; i++)
		model[i] = left[i];
	for (size_t i = 0; i < size; i++)
		model[to + i] = left[at + i];
	CHECK("memmove", memmove(left + to, left + at, size) == left + to);
	CHECK("memmove", !compared(left, model, ROOM, 0));
}

static void check_searches(size_t at, size_t size)
{
	unsigned char *start = left + at;
	size_t end = size ? size - 1 : 0, where = size ? dice((unsigned)size) : 0, limit = dice(SIZES * 2);

	memset(left, 'y', ROOM);
	for (size_t i = 0; i < size; i++)
		start[i] = 'x';
	CHECK("memchr none", !memchr(start, 'y', size));
	CHECK("memrchr none", !memrchr(start, 'y', size));
	CHECK("memchr in no bytes", !memchr(start, 'x', 0));
	if (!size)
		return;
	start[where] = (unsigned char)0xf1;
	CHECK("memchr", memchr(start, 0xf1, size) == start + where);
	CHECK("memchr further", memchr(start, 0xf1, (size_t)-1) == start + where);
	CHECK("memrchr", memrchr(start, 0xf1, size) == start + where);
	CHECK("memchr within", memchr(start, 0xf1, limit) == (limit > where ? start + where : 0) || limit > ROOM - at);
	start[where] = 'x';
	start[end] = 0;
	CHECK("strlen", strlen((char *)start) == end);
	CHECK("strnlen", strnlen((char *)start, limit) == (limit < end ? limit : end));
	CHECK("strchr of the end", strchr((char *)start, 0) == (char *)start + end);
	CHECK("strchr none", !strchr((char *)start, 'y') && strchrnul((char *)start, 'y') == (char *)start + end);
	if (where != end) {
		start[where] = (unsigned char)0x80;
		CHECK("strchr", strchr((char *)start, 0x80) == (char *)start + where);
		CHECK("strchr signed", strchr((char *)start, -128) == (char *)start + where);
		CHECK("strchrnul", strchrnul((char *)start, 0x80) == (char *)start + where);
	}
	if (at + size <= ROOM) {
		char *copy = (char *)right + (ROOM - size);
		right[ROOM - size - 1] = 0xee;
		CHECK("strcpy", strcpy(copy, (char *)start) == copy && !compared((unsigned char *)copy, start, size, 0));
		memset(copy, 0xee, size);
		CHECK("stpcpy", stpcpy(copy, (char *)start) == copy + end && !compared((unsigned char *)copy, start, size, 0));
		CHECK("strcpy before", right[ROOM - size - 1] == 0xee);
	}
}

static void check_comparisons(size_t at, size_t size, size_t to)
{
	unsigned char *one = left + at, *other = right + to;

	fill(one, size);
	for (size_t i = 0; i < size; i++)
		other[i] = one[i];
	CHECK("memcmp of equals", !memcmp(one, other, size) && !bcmp(one, other, size));
	if (!size)
		return;
	one[size - 1] = other[size - 1] = 0;
	CHECK("strcmp of equals", !strcmp((char *)one, (char *)other));
	for (int i = 0; i < 3; i++) {
		size_t where = dice((unsigned)size), limit = dice((unsigned)size + 20);
		unsigned char kept = other[where];
		other[where] = (unsigned char)dice(256);
		CHECK("memcmp", sign(memcmp(one, other, size)) == sign(compared(one, other, size, 0)));
		other[size - 1] = 0;
		CHECK("strcmp", sign(strcmp((char *)one, (char *)other)) == sign(compared(one, other, size, 1)));
		CHECK("strncmp", sign(strncmp((char *)one, (char *)other, limit))
			== sign(compared(one, other, limit < size ? limit : size, 1)));
		other[where] = kept;
		other[size - 1] = 0;
	}
}

static size_t width;
static unsigned long steps;

static int compare(const void *one, const void *other)
{
	steps++;
	return memcmp(one, other, width < 4 ? width : 4);
}

static int compare_with(const void *one, const void *other, void *with)
{
	return *(int *)with * compare(one, other);
}

static void check_sort(size_t size, unsigned kind)
{
	size_t at = 0;
	int direction = kind % 2 ? 1 : -1;
	unsigned char *rows = malloc(size * width + 1);
	unsigned long before[256] = {0};

	for (size_t i = 0; i < size; i++) {
		unsigned key = kind < 2 ? dice(1u << 30) : kind < 4 ? (unsigned)i : kind < 6 ? (unsigned)(size - i) : kind < 8 ? dice(3)
			: (unsigned)(i < size / 2 ? i : size - i);
		for (size_t k = 0; k < width; k++)
			rows[i * width + k] = (unsigned char)(k < 4 ? key >> (24 - 8 * k) : key * 7 + k);
	}
	for (size_t i = 0; i < size * width; i++)
		before[rows[i]]++;
	steps = 0;
	if (kind % 3)
		qsort_r(rows, size, width, compare_with, &direction);
	else
		qsort(rows, size, width, compare), direction = 1;
	for (size_t i = 0; i < size * width; i++)
		before[rows[i]]--;
	for (size_t i = 0; i < 256; i++)
		CHECK("qsort loses nothing", !before[i]);
	unsigned long most = 40;
	for (size_t left_over = size; left_over; left_over >>= 1)
		most += 8 * size;
	CHECK("qsort takes n log n steps", steps <= most);
	for (size_t i = 1; i < size; i++)
		CHECK("qsort", direction * memcmp(rows + (i - 1) * width, rows + i * width, width < 4 ? width : 4) <= 0);
	/* What follows the key has stayed with it. */
	for (size_t i = 0; i < size && width > 4; i++) {
		unsigned char *row = rows + i * width;
		unsigned key = (unsigned)row[0] << 24 | (unsigned)row[1] << 16 | (unsigned)row[2] << 8 | row[3];
		for (size_t k = 4; k < width; k++)
			CHECK("qsort keeps rows whole", row[k] == (unsigned char)(key * 7 + k));
	}
	free(rows);
}

/* McIlroy's adversary ("A Killer Adversary for Quicksort"): a value is decided upon only when that is worst. */
enum { MANY = 4000 };
static int decided[MANY], solid, candidate;

static int resist(const void *one, const void *other)
{
	int x = *(const int *)one, y = *(const int *)other;
	steps++;
	if (decided[x] == MANY && decided[y] == MANY)
		decided[x == candidate ? x : y] = solid++;
	if (decided[x] == MANY)
		candidate = x;
	else if (decided[y] == MANY)
		candidate = y;
	return decided[x] - decided[y];
}

static void check_adversary(void)
{
	static int rows[MANY];
	size_t at = 0, size = MANY;
	for (int i = 0; i < MANY; i++)
		rows[i] = i, decided[i] = MANY;
	steps = 0;
	qsort(rows, MANY, sizeof *rows, resist);
	CHECK("qsort against an adversary", steps < 8ul * 12 * MANY);
	for (int i = 1; i < MANY; i++)
		CHECK("qsort against an adversary", decided[rows[i - 1]] <= decided[rows[i]]);
}

int main(void)
{
	left = area();
	right = area();
	for (size_t size = 0; size < SIZES; size++)
		for (unsigned number = 0; number < 101; number++) {
			size_t at = place(number, size);
			check_searches(at, size);
			check_comparisons(at, size, place(dice(101), size));
			if (number % 8 == size % 8)
				check_moves(at, size, place(dice(101), size));
		}
	for (int i = 0; i < 3000; i++) {
		size_t size = dice(ROOM - 300), at = dice((unsigned)(ROOM - size)), near = at + dice(400);
		check_moves(at, size, i % 2 ? dice((unsigned)(ROOM - size)) : near + size <= ROOM ? near : at / 2);
		if (i % 8 == 0) {
			check_searches(at, size);
			check_comparisons(at, size, dice((unsigned)(ROOM - size)));
		}
	}
	static const size_t widths[] = {1, 2, 4, 7, 8, 12, 16, 24, 33};
	for (unsigned i = 0; i < sizeof widths / sizeof *widths; i++)
		for (unsigned kind = 0; kind < 10; kind++) {
			width = widths[i];
			for (size_t size = 0; size < 40; size++)
				check_sort(size, kind);
			check_sort(1000, kind);
			check_sort(5000 + dice(500), kind);
		}
	check_adversary();
	printf("ok %s\n", checks > 1000000 ? "more than a million checks" : "too few checks");
	return 0;
}
