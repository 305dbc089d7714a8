#include <stdio.h>

const char *greeting(double x);

int main(int argc, char **argv)
{
    (void)argv;
    return puts(greeting(argc)) < 0;
}
