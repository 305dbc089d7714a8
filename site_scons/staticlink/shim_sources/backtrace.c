/* backtrace and its kin, which find no frames.

   glibc walks the stack through libgcc's unwinder. The unwinder of a link is chosen by what its inputs ask for, and a
   report of a crash alone should not bring one in. A list of no frames is an answer that every caller has to expect (the
   glibc manual, "Backtraces"); backtrace_symbols gives memory to free, as it promises. */

#include <stdlib.h>

int backtrace(void **, int);
char **backtrace_symbols(void *const *, int);
void backtrace_symbols_fd(void *const *, int, int);

int backtrace(void **to, int count)
{
	(void)to;
	(void)count;
	return 0;
}

char **backtrace_symbols(void *const *frames, int count)
{
	(void)frames;
	(void)count;
	return malloc(1);
}

void backtrace_symbols_fd(void *const *frames, int count, int fd)
{
	(void)frames;
	(void)count;
	(void)fd;
}
