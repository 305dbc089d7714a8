/* glob64, ftw64 and nftw64: the plain functions, without what only glibc's can do.

   glibc extends glob by brace expansion, own directory functions and more (the glibc manual, "More Flags for
   Globbing"), and nftw by FTW_ACTIONRETVAL, under which a visitor's answers mean something else. musl has the flags of
   POSIX, GLOB_PERIOD, GLOB_TILDE and GLOB_TILDE_CHECK, and ignores what it does not know, which would give wrong
   answers. So a call with any other flag fails: glob64 with GLOB_NOSYS, "not implemented", nftw64 with ENOSYS. */

#include "layouts64.h"
#include <errno.h>
#include <ftw.h>

/* musl's headers may define the names as macros. */
#undef glob64
#undef globfree64
#undef nftw64
#undef ftw64

_Static_assert(sizeof(glob_t) == 72, "glob_t");
_Static_assert(offsetof(glob_t, gl_pathc) == 0, "gl_pathc");
_Static_assert(offsetof(glob_t, gl_pathv) == 8, "gl_pathv");
_Static_assert(offsetof(glob_t, gl_offs) == 16, "gl_offs");

#define GLOB_KNOWN                                                                                       \
	(GLOB_ERR | GLOB_MARK | GLOB_NOSORT | GLOB_DOOFFS | GLOB_NOCHECK | GLOB_APPEND | GLOB_NOESCAPE | \
	 GLOB_PERIOD | GLOB_TILDE | GLOB_TILDE_CHECK)
#define FTW_KNOWN (FTW_PHYS | FTW_MOUNT | FTW_CHDIR | FTW_DEPTH)

int glob64(const char *pattern, int flags, int (*failed)(const char *, int), glob_t *found);
void globfree64(glob_t *found);
int nftw64(const char *, int (*)(const char *, const struct stat *, int, struct FTW *), int, int);
int ftw64(const char *, int (*)(const char *, const struct stat *, int), int);

int glob64(const char *pattern, int flags, int (*failed)(const char *, int), glob_t *found)
{
	if (!(flags & ~GLOB_KNOWN))
		return glob(pattern, flags, failed, found);
	if (!(flags & GLOB_APPEND)) {
		found->gl_pathc = 0; /* so that globfree64 finds nothing to free */
		found->gl_pathv = NULL;
	}
	return GLOB_NOSYS;
}

void globfree64(glob_t *found)
{
	globfree(found);
}

/* glibc counts the kinds of files from 0, musl from 1, in the same order: FTW_F, FTW_D, FTW_DNR, FTW_NS, FTW_SL, FTW_DP,
   FTW_SLN. The visitor of a walk gets glibc's numbers; one walk may begin another. */

typedef int simple_visitor(const char *, const struct stat *, int);
typedef int visitor(const char *, const struct stat *, int, struct FTW *);

static _Thread_local simple_visitor *simple;
static _Thread_local visitor *full;

static int visit_simply(const char *path, const struct stat *facts, int kind)
{
	return simple(path, facts, kind - FTW_F);
}

static int visit_fully(const char *path, const struct stat *facts, int kind, struct FTW *where)
{
	return full(path, facts, kind - FTW_F, where);
}

int ftw64(const char *path, simple_visitor *visit, int depth)
{
	simple_visitor *outer = simple;

	simple = visit;
	int answer = ftw(path, visit_simply, depth);
	simple = outer;
	return answer;
}

int nftw64(const char *path, visitor *visit, int depth, int flags)
{
	visitor *outer = full;

	if (flags & ~FTW_KNOWN) {
		errno = ENOSYS;
		return -1;
	}
	full = visit;
	int answer = nftw(path, visit_fully, depth, flags);
	full = outer;
	return answer;
}
