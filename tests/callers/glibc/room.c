#define _GNU_SOURCE
#include "../guarded.h"
#include <crypt.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/sysinfo.h>
#include <sys/wait.h>
#include <unistd.h>
#define TELL(type, call) do { \
	GUARDED(struct type); \
	GUARD(); \
	call; \
	printf("%d bytes overwritten\n", HARMED()); \
} while (0)
static pid_t child(void)
{
	pid_t id = fork();
	if (id == 0)
		_exit(0);
	return id;
}
int main(void)
{
	pthread_attr_t attributes;
	int policy;
	setbuf(stdout, NULL);
	pthread_attr_init(&attributes);
	TELL(rusage, getrusage(RUSAGE_SELF, &guarded.value));
	TELL(rusage, wait4(child(), NULL, 0, &guarded.value));
	TELL(rusage, (child(), wait3(NULL, 0, &guarded.value)));
	TELL(sysinfo, sysinfo(&guarded.value));
	TELL(sched_param, pthread_attr_getschedparam(&attributes, &guarded.value));
	TELL(sched_param, pthread_getschedparam(pthread_self(), &policy, &guarded.value));
	TELL(sched_param, sched_getparam(0, &guarded.value));
	TELL(crypt_data, (guarded.value.initialized = 0,
		crypt_r("secret", "$6$saltsalt$", &guarded.value) != guarded.value.output ? exit(1) : (void)0));
}
