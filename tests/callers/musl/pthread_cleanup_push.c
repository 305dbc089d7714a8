#include <stdio.h>
#include <pthread.h>
#include "../guarded.h"
GUARDED(struct __ptcb);
static void nothing(void *argument)
{
}
int main(void)
{
	GUARD();
	_pthread_cleanup_push(&guarded.value, nothing, 0);
	printf("%d bytes overwritten\n", HARMED());
	_pthread_cleanup_pop(&guarded.value, 0);
}
