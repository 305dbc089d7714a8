/* The memory behind CPU_ALLOC and CPU_FREE: glibc's macros call these two functions, musl's call calloc and free.

   A set is a row of unsigned longs with room for the count of processors (glibc, posix/sched_cpualloc.c). */

#define _GNU_SOURCE
#include <sched.h>
#include <stdlib.h>

cpu_set_t *__sched_cpualloc(size_t count);
void __sched_cpufree(cpu_set_t *set);

cpu_set_t *__sched_cpualloc(size_t count)
{
	return malloc(CPU_ALLOC_SIZE(count));
}

void __sched_cpufree(cpu_set_t *set)
{
	free(set);
}
