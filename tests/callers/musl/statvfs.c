#include <stdio.h>
#include <sys/statvfs.h>
int main(void)
{
	struct statvfs of;
	statvfs("/proc", &of);
	printf("%x\n", of.f_type);
}
