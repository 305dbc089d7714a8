#define _XOPEN_SOURCE 700
#include <signal.h>
#include <stdio.h>
static void handle(int number)
{
}
int main(void)
{
	struct sigaction now;
	signal(SIGUSR1, handle);
	raise(SIGUSR1);
	sigaction(SIGUSR1, 0, &now);
	puts(now.sa_handler == SIG_DFL ? "reset" : "kept");
}
