/* stat, lstat and fstat for 64-bit offsets as objects compiled before glibc 2.33 ask for them, with the version of the
   structure. musl has the names without 64 itself, for any version.

   On x86-64 there is one layout, and glibc takes the versions 0 and 1 for it; any other fails with EINVAL (glibc,
   sysdeps/unix/sysv/linux/xstat64.c). layouts64.h asserts the layout. */

#include "layouts64.h"
#include <errno.h>

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

VERSIONED(__xstat64, (int version, const char *path, struct stat *facts), 1, stat(path, facts))
VERSIONED(__lxstat64, (int version, const char *path, struct stat *facts), 1, lstat(path, facts))
VERSIONED(__fxstat64, (int version, int fd, struct stat *facts), 1, fstat(fd, facts))
VERSIONED(__fxstatat64, (int version, int fd, const char *path, struct stat *facts, int flags), 1,
	  fstatat(fd, path, facts, flags))
