/* Close many descriptors at once: close_range asks the kernel, closefrom has to succeed.

   glibc's close_range is the system call (Linux 5.9) and fails with ENOSYS before; its closefrom then goes through
   /proc/self/fd and aborts when it cannot (the glibc manual, "Opening and Closing Files"). musl has neither. */

#define _GNU_SOURCE
#include <dirent.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_close_range
#define SYS_close_range 436
#endif

int close_range(unsigned, unsigned, int);
void closefrom(int);

int close_range(unsigned first, unsigned last, int flags)
{
	return syscall(SYS_close_range, first, last, flags);
}

void closefrom(int first)
{
	struct dirent *entry;

	first = first < 0 ? 0 : first;
	if (!syscall(SYS_close_range, first, UINT_MAX, 0))
		return;
	DIR *open = opendir("/proc/self/fd");
	if (!open)
		abort();
	while ((entry = readdir(open))) {
		int fd = atoi(entry->d_name);
		if (entry->d_name[0] != '.' && fd >= first && fd != dirfd(open))
			close(fd);
	}
	closedir(open);
}
