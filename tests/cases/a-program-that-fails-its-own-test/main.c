#include <stdio.h>

int main(void)
{
	puts("ok arithmetic");
	puts("FAIL geography: the earth is flat");
	return 1;
}
