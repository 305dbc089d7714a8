#define _GNU_SOURCE
#include "../guarded.h"
#include <pthread.h>
#include <threads.h>
#define TELL(type, call) do { \
	GUARDED(type); \
	GUARD(); \
	call; \
	printf("%d ", HARMED()); \
} while (0)
int main(void)
{
	TELL(pthread_attr_t, pthread_attr_init(&guarded.value));
	TELL(pthread_attr_t, pthread_getattr_np(pthread_self(), &guarded.value));
	TELL(pthread_mutex_t, pthread_mutex_init(&guarded.value, 0));
	TELL(mtx_t, mtx_init(&guarded.value, mtx_plain));
	TELL(pthread_mutexattr_t, pthread_mutexattr_init(&guarded.value));
	TELL(pthread_condattr_t, pthread_condattr_init(&guarded.value));
	TELL(pthread_barrierattr_t, pthread_barrierattr_init(&guarded.value));
	puts("bytes overwritten");
}
