#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utmpx.h>
int main(void)
{
	char path[] = "records-XXXXXX";
	struct utmpx record = { .ut_type = USER_PROCESS, .ut_user = "user" };
	struct stat after;
	int file = mkstemp(path);
	updwtmpx(path, &record);
	fstat(file, &after);
	unlink(path);
	printf("%d records\n", (int)(after.st_size / sizeof record));
}
