#include "said.h"
#include <fcntl.h>
#include <mqueue.h>
#include <setjmp.h>
#include <unistd.h>

int __open_2(const char *, int);
int __open64_2(const char *, int);
int __openat_2(int, const char *, int);
int __openat64_2(int, const char *, int);
mqd_t __mq_open_2(const char *, int);
_Noreturn void __longjmp_chk(struct __jmp_buf_tag *, int);

static jmp_buf place;
static sigjmp_buf on_signal;

static __attribute__((noinline)) void leave(int value)
{
	__longjmp_chk(place, value);
}

static __attribute__((noinline)) int come_and_go(void)
{
	char frame[400];
	memset(frame, 1, sizeof frame);
	return setjmp(place) ? 1 : frame[7] - 1;
}

static void handle(int number)
{
	__longjmp_chk(on_signal, number);
}

static int leave_handler(int flags)
{
	static char stack[65536];
	stack_t other = {.ss_sp = stack, .ss_size = sizeof stack};
	struct sigaction action = {.sa_handler = handle, .sa_flags = flags};

	sigaltstack(&other, NULL);
	sigaction(SIGUSR1, &action, NULL);
	int value = sigsetjmp(on_signal, 1);
	if (!value)
		raise(SIGUSR1);
	return value;
}

void items(void)
{
	N(__open_2("/dev/null", O_RDONLY) > 2);
	N(__open64_2("/dev/null", O_RDONLY) > 2);
	N(__openat_2(AT_FDCWD, "/dev/null", O_RDONLY) > 2);
	N(__openat64_2(AT_FDCWD, "/dev/null", O_RDONLY) > 2);
	E(__open_2("/none", O_RDONLY));
	E(__mq_open_2("/none-such", O_RDONLY));
	int value = setjmp(place);
	if (value < 3)
		leave(value + 1);
	N(value);
	value = setjmp(place);
	if (!value)
		leave(0);
	N(value);
	N(leave_handler(0) == SIGUSR1);
	N(leave_handler(SA_ONSTACK) == SIGUSR1);
}

int fail(int number)
{
	FAIL(__open_2("/dev/null", O_CREAT));
	FAIL(__open64_2("/dev/null", O_CREAT));
	FAIL(__openat_2(AT_FDCWD, "/dev/null", O_CREAT));
	FAIL(__openat64_2(AT_FDCWD, "/dev/null", O_CREAT));
	FAIL(__open_2("/tmp", O_TMPFILE | O_RDWR));
	FAIL(__mq_open_2("/none-such", O_CREAT));
	FAIL((come_and_go(), leave(1), 0));
	NO_MORE;
}
