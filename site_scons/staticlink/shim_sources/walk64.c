/* glob64 and nftw64: the plain functions, without what only glibc's can do.

   glibc extends glob by brace expansion, own directory functions and more (the glibc manual, "More Flags for
   Globbing"), and nftw by FTW_ACTIONRETVAL, under which a visitor's answers mean something else. musl has the flags of
   POSIX, GLOB_PERIOD, GLOB_TILDE and GLOB_TILDE_CHECK, and ignores what it does not know, which would give wrong
   answers. So a call with any other flag fails: glob64 with GLOB_NOSYS, "not implemented", nftw64 with ENOSYS. */

#include "layouts64.h"
#include <errno.h>
#include <ftw.h>

_Static_assert(sizeof(glob_t) == 72, "glob_t");
_Static_assert(offsetof(glob_t, gl_pathc) == 0, "gl_pathc");
_Static_assert(offsetof(glob_t, gl_pathv) == 8, "gl_pathv");
_Static_assert(offsetof(glob_t, gl_offs) == 16, "gl_offs");

#define GLOB_KNOWN                                                                                       \
	(GLOB_ERR | GLOB_MARK | GLOB_NOSORT | GLOB_DOOFFS | GLOB_NOCHECK | GLOB_APPEND | GLOB_NOESCAPE | \
	 GLOB_PERIOD | GLOB_TILDE | GLOB_TILDE_CHECK)
#define FTW_KNOWN (FTW_PHYS | FTW_MOUNT | FTW_CHDIR | FTW_DEPTH)

int(glob64)(const char *pattern, int flags, int (*failed)(const char *, int), glob_t *found);
void(globfree64)(glob_t *found);
int(nftw64)(const char *, int (*)(const char *, const struct stat *, int, struct FTW *), int, int);

int(glob64)(const char *pattern, int flags, int (*failed)(const char *, int), glob_t *found)
{
	return flags & ~GLOB_KNOWN ? GLOB_NOSYS : glob(pattern, flags, failed, found);
}

void(globfree64)(glob_t *found)
{
	globfree(found);
}

int(nftw64)(const char *path, int (*visit)(const char *, const struct stat *, int, struct FTW *), int depth, int flags)
{
	if (flags & ~FTW_KNOWN) {
		errno = ENOSYS;
		return -1;
	}
	return nftw(path, visit, depth, flags);
}
