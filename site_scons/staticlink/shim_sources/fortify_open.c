/* open and its kin without a mode, which _FORTIFY_SOURCE checks: with O_CREAT or O_TMPFILE the mode would be whatever a
   register holds. glibc ends the program with a line that names the function; musl has the plain functions only. */

#define _GNU_SOURCE
#include "fortify.h"
#include <fcntl.h>
#include <mqueue.h>

/* musl's headers may define them as macros. */
#undef openat64
#undef open64

#define NEEDS_MODE(flags) (((flags) & O_CREAT) || ((flags) & O_TMPFILE) == O_TMPFILE)

int __open_2(const char *path, int flags)
{
	if (NEEDS_MODE(flags))
		end_program("invalid open call: O_CREAT or O_TMPFILE without mode");
	return open(path, flags);
}

int __open64_2(const char *path, int flags)
{
	if (NEEDS_MODE(flags))
		end_program("invalid open64 call: O_CREAT or O_TMPFILE without mode");
	return open(path, flags);
}

int __openat_2(int directory, const char *path, int flags)
{
	if (NEEDS_MODE(flags))
		end_program("invalid openat call: O_CREAT or O_TMPFILE without mode");
	return openat(directory, path, flags);
}

int __openat64_2(int directory, const char *path, int flags)
{
	if (NEEDS_MODE(flags))
		end_program("invalid openat64 call: O_CREAT or O_TMPFILE without mode");
	return openat(directory, path, flags);
}

mqd_t __mq_open_2(const char *name, int flags)
{
	if (flags & O_CREAT)
		end_program("invalid mq_open call: O_CREAT without mode and attr");
	return mq_open(name, flags);
}
