#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <utmpx.h>
int main(void)
{
	char path[] = "records-XXXXXX";
	struct utmpx record = { .ut_type = USER_PROCESS, .ut_user = "user", .ut_line = "line" };
	mkstemp(path);
	utmpxname(path);
	setutxent();
	puts(pututxline(&record) ? "written" : "not written");
	unlink(path);
}
