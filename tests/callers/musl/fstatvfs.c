#include <fcntl.h>
#include <stdio.h>
#include <sys/statvfs.h>
int main(void)
{
	struct statvfs of;
	fstatvfs(open("/proc", O_RDONLY | O_DIRECTORY), &of);
	printf("%x\n", of.f_type);
}
