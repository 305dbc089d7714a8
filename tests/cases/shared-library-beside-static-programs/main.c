#include <stdio.h>

const char *libc_name(void);

int main(void) {
    puts(libc_name());
    return 0;
}
