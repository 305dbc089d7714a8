/* The functions that fill a buffer of the caller's and that _FORTIFY_SOURCE checks: the compiler passes its size.

   glibc ends the program when the caller promises more room than there is; musl has the plain functions only. The
   interface of each is the plain function's with the size added (glibc, bits/unistd.h, bits/stdio2.h, bits/socket2.h). */

#define _GNU_SOURCE
#include "fortify.h"
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>

/* A size beyond the room is no overflow yet: a line that fits is read as ever (glibc, debug/fgets_chk.c). */
char *__fgets_chk(char *to, size_t room, int size, FILE *file)
{
	size_t used = 0;
	int byte = 0;

	if (size <= 0)
		return NULL;
	if ((size_t)size <= room)
		return fgets(to, size, file);
	flockfile(file);
	while (used < room && byte != '\n' && (byte = getc_unlocked(file)) != EOF)
		to[used++] = byte;
	int failed = byte == EOF && ferror(file);
	funlockfile(file);
	if (!used || failed)
		return NULL;
	require(used < room);
	to[used] = 0;
	return to;
}

char *__fgets_unlocked_chk(char *to, size_t room, int size, FILE *file)
{
	return __fgets_chk(to, room, size, file);
}

/* gets knows no size; the room is the limit, and a line that does not fit is an overflow. */
char *__gets_chk(char *to, size_t room)
{
	size_t used = 0;
	int byte;

	require(room > 0);
	while ((byte = getchar()) != EOF && byte != '\n') {
		require(used + 1 < room);
		to[used++] = byte;
	}
	if (ferror(stdin) || (byte == EOF && !used))
		return NULL;
	to[used] = 0;
	return to;
}

static size_t product(size_t size, size_t count)
{
	size_t result;

	return __builtin_mul_overflow(size, count, &result) ? (size_t)-1 : result;
}

size_t __fread_chk(void *to, size_t room, size_t size, size_t count, FILE *file)
{
	require(product(size, count) <= room);
	return fread(to, size, count, file);
}

size_t __fread_unlocked_chk(void *to, size_t room, size_t size, size_t count, FILE *file)
{
	require(product(size, count) <= room);
	return fread_unlocked(to, size, count, file);
}

ssize_t __read_chk(int fd, void *to, size_t size, size_t room)
{
	require(size <= room);
	return read(fd, to, size);
}

ssize_t __pread_chk(int fd, void *to, size_t size, off_t at, size_t room)
{
	require(size <= room);
	return pread(fd, to, size, at);
}

ssize_t __pread64_chk(int fd, void *to, size_t size, off_t at, size_t room)
{
	require(size <= room);
	return pread(fd, to, size, at);
}

ssize_t __recv_chk(int fd, void *to, size_t size, size_t room, int flags)
{
	require(size <= room);
	return recv(fd, to, size, flags);
}

ssize_t __recvfrom_chk(int fd, void *to, size_t size, size_t room, int flags, struct sockaddr *from, socklen_t *length)
{
	require(size <= room);
	return recvfrom(fd, to, size, flags, from, length);
}

ssize_t __readlink_chk(const char *path, char *to, size_t size, size_t room)
{
	require(size <= room);
	return readlink(path, to, size);
}

ssize_t __readlinkat_chk(int directory, const char *path, char *to, size_t size, size_t room)
{
	require(size <= room);
	return readlinkat(directory, path, to, size);
}

char *__getcwd_chk(char *to, size_t size, size_t room)
{
	require(size <= room);
	return getcwd(to, size);
}

/* getwd knows no size: glibc goes through getcwd, and only a path that does not fit ends the program. */
char *__getwd_chk(char *to, size_t room)
{
	char *found = getcwd(to, room);

	require(found || errno != ERANGE);
	return found;
}

char *__realpath_chk(const char *path, char *to, size_t room)
{
	require(room >= PATH_MAX);
	return realpath(path, to);
}

int __gethostname_chk(char *to, size_t size, size_t room)
{
	require(size <= room);
	return gethostname(to, size);
}

int __getdomainname_chk(char *to, size_t size, size_t room)
{
	require(size <= room);
	return getdomainname(to, size);
}

int __getlogin_r_chk(char *to, size_t size, size_t room)
{
	require(size <= room);
	return getlogin_r(to, size);
}

int __ttyname_r_chk(int fd, char *to, size_t size, size_t room)
{
	require(size <= room);
	return ttyname_r(fd, to, size);
}

int __ptsname_r_chk(int fd, char *to, size_t size, size_t room)
{
	require(size <= room);
	return ptsname_r(fd, to, size);
}

size_t __confstr_chk(int name, char *to, size_t size, size_t room)
{
	require(size <= room);
	return confstr(name, to, size);
}

int __getgroups_chk(int count, gid_t *to, size_t room)
{
	require(count < 0 || product(sizeof *to, count) <= room);
	return getgroups(count, to);
}

int __poll_chk(struct pollfd *on, nfds_t count, int timeout, size_t room)
{
	require(count <= room / sizeof *on);
	return poll(on, count, timeout);
}

int __ppoll_chk(struct pollfd *on, nfds_t count, const struct timespec *timeout, const sigset_t *mask, size_t room)
{
	require(count <= room / sizeof *on);
	return ppoll(on, count, timeout, mask);
}

/* FD_SET asks which word of the set a descriptor is in. */
long __fdelt_chk(long fd)
{
	if (fd < 0 || fd >= FD_SETSIZE)
		end_program("bit out of range 0 - FD_SETSIZE on fd_set");
	return fd / (8 * (long)sizeof(long));
}
