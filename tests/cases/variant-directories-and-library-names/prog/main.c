#include <math.h>
#include <stdio.h>

void greet(const char *whom);

int main(int argc, char **argv)
{
    (void)argv;
    printf("%.3f\n", cbrt(argc * 27.0));
    greet("world");
    return 0;
}
