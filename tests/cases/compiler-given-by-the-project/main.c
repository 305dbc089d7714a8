#include <stdio.h>

int main(void)
{
#ifdef __GLIBC__
    puts("glibc");
#else
    puts("another libc");
#endif
    return 0;
}
