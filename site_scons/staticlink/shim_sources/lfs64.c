/* The names with which glibc gives 64-bit file offsets (Large File Summit), on a libc whose offsets always have 64 bits.

   On 64-bit machines glibc's off64_t, struct stat64 and struct dirent64 have the layout of off_t, struct stat and struct
   dirent, so each name is the plain function. musl has the same layouts: layouts64.h asserts it. musl dropped the names at
   link time in 1.2.4. Streams and directories are opaque to callers.

   The definitions are weak: a libc that has one of the names wins. */

#include "layouts64.h"
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/uio.h>
#include <unistd.h>

/* musl's headers may define some of the names as macros. */
#undef open64
#undef openat64
#undef fcntl64
#undef creat64
#undef stat64
#undef fstat64
#undef lstat64
#undef fstatat64
#undef statfs64
#undef fstatfs64
#undef statvfs64
#undef fstatvfs64
#undef lseek64
#undef lockf64
#undef ftruncate64
#undef truncate64
#undef fallocate64
#undef posix_fallocate64
#undef posix_fadvise64
#undef pread64
#undef pwrite64
#undef preadv64
#undef pwritev64
#undef preadv64v2
#undef pwritev64v2
#undef sendfile64
#undef mmap64
#undef fopen64
#undef freopen64
#undef tmpfile64
#undef fseeko64
#undef ftello64
#undef fgetpos64
#undef fsetpos64
#undef mkstemp64
#undef mkstemps64
#undef mkostemp64
#undef mkostemps64
#undef readdir64
#undef readdir64_r
#undef scandir64
#undef alphasort64
#undef versionsort64
#undef getdents64
#undef getrlimit64
#undef setrlimit64
#undef prlimit64

#define WEAK(type, name, parameters) type name parameters; __attribute__((weak)) type name parameters

