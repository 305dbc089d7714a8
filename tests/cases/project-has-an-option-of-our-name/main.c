#include <stdio.h>

#define TEXT(x) #x
#define NAME(x) TEXT(x)

int main(void) {
    puts(NAME(WHO));
    return 0;
}
