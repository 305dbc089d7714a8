/* pthread_atfork as glibc's own copy of it in every program calls it, with the library that asks.

   glibc forgets the handlers when that library is unloaded; a static program unloads nothing. The order is that of
   pthread_atfork (POSIX): prepare handlers last one first, the others first one first. */

#include <pthread.h>

int __register_atfork(void (*)(void), void (*)(void), void (*)(void), void *);

int __register_atfork(void (*prepare)(void), void (*parent)(void), void (*child)(void), void *library)
{
	(void)library;
	return pthread_atfork(prepare, parent, child);
}
