#define _LARGEFILE64_SOURCE 1
#include "said.h"
#include <aio.h>
#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <glob.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/uio.h>
#include <sys/vfs.h>
#include <unistd.h>

int __xstat64(int, const char *, struct stat64 *), __lxstat64(int, const char *, struct stat64 *);
int __fxstat64(int, int, struct stat64 *), __fxstatat64(int, int, const char *, struct stat64 *, int);

static struct stat64 facts;
static int visited;

#define FACTS(call)                                                                       \
	do {                                                                              \
		memset(&facts, 0, sizeof facts);                                          \
		E(call);                                                                  \
		printf("%o %lld %d\n", facts.st_mode, (long long)facts.st_size, (int)facts.st_nlink); \
	} while (0)

static int visit(const char *path, const struct stat64 *of, int kind)
{
	(void)path;
	visited += 100 + kind + (of->st_size == 9);
	return 0;
}

static int visit_more(const char *path, const struct stat64 *of, int kind, struct FTW *where)
{
	(void)path;
	visited += 100 + kind + where->level + (of->st_size == 9);
	return 0;
}

static int is_ours(const struct dirent64 *entry)
{
	return entry->d_name[0] == 'f';
}

static void structures(void)
{
	struct statfs64 system;
	struct statvfs64 volume;
	struct rlimit64 limit;

	N(statfs64("/proc", &system));
	N(system.f_type);
	N(system.f_bsize);
	N(fstatfs64(0, &system) | 1);
	N(statvfs64("/proc", &volume));
	N(volume.f_bsize + volume.f_namemax);
	N(fstatvfs64(0, &volume) | 1);
	N(getrlimit64(RLIMIT_CORE, &limit));
	limit.rlim_cur = 0;
	N(setrlimit64(RLIMIT_CORE, &limit));
	N(prlimit64(0, RLIMIT_CORE, NULL, &limit));
	N(limit.rlim_cur);
}

static void walks(void)
{
	struct dirent64 **found, entry, *next;
	glob64_t globbed;

	N(mkdir("d", 0700) | 1);
	close(creat64("d/f1", 0600));
	close(creat64("d/f2", 0600));
	N(scandir64("d", &found, is_ours, alphasort64));
	S(found[0]->d_name);
	N(versionsort64((const struct dirent64 **)&found[0], (const struct dirent64 **)&found[1]) < 0);
	DIR *directory = opendir("d");
	int seen = 0;
	while ((next = readdir64(directory)))
		seen++;
	N(seen);
	rewinddir(directory);
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
	N(readdir64_r(directory, &entry, &next));
	N(next == &entry);
	lseek64(dirfd(directory), 0, SEEK_SET);
	char entries[4096];
	N(getdents64(dirfd(directory), entries, sizeof entries) > 80);
	N(ftw64("d", visit, 4));
	N(visited);
	N(nftw64("d", visit_more, 4, FTW_PHYS | FTW_DEPTH));
	N(visited);
	N(glob64("d/f*", GLOB_MARK, NULL, &globbed));
	N(globbed.gl_pathc);
	S(globbed.gl_pathv[1]);
	globfree64(&globbed);
	N(glob64("d/none*", 0, NULL, &globbed) == GLOB_NOMATCH);
}

static void streams(void)
{
	char name[] = "tmp-XXXXXX", other[] = "tmp-XXXXXX.c", third[] = "tmp-XXXXXX", fourth[] = "tmp-XXXXXX.c";
	fpos64_t place;
	FILE *file = fopen64("s", "w+");

	N(fputs("0123456789", file) >= 0);
	N(fseeko64(file, 4, SEEK_SET));
	N(fgetpos64(file, &place));
	N(fgetc(file));
	N(fsetpos64(file, &place));
	N(ftello64(file));
	file = freopen64("s", "r", file);
	N(fgetc(file));
	N(tmpfile64() != NULL);
	N(mkstemp64(name) > 2);
	N(mkstemps64(other, 2) > 2);
	N(mkostemp64(third, O_CLOEXEC) > 2);
	N(mkostemps64(fourth, 2, O_CLOEXEC) > 2);
	E(fopen64("none", "r") != NULL);
}

