/* Run the destructors of C++'s and Rust's thread-local objects when a thread ends.

   glibc promises (stdlib/cxa_thread_atexit_impl.c): they run last one first, when their thread ends, and when exit is
   called, for the thread that calls it; one that registers another while they run sees it run as well. Here a
   thread-specific value of POSIX notices that a thread ends, and atexit that the program does. glibc runs them before every
   thread-specific value's destructor and before every handler of atexit; here they take their turn among these. */

#include <pthread.h>
#include <stdlib.h>

struct ending {
	void (*run)(void *);
	void *on;
	struct ending *next;
};

static _Thread_local struct ending *endings;
static pthread_key_t noticed;
static pthread_once_t once = PTHREAD_ONCE_INIT;

int __cxa_thread_atexit_impl(void (*)(void *), void *, void *);

static void run_endings(void *unused)
{
	(void)unused;
	while (endings) {
		struct ending one = *endings;
		free(endings);
		endings = one.next;
		one.run(one.on);
	}
}

static void run_last_endings(void)
{
	run_endings(NULL);
}

static void begin(void)
{
	if (pthread_key_create(&noticed, run_endings) || atexit(run_last_endings))
		abort();
}

int __cxa_thread_atexit_impl(void (*run)(void *), void *on, void *library)
{
	struct ending *one = malloc(sizeof *one);

	(void)library;
	if (!one)
		abort(); /* as glibc does: the caller has no way to go on */
	*one = (struct ending){run, on, endings};
	endings = one;
	pthread_once(&once, begin);
	pthread_setspecific(noticed, one);
	return 0;
}
