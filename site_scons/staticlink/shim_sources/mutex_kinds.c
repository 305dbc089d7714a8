/* Lock a mutex that glibc's macros have made recursive, or checked for errors, without calling a function.

   PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP and PTHREAD_ERRORCHECK_MUTEX_INITIALIZER_NP write the kind at byte 16 (glibc,
   bits/struct_mutex.h). musl, whose macro makes plain mutexes only, keeps it at byte 0 and uses bytes 12 to 19 for nothing
   (src/internal/pthread_impl.h): it would lock a plain mutex, and the second lock never returns. The numbers of the kinds
   are the same, so the first lock copies it; all threads write the same. Whatever else is done with a mutex is done
   after it was locked. An adaptive mutex is a plain one that spins for a while. */

#define _GNU_SOURCE
#include <pthread.h>
#include <stddef.h>
#include <time.h>

#define GLIBC_KIND 4
#define MUSL_KIND 0

_Static_assert(sizeof(pthread_mutex_t) == 40 && offsetof(pthread_mutex_t, __u.__i[GLIBC_KIND]) == 16, "pthread_mutex_t");
_Static_assert(PTHREAD_MUTEX_RECURSIVE == 1 && PTHREAD_MUTEX_ERRORCHECK == 2, "kinds");

int __pthread_mutex_lock(pthread_mutex_t *);
int __pthread_mutex_trylock(pthread_mutex_t *);
int __pthread_mutex_timedlock(pthread_mutex_t *restrict, const struct timespec *restrict);

static pthread_mutex_t *of_its_kind(pthread_mutex_t *mutex)
{
	int *words = mutex->__u.__i, kind = words[GLIBC_KIND];

	if (kind == PTHREAD_MUTEX_RECURSIVE || kind == PTHREAD_MUTEX_ERRORCHECK)
		if (!__atomic_load_n(&words[MUSL_KIND], __ATOMIC_RELAXED))
			__atomic_store_n(&words[MUSL_KIND], kind, __ATOMIC_RELAXED);
	return mutex;
}

int pthread_mutex_lock(pthread_mutex_t *mutex)
{
	return __pthread_mutex_lock(of_its_kind(mutex));
}

int pthread_mutex_trylock(pthread_mutex_t *mutex)
{
	return __pthread_mutex_trylock(of_its_kind(mutex));
}

int pthread_mutex_timedlock(pthread_mutex_t *restrict mutex, const struct timespec *restrict until)
{
	return __pthread_mutex_timedlock(of_its_kind(mutex), until);
}