static void asynchronous(int fd)
{
	char got[8] = "";
	struct aiocb64 one = {.aio_fildes = fd, .aio_buf = got, .aio_nbytes = 3, .aio_offset = 2};
	const struct aiocb64 *some[] = {&one};
	struct aiocb64 *list[] = {&one};

	N(aio_read64(&one));
	while (aio_error64(&one) == EINPROGRESS)
		aio_suspend64(some, 1, NULL);
	N(aio_return64(&one));
	S(got);
	one.aio_lio_opcode = LIO_READ;
	N(lio_listio64(LIO_WAIT, list, 1, NULL));
	N(aio_return64(&one));
	one.aio_buf = "zz";
	one.aio_nbytes = 2;
	N(aio_write64(&one));
	while (aio_error64(&one) == EINPROGRESS)
		usleep(1000);
	N(aio_return64(&one));
	N(aio_fsync64(O_SYNC, &one));
	while (aio_error64(&one) == EINPROGRESS)
		usleep(1000);
	N(aio_cancel64(fd, NULL) == AIO_ALLDONE);
}

void items(void)
{
	char got[16] = "";
	struct iovec vector = {got, 4};
	off64_t at = 1;
	struct flock64 lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 1};

	umask(022);
	unlink("f");
	int fd = open64("f", O_RDWR | O_CREAT | O_TRUNC, 0640);
	N(fd > 2);
	N(write(fd, "abcdefghi", 9));
	N(openat64(AT_FDCWD, "f", O_RDONLY) > 2);
	E(openat64(AT_FDCWD, "f", O_CREAT | O_EXCL, 0600));
	FACTS(stat64("f", &facts));
	FACTS(fstat64(fd, &facts));
	FACTS(lstat64("none", &facts));
	FACTS(fstatat64(AT_FDCWD, "f", &facts, 0));
	FACTS(__xstat64(0, "f", &facts));
	FACTS(__xstat64(2, "f", &facts));
	FACTS(__lxstat64(-1, "f", &facts));
	FACTS(__fxstat64(1, fd, &facts));
	FACTS(__fxstatat64(1, AT_FDCWD, "f", &facts, 0));
	N(lseek64(fd, 1LL << 33, SEEK_SET));
	N(lseek64(fd, 2, SEEK_SET));
	N(lockf64(fd, F_TLOCK, 1));
	N(fcntl64(fd, F_SETLK, &lock));
	N(fcntl64(fd, F_GETFD));
	N(fcntl64(fd, F_SETFD, FD_CLOEXEC));
	N(fcntl64(fd, F_GETFD));
	E(fcntl64(-1, F_GETFD));
	N(pwrite64(fd, "XY", 2, 1));
	N(pread64(fd, got, 4, 0));
	S(got);
	N(preadv64(fd, &vector, 1, 1));
	S(got);
	N(pwritev64(fd, &vector, 1, 3));
	N(preadv64v2(fd, &vector, 1, 0, 0));
	N(pwritev64v2(fd, &vector, 1, 0, 0));
	S(got);
	N(ftruncate64(fd, 9));
	N(truncate64("f", 9));
	E(fallocate64(-1, 0, 0, 1));
	N(posix_fallocate64(fd, 0, 9));
	N(posix_fadvise64(fd, 0, 0, POSIX_FADV_RANDOM));
	char *mapped = mmap64(NULL, 9, PROT_READ, MAP_SHARED, fd, 0);
	N(mapped[8]);
	int to = creat64("g", 0600);
	N(sendfile64(to, fd, &at, 4));
	N(at);
	E(creat64("/none/x", 0600));
	structures();
	streams();
	walks();
	asynchronous(fd);
}

int fail(int number)
{
	NO_MORE;
}
