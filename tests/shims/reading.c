#include "said.h"
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pty.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

char *__fgets_chk(char *, size_t, int, FILE *);
char *__fgets_unlocked_chk(char *, size_t, int, FILE *);
char *__gets_chk(char *, size_t);
size_t __fread_chk(void *, size_t, size_t, size_t, FILE *);
size_t __fread_unlocked_chk(void *, size_t, size_t, size_t, FILE *);
ssize_t __read_chk(int, void *, size_t, size_t);
ssize_t __pread_chk(int, void *, size_t, off_t, size_t);
ssize_t __pread64_chk(int, void *, size_t, off_t, size_t);
ssize_t __recv_chk(int, void *, size_t, size_t, int);
ssize_t __recvfrom_chk(int, void *, size_t, size_t, int, struct sockaddr *, socklen_t *);
ssize_t __readlink_chk(const char *, char *, size_t, size_t);
ssize_t __readlinkat_chk(int, const char *, char *, size_t, size_t);
char *__getcwd_chk(char *, size_t, size_t);
char *__getwd_chk(char *, size_t);
char *__realpath_chk(const char *, char *, size_t);
int __gethostname_chk(char *, size_t, size_t);
int __getdomainname_chk(char *, size_t, size_t);
int __getlogin_r_chk(char *, size_t, size_t);
int __ttyname_r_chk(int, char *, size_t, size_t);
int __ptsname_r_chk(int, char *, size_t, size_t);
size_t __confstr_chk(int, char *, size_t, size_t);
int __getgroups_chk(int, gid_t *, size_t);
int __poll_chk(struct pollfd *, nfds_t, int, size_t);
int __ppoll_chk(struct pollfd *, nfds_t, const struct timespec *, const sigset_t *, size_t);
long __fdelt_chk(long);

static char room[PATH_MAX];
static gid_t groups[NGROUPS_MAX];
static FILE *file;
static int ends[2];
static struct pollfd polled[2];
static struct timespec now;

static void prepare(void)
{
	file = tmpfile();
	fputs("one\ntwo\nthree\nfour\n", file);
	fflush(file);
	rewind(file);
	socketpair(AF_UNIX, SOCK_STREAM, 0, ends);
	polled[0].fd = ends[0];
	polled[0].events = POLLIN;
	polled[1] = polled[0];
	dup2(fileno(file), 0);
}

void items(void)
{
	prepare();
	S(__fgets_chk(room, 10, 10, file));
	S(__fgets_unlocked_chk(room, 10, 10, file));
	N(__fgets_chk(room, 10, -1, file) == NULL);
	N(__fgets_chk(room, 10, 0, file) == NULL);
	S(__fgets_chk(room, 7, 1000, file));
	S(__fgets_unlocked_chk(room, 6, 1000, file));
	N(__fgets_chk(room, 0, 10, file) == NULL);
	N(__fgets_chk(room, 6, 10, file) == NULL);
	rewind(file);
	N(__fread_chk(room, 10, 2, 3, file));
	N(__fread_unlocked_chk(room, 10, 2, 3, file));
	HEX(room, 10);
	lseek(0, 0, SEEK_SET);
	clearerr(stdin);
	S(__gets_chk(room, 10));
	S(__gets_chk(room, 4));
	N(__pread_chk(0, room, 3, 4, 3));
	N(__pread64_chk(0, room, 3, 8, 3));
	HEX(room, 4);
	lseek(0, 0, SEEK_SET);
	N(__read_chk(0, room, 3, 3));
	N(write(ends[1], "abcdef", 6));
	N(__poll_chk(polled, 2, 0, sizeof polled));
	N(__ppoll_chk(polled, 2, &now, NULL, sizeof polled));
	N(polled[1].revents);
	N(__recv_chk(ends[0], room, 3, 3, 0));
	N(__recvfrom_chk(ends[0], room, 3, 3, 0, NULL, NULL));
	HEX(room, 4);
	unlink("link");
	N(symlink("target", "link"));
	N(__readlink_chk("link", room, 6, 6));
	HEX(room, 6);
	N(__readlinkat_chk(AT_FDCWD, "link", room, 6, 6));
	E(__readlink_chk("none", room, 6, 6));
	N(__getcwd_chk(room, PATH_MAX, PATH_MAX) == room);
	S(room);
	N(__getwd_chk(room, PATH_MAX) == room);
	S(room);
	N(mkdir("gone", 0700) || chdir("gone") || rmdir("../gone"));
	E(__getwd_chk(room, 8) == NULL);
	N(chdir("/tmp"));
	S(__realpath_chk("/usr/../tmp/.", room, PATH_MAX));
	N(__gethostname_chk(room, 100, 100));
	S(room);
	N(__getdomainname_chk(room, 100, 100));
	S(room);
	N(__getlogin_r_chk(room, 0, 100) != 0);
	N(__ttyname_r_chk(0, room, 100, 100) != 0);
	int master = posix_openpt(O_RDWR | O_NOCTTY);
	N(__ptsname_r_chk(master, room, 100, 100));
	N(strncmp(room, "/dev/pts/", 9));
	N(__confstr_chk(_CS_PATH, room, 100, 100) > 5);
	N(__getgroups_chk(NGROUPS_MAX, groups, sizeof groups) == getgroups(0, NULL));
	E(__getgroups_chk(-1, groups, sizeof groups));
	N(__fdelt_chk(0));
	N(__fdelt_chk(64));
	N(__fdelt_chk(1023));
}

int fail(int number)
{
	prepare();
	FAIL(__fgets_chk(room, 3, 10, file));
	FAIL(__fgets_unlocked_chk(room, 3, 10, file));
	FAIL(__gets_chk(room, 3));
	FAIL(__fread_chk(room, 5, 2, 3, file));
	FAIL(__fread_chk(room, 5, (size_t)-1 / 2, 3, file));
	FAIL(__fread_unlocked_chk(room, 5, 2, 3, file));
	FAIL(__read_chk(0, room, 5, 4));
	FAIL(__pread_chk(0, room, 5, 0, 4));
	FAIL(__pread64_chk(0, room, 5, 0, 4));
	FAIL(__recv_chk(ends[0], room, 5, 4, MSG_DONTWAIT));
	FAIL(__recvfrom_chk(ends[0], room, 5, 4, MSG_DONTWAIT, NULL, NULL));
	FAIL(__readlink_chk("/", room, 5, 4));
	FAIL(__readlinkat_chk(AT_FDCWD, "/", room, 5, 4));
	FAIL(__getcwd_chk(room, 5, 4));
	FAIL(__getwd_chk(room, 2));
	FAIL(__realpath_chk("/", room, 5));
	FAIL(__gethostname_chk(room, 5, 4));
	FAIL(__getdomainname_chk(room, 5, 4));
	FAIL(__getlogin_r_chk(room, 5, 4));
	FAIL(__ttyname_r_chk(0, room, 5, 4));
	FAIL(__ptsname_r_chk(0, room, 5, 4));
	FAIL(__confstr_chk(_CS_PATH, room, 5, 4));
	FAIL(__getgroups_chk(5, groups, 4));
	FAIL(__poll_chk(polled, 3, 0, sizeof polled));
	FAIL(__ppoll_chk(polled, 3, &now, NULL, sizeof polled));
	FAIL(__fdelt_chk(1024));
	FAIL(__fdelt_chk(-1));
	NO_MORE;
}
