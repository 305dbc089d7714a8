/* stat, lstat, fstat and mknod as objects compiled before glibc 2.33 ask for them, with the version of the structure.

   On x86-64 there is one layout, and glibc takes the versions 0 and 1 for it; mknod has version 0. Any other fails with
   EINVAL (glibc, io/xstat.c and sysdeps/unix/sysv/linux/xmknod.c). layouts64.h asserts the layout. */

#include "layouts64.h"
#include <errno.h>
#include <fcntl.h>

#define VERSIONED(name, parameters, known, call)     \
	int name parameters;                         \
	int name parameters                          \
	{                                            \
		if (version < 0 || version > known) { \
			errno = EINVAL;              \
			return -1;                   \
		}                                    \
		return call;                         \
	}

VERSIONED(__xstat, (int version, const char *path, struct stat *facts), 1, stat(path, facts))
VERSIONED(__xstat64, (int version, const char *path, struct stat *facts), 1, stat(path, facts))
VERSIONED(__lxstat, (int version, const char *path, struct stat *facts), 1, lstat(path, facts))
VERSIONED(__lxstat64, (int version, const char *path, struct stat *facts), 1, lstat(path, facts))
VERSIONED(__fxstat, (int version, int fd, struct stat *facts), 1, fstat(fd, facts))
VERSIONED(__fxstat64, (int version, int fd, struct stat *facts), 1, fstat(fd, facts))
VERSIONED(__fxstatat, (int version, int fd, const char *path, struct stat *facts, int flags), 1,
	  fstatat(fd, path, facts, flags))
VERSIONED(__fxstatat64, (int version, int fd, const char *path, struct stat *facts, int flags), 1,
	  fstatat(fd, path, facts, flags))
VERSIONED(__xmknod, (int version, const char *path, mode_t mode, dev_t *device), 0, mknod(path, mode, *device))
VERSIONED(__xmknodat, (int version, int fd, const char *path, mode_t mode, dev_t *device), 0,
	  mknodat(fd, path, mode, *device))