static mode_t mode_of(int flags, va_list arguments)
{
	int has_mode = (flags & O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE;
	return has_mode ? va_arg(arguments, mode_t) : 0;
}

WEAK(int, open64, (const char *path, int flags, ...))
{
	va_list arguments;
	va_start(arguments, flags);
	mode_t mode = mode_of(flags, arguments);
	va_end(arguments);
	return open(path, flags, mode);
}

WEAK(int, openat64, (int directory, const char *path, int flags, ...))
{
	va_list arguments;
	va_start(arguments, flags);
	mode_t mode = mode_of(flags, arguments);
	va_end(arguments);
	return openat(directory, path, flags, mode);
}

/* The third argument is a number or a pointer by the command; either way one register, passed on whole. */
WEAK(int, fcntl64, (int fd, int command, ...))
{
	va_list arguments;
	va_start(arguments, command);
	void *argument = va_arg(arguments, void *);
	va_end(arguments);
	return fcntl(fd, command, argument);
}

WEAK(int, creat64, (const char *path, mode_t mode)) { return creat(path, mode); }
WEAK(int, stat64, (const char *path, struct stat *facts)) { return stat(path, facts); }
WEAK(int, fstat64, (int fd, struct stat *facts)) { return fstat(fd, facts); }
WEAK(int, lstat64, (const char *path, struct stat *facts)) { return lstat(path, facts); }
WEAK(int, fstatat64, (int fd, const char *path, struct stat *facts, int flags)) { return fstatat(fd, path, facts, flags); }
WEAK(int, statfs64, (const char *path, struct statfs *facts)) { return statfs(path, facts); }
WEAK(int, fstatfs64, (int fd, struct statfs *facts)) { return fstatfs(fd, facts); }
WEAK(int, statvfs64, (const char *path, struct statvfs *facts)) { return statvfs(path, facts); }
WEAK(int, fstatvfs64, (int fd, struct statvfs *facts)) { return fstatvfs(fd, facts); }
WEAK(off_t, lseek64, (int fd, off_t offset, int from)) { return lseek(fd, offset, from); }
WEAK(int, lockf64, (int fd, int command, off_t size)) { return lockf(fd, command, size); }
WEAK(int, ftruncate64, (int fd, off_t size)) { return ftruncate(fd, size); }
WEAK(int, truncate64, (const char *path, off_t size)) { return truncate(path, size); }
WEAK(int, fallocate64, (int fd, int mode, off_t at, off_t size)) { return fallocate(fd, mode, at, size); }
WEAK(int, posix_fallocate64, (int fd, off_t at, off_t size)) { return posix_fallocate(fd, at, size); }
WEAK(int, posix_fadvise64, (int fd, off_t at, off_t size, int how)) { return posix_fadvise(fd, at, size, how); }

WEAK(ssize_t, pread64, (int fd, void *to, size_t size, off_t at)) { return pread(fd, to, size, at); }
WEAK(ssize_t, pwrite64, (int fd, const void *from, size_t size, off_t at)) { return pwrite(fd, from, size, at); }
WEAK(ssize_t, preadv64, (int fd, const struct iovec *to, int count, off_t at)) { return preadv(fd, to, count, at); }
WEAK(ssize_t, pwritev64, (int fd, const struct iovec *from, int count, off_t at)) { return pwritev(fd, from, count, at); }
WEAK(ssize_t, preadv64v2, (int fd, const struct iovec *to, int count, off_t at, int flags))
{
	return preadv2(fd, to, count, at, flags);
}
WEAK(ssize_t, pwritev64v2, (int fd, const struct iovec *from, int count, off_t at, int flags))
{
	return pwritev2(fd, from, count, at, flags);
}
WEAK(ssize_t, sendfile64, (int to, int from, off_t *offset, size_t size)) { return sendfile(to, from, offset, size); }
WEAK(void *, mmap64, (void *at, size_t size, int protection, int flags, int fd, off_t offset))
{
	return mmap(at, size, protection, flags, fd, offset);
}

WEAK(FILE *, fopen64, (const char *path, const char *mode)) { return fopen(path, mode); }
WEAK(FILE *, freopen64, (const char *path, const char *mode, FILE *file)) { return freopen(path, mode, file); }
WEAK(FILE *, tmpfile64, (void)) { return tmpfile(); }
WEAK(int, fseeko64, (FILE *file, off_t offset, int from)) { return fseeko(file, offset, from); }
WEAK(off_t, ftello64, (FILE *file)) { return ftello(file); }
WEAK(int, fgetpos64, (FILE *file, fpos_t *place)) { return fgetpos(file, place); }
WEAK(int, fsetpos64, (FILE *file, const fpos_t *place)) { return fsetpos(file, place); }

WEAK(int, mkstemp64, (char *name)) { return mkstemp(name); }
WEAK(int, mkstemps64, (char *name, int suffix)) { return mkstemps(name, suffix); }
WEAK(int, mkostemp64, (char *name, int flags)) { return mkostemp(name, flags); }
WEAK(int, mkostemps64, (char *name, int suffix, int flags)) { return mkostemps(name, suffix, flags); }

typedef int chosen(const struct dirent *);
typedef int ordered(const struct dirent **, const struct dirent **);

WEAK(struct dirent *, readdir64, (DIR *directory)) { return readdir(directory); }
WEAK(int, readdir64_r, (DIR *directory, struct dirent *entry, struct dirent **result))
{
	return readdir_r(directory, entry, result);
}
WEAK(int, scandir64, (const char *path, struct dirent ***found, chosen *choose, ordered *compare))
{
	return scandir(path, found, choose, compare);
}
WEAK(int, alphasort64, (const struct dirent **one, const struct dirent **two)) { return alphasort(one, two); }
WEAK(int, versionsort64, (const struct dirent **one, const struct dirent **two)) { return versionsort(one, two); }
WEAK(ssize_t, getdents64, (int fd, void *to, size_t size)) { return getdents(fd, to, size); }

WEAK(int, getrlimit64, (int what, struct rlimit *limit)) { return getrlimit(what, limit); }
WEAK(int, setrlimit64, (int what, const struct rlimit *limit)) { return setrlimit(what, limit); }
WEAK(int, prlimit64, (pid_t process, int what, const struct rlimit *to, struct rlimit *was))
{
	return prlimit(process, what, to, was);
}
