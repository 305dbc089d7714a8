#include "said.h"

#include <execinfo.h>
#include <ftw.h>
#include <glob.h>
#include <gnu/libc-version.h>
#include <malloc.h>
#include <pthread.h>
#include <mcheck.h>
#include <spawn.h>
#include <ucontext.h>

int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t *, int);
int __isoc23_sscanf(const char *, const char *, ...);

static ucontext_t context;

static int visit(const char *path, const struct stat64 *facts, int kind, struct FTW *where)
{
	(void)path, (void)facts, (void)kind, (void)where;
	return 0;
}

void items(void)
{
	pthread_rwlockattr_t attribute;
	int kind = -1;

	pthread_rwlockattr_init(&attribute);
	N(pthread_rwlockattr_setkind_np(&attribute, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP));
	N(pthread_rwlockattr_getkind_np(&attribute, &kind));
	N(kind);
	N(pthread_rwlockattr_setkind_np(&attribute, 3) == EINVAL);
	void *frames[4];
	glob64_t globbed;
	posix_spawn_file_actions_t actions;
	int value = -1;

	E(getcontext(&context));
	makecontext(&context, (void (*)(void))items, 0);
	E(setcontext(&context));
	E(swapcontext(&context, &context));
	N(backtrace(frames, 4));
	N(backtrace_symbols(frames, 0) != NULL);
	backtrace_symbols_fd(frames, 0, 1);
	N(mallopt(M_MMAP_THRESHOLD, 1));
	N(malloc_trim(0));
	N(malloc_info(0, stdout));
	N(mcheck(NULL));
	malloc_stats();
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
	N(mallinfo().uordblks);
	N(mallinfo2().uordblks);
	S(gnu_get_libc_version());
	N(glob64("/{tmp,usr}", GLOB_BRACE, NULL, &globbed) == GLOB_NOSYS);
	globfree64(&globbed);
	E(nftw64("/proc/self/fdinfo", visit, 4, FTW_ACTIONRETVAL));
	N(posix_spawn_file_actions_addclosefrom_np(&actions, 3) == ENOSYS);
	N(__isoc23_sscanf("0x1f", "%i", &value));
	N(value);
	N(__isoc23_sscanf("0b11", "%i", &value));
	N(value);
	N(__isoc23_sscanf("0x", "%i", &value));
	N(value);
}

int fail(int number)
{
	NO_MORE;
}
