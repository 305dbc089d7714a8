/* getcontext, setcontext, swapcontext and makecontext: none of them works on musl, and they say so.

   musl has no such functions, and its ucontext_t has another size than glibc's. POSIX lets the first, and glibc's manual
   ("System V contexts") all that return, fail with -1; the error is ENOSYS. A program that asks getcontext first, as
   OpenSSL's ASYNC_is_capable does, goes on without. Nothing is read or written through the pointers. */

#include <errno.h>

struct ucontext_t;

int getcontext(struct ucontext_t *);
int setcontext(const struct ucontext_t *);
int swapcontext(struct ucontext_t *, const struct ucontext_t *);
void makecontext(struct ucontext_t *, void (*)(void), int, ...);

static int refuse(void)
{
	errno = ENOSYS;
	return -1;
}

int getcontext(struct ucontext_t *to)
{
	(void)to;
	return refuse();
}

int setcontext(const struct ucontext_t *from)
{
	(void)from;
	return refuse();
}

int swapcontext(struct ucontext_t *to, const struct ucontext_t *from)
{
	(void)to;
	(void)from;
	return refuse();
}

/* It has no answer to give; the functions that would use what it makes do. */
void makecontext(struct ucontext_t *of, void (*start)(void), int count, ...)
{
	(void)of;
	(void)start;
	(void)count;
}
