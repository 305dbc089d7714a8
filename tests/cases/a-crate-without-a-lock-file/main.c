#include <stdio.h>

int digits(void);

int main(void)
{
    printf("%d digits\n", digits());
    return 0;
}
