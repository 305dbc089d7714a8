#include <stdio.h>

int first(void);
int second(void);

int main(void) {
    printf("%d %d\n", first(), second());
    return 0;
}
