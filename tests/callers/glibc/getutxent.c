#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <utmpx.h>
int main(void)
{
	char path[] = "records-XXXXXX";
	struct utmpx record = { .ut_type = USER_PROCESS, .ut_user = "user", .ut_tv = { 7, 8 } }, *found;
	int file = mkstemp(path);
	if (write(file, &record, sizeof record) < 0)
		return 1;
	utmpxname(path);
	setutxent();
	found = getutxent();
	unlink(path);
	puts(found && found->ut_tv.tv_sec == 7 ? "a record" : "no record");
}
