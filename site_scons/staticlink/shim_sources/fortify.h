/* How glibc ends a program when a check of _FORTIFY_SOURCE fails: one line on standard error, then SIGABRT
   (debug/fortify_fail.c and sysdeps/posix/libc_fatal.c of glibc; the names are those of the Linux Standard Base, "libc"). */

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>

static inline _Noreturn void end_with(const char *what, const char *end)
{
	struct iovec words[] = {
		{"*** ", 4},
		{(void *)what, strlen(what)},
		{(void *)end, strlen(end)},
	};
	ssize_t written = writev(2, words, 3);

	(void)written; /* There is nobody left to tell. */
	abort();
}

static inline _Noreturn void end_program(const char *what)
{
	end_with(what, " ***: terminated\n");
}

static inline void require(int holds)
{
	if (!holds)
		end_program("buffer overflow detected");
}
