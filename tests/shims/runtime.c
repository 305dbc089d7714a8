#include "said.h"
#include <dlfcn.h>
#include <error.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

int __register_atfork(void (*)(void), void (*)(void), void (*)(void), void *);
int __cxa_thread_atexit_impl(void (*)(void *), void *, void *);
int __res_init(void);
extern char __libc_single_threaded;
extern char library __asm__("__dso_handle") __attribute__((visibility("hidden")));
unsigned arc4random(void), arc4random_uniform(unsigned);
void arc4random_buf(void *, size_t);
int close_range(unsigned, unsigned, int);
void closefrom(int);
char *tmpnam_r(char *);

static char told[200];

static void prepare1(void) { strcat(told, "prepare 1, "); }
static void prepare2(void) { strcat(told, "prepare 2, "); }
static void parent1(void) { strcat(told, "parent 1, "); }
static void parent2(void) { strcat(told, "parent 2, "); }
static void child1(void) { strcat(told, "child 1, "); }
static void child2(void) { strcat(told, "child 2, "); }

static void end(void *on)
{
	printf("end %s\n", (char *)on);
	if (!strcmp(on, "again"))
		__cxa_thread_atexit_impl(end, "late", &library);
}

static void *run(void *name)
{
	__cxa_thread_atexit_impl(end, "first", &library);
	__cxa_thread_atexit_impl(end, "again", &library);
	__cxa_thread_atexit_impl(end, name, &library);
	return NULL;
}

static struct timespec after(clockid_t clock, long milliseconds)
{
	struct timespec now;

	clock_gettime(clock, &now);
	now.tv_nsec += milliseconds * 1000000;
	now.tv_sec += now.tv_nsec / 1000000000;
	now.tv_nsec %= 1000000000;
	return now;
}

static sem_t semaphore;

static void *post(void *unused)
{
	usleep(50000);
	sem_post(&semaphore);
	return unused;
}

static void waits(void)
{
	struct timespec until = after(CLOCK_MONOTONIC, 20), bad = {0, -1}, now;
	pthread_t thread;

	sem_init(&semaphore, 0, 1);
	N(sem_clockwait(&semaphore, CLOCK_MONOTONIC, &until));
	E(sem_clockwait(&semaphore, CLOCK_MONOTONIC, &until));
	clock_gettime(CLOCK_MONOTONIC, &now);
	N(now.tv_sec > until.tv_sec || now.tv_nsec >= until.tv_nsec);
	until = after(CLOCK_REALTIME, 20);
	E(sem_clockwait(&semaphore, CLOCK_REALTIME, &until));
	E(sem_clockwait(&semaphore, CLOCK_THREAD_CPUTIME_ID, &until));
	E(sem_clockwait(&semaphore, CLOCK_MONOTONIC, &bad));
	pthread_create(&thread, NULL, post, NULL);
	until = after(CLOCK_MONOTONIC, 30000);
	N(sem_clockwait(&semaphore, CLOCK_MONOTONIC, &until));
	pthread_join(thread, NULL);
}

static void print_name(void)
{
	fprintf(stderr, "called it");
}

static void errors(void)
{
	program_invocation_name = "program";
	error(0, 0, "plain %d", 1);
	error(0, 0, "%s", "");
	error_at_line(0, 0, "file.c", 7, "at %s", "line");
	error_at_line(0, 0, NULL, 0, "nowhere");
	N(error_message_count);
	error_one_per_line = 1;
	error_at_line(0, 0, "file.c", 8, "once");
	error_at_line(0, 0, "file.c", 8, "twice");
	error_at_line(0, 0, "file.c", 9, "once");
	N(error_message_count);
	error_print_progname = print_name;
	error(0, ENOENT, "with words");
}

static void descriptors(void)
{
	int fd = fcntl(0, F_DUPFD, 50);

	N(close_range(fd, fd + 5, 0));
	E(fcntl(fd, F_GETFD));
	E(close_range(5, 4, 0));
	fd = fcntl(0, F_DUPFD, 60);
	closefrom(55);
	E(fcntl(60, F_GETFD));
}

static void objects(void)
{
	struct dl_find_object found = {1};
	char *here = (char *)objects;

	N(_dl_find_object(here, &found));
	N(found.dlfo_flags);
	N((char *)found.dlfo_map_start <= here && here < (char *)found.dlfo_map_end);
	N(*(unsigned char *)found.dlfo_eh_frame);
	N(_dl_find_object(&found, &found));
	N(_dl_find_object(NULL, &found));
}

void items(void)
{
	pthread_t thread;
	unsigned char bytes[64] = {0}, sum = 0;
	char name[L_tmpnam];

	N(__register_atfork(prepare1, parent1, child1, &library));
	N(__register_atfork(prepare2, parent2, child2, &library));
	fflush(stdout);
	pid_t child = fork();
	if (!child) {
		puts(told);
		_exit(0);
	}
	waitpid(child, NULL, 0);
	puts(told);
	pthread_create(&thread, NULL, run, "named");
	pthread_join(thread, NULL);
	waits();
	errors();
	descriptors();
	objects();
	N(__res_init());
	N(tmpnam_r(NULL) == NULL);
	N(strlen(tmpnam_r(name)) < L_tmpnam);
	N(arc4random() != arc4random() || arc4random() != arc4random());
	arc4random_buf(bytes, sizeof bytes);
	for (int i = 0; i < 64; i++)
		sum |= bytes[i];
	N(sum != 0);
	N(arc4random_uniform(0));
	N(arc4random_uniform(1));
	for (int i = 0; i < 1000; i++)
		if (arc4random_uniform(10) > 9)
			puts("too large");
	(void)*(volatile char *)&__libc_single_threaded;
	__cxa_thread_atexit_impl(end, "main 1", &library);
	__cxa_thread_atexit_impl(end, "main 2", &library);
}

int fail(int number)
{
	program_invocation_name = "program";
	FAIL((error(3, 0, "ends"), 0));
	FAIL((error_at_line(4, 0, "f", 1, "ends"), 0));
	NO_MORE;
}
