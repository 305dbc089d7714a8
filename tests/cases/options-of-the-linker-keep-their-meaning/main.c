#include <stdio.h>

int alias(void);
int odd(void);
int two(void);
int work(void);
int nowhere(void);

int real_name(void) { return 4; }
int __real_work(void);
int __wrap_work(void) { return 10 + __real_work(); }

/* Nobody calls it, so --gc-sections drops the one reference to what nobody defines. */
int dead(void) { return nowhere(); }

int main(void)
{
    printf("defsym %d, wrap %d, odd %d, first directory %d\n", alias(), work(), odd(), two());
    return 0;
}
