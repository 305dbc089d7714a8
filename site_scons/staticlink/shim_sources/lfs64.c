/* The names with which glibc gives 64-bit file offsets (Large File Summit), on a libc whose offsets always have 64 bits.

   On 64-bit machines glibc's off64_t, struct stat64 and struct dirent64 have the layout of off_t, struct stat and struct
   dirent, so each name is the plain function. musl has the same layouts; the assertions below hold glibc's offsets against
   the headers this file is compiled with. musl dropped the names at link time in 1.2.4.

   The definitions are weak: a libc that has one of the names wins. */

#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define HAS(type, member, at) _Static_assert(offsetof(struct type, member) == (at), #type "." #member)

_Static_assert(sizeof(off_t) == 8, "off_t");
_Static_assert(sizeof(struct dirent) == 280, "dirent");
HAS(dirent, d_ino, 0);
HAS(dirent, d_off, 8);
HAS(dirent, d_reclen, 16);
HAS(dirent, d_type, 18);
HAS(dirent, d_name, 19);
#if defined __x86_64__
_Static_assert(sizeof(struct stat) == 144, "stat");
HAS(stat, st_dev, 0);
HAS(stat, st_ino, 8);
HAS(stat, st_nlink, 16);
HAS(stat, st_mode, 24);
HAS(stat, st_uid, 28);
HAS(stat, st_gid, 32);
HAS(stat, st_rdev, 40);
HAS(stat, st_size, 48);
HAS(stat, st_blksize, 56);
HAS(stat, st_blocks, 64);
HAS(stat, st_atim, 72);
HAS(stat, st_mtim, 88);
HAS(stat, st_ctim, 104);
#else
#error "the layout of struct stat was compared on x86-64 only"
#endif

/* musl's headers may define some of the names as macros. */
#undef open64
#undef openat64
#undef creat64
#undef stat64
#undef fstat64
#undef lstat64
#undef fstatat64
#undef lseek64
#undef pread64
#undef pwrite64
#undef preadv64
#undef pwritev64
#undef ftruncate64
#undef truncate64
#undef mmap64
#undef readdir64
#undef sendfile64
#undef fopen64
#undef fseeko64
#undef ftello64

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

WEAK(int, creat64, (const char *path, mode_t mode)) { return creat(path, mode); }
WEAK(int, stat64, (const char *path, struct stat *facts)) { return stat(path, facts); }
WEAK(int, fstat64, (int fd, struct stat *facts)) { return fstat(fd, facts); }
WEAK(int, lstat64, (const char *path, struct stat *facts)) { return lstat(path, facts); }
WEAK(int, fstatat64, (int fd, const char *path, struct stat *facts, int flags)) { return fstatat(fd, path, facts, flags); }
WEAK(off_t, lseek64, (int fd, off_t offset, int from)) { return lseek(fd, offset, from); }
WEAK(ssize_t, pread64, (int fd, void *to, size_t size, off_t at)) { return pread(fd, to, size, at); }
WEAK(ssize_t, pwrite64, (int fd, const void *from, size_t size, off_t at)) { return pwrite(fd, from, size, at); }
WEAK(ssize_t, preadv64, (int fd, const struct iovec *to, int count, off_t at)) { return preadv(fd, to, count, at); }
WEAK(ssize_t, pwritev64, (int fd, const struct iovec *from, int count, off_t at)) { return pwritev(fd, from, count, at); }
WEAK(int, ftruncate64, (int fd, off_t size)) { return ftruncate(fd, size); }
WEAK(int, truncate64, (const char *path, off_t size)) { return truncate(path, size); }
WEAK(void *, mmap64, (void *at, size_t size, int protection, int flags, int fd, off_t offset))
{
	return mmap(at, size, protection, flags, fd, offset);
}
WEAK(struct dirent *, readdir64, (DIR *directory)) { return readdir(directory); }
WEAK(ssize_t, sendfile64, (int to, int from, off_t *offset, size_t size)) { return sendfile(to, from, offset, size); }
WEAK(FILE *, fopen64, (const char *path, const char *mode)) { return fopen(path, mode); }
WEAK(int, fseeko64, (FILE *file, off_t offset, int from)) { return fseeko(file, offset, from); }
WEAK(off_t, ftello64, (FILE *file)) { return ftello(file); }
