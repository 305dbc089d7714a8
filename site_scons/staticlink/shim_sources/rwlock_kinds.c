/* Who goes first where readers and writers wait for one lock: a wish that glibc grants and musl does not know.

   The kinds are 0 to 2 (glibc, pthread.h); any other is EINVAL. The wish is kept in a
   word of the attribute that musl sets to zero and never reads (src/thread/pthread_rwlock_init.c). */

#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>

int pthread_rwlockattr_setkind_np(pthread_rwlockattr_t *, int);
int pthread_rwlockattr_getkind_np(const pthread_rwlockattr_t *, int *);

int pthread_rwlockattr_setkind_np(pthread_rwlockattr_t *of, int kind)
{
	if (kind < 0 || kind > 2)
		return EINVAL;
	of->__attr[1] = kind;
	return 0;
}

int pthread_rwlockattr_getkind_np(const pthread_rwlockattr_t *of, int *kind)
{
	*kind = of->__attr[1];
	return 0;
}
