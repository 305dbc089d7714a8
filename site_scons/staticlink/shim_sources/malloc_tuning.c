/* glibc's functions that look into its malloc or tune it, on an allocator that has nothing to tell.

   Each answers what the glibc manual ("The GNU Allocator") has for "not done": mallopt 0, malloc_trim 0 (nothing was
   given back), malloc_info -1; the numbers of mallinfo are all zero, malloc_stats prints nothing, mcheck is too late. */

#include <errno.h>
#include <stddef.h>
#include <stdio.h>

struct mallinfo {
	int numbers[10];
};

struct mallinfo2 {
	size_t numbers[10];
};

int mallopt(int, int);
int malloc_trim(size_t);
int malloc_info(int, FILE *);
void malloc_stats(void);
int mcheck(void (*)(int));
struct mallinfo mallinfo(void);
struct mallinfo2 mallinfo2(void);

int mallopt(int what, int value)
{
	(void)what;
	(void)value;
	return 0;
}

int malloc_trim(size_t kept)
{
	(void)kept;
	return 0;
}

int malloc_info(int options, FILE *file)
{
	(void)options;
	(void)file;
	errno = ENOSYS;
	return -1;
}

void malloc_stats(void)
{
}

int mcheck(void (*broken)(int))
{
	(void)broken;
	return -1;
}

struct mallinfo mallinfo(void)
{
	return (struct mallinfo){{0}};
}

struct mallinfo2 mallinfo2(void)
{
	return (struct mallinfo2){{0}};
}
