#include <features.h>

const char *libc_name(void);

const char *libc_name(void) {
#ifdef __GLIBC__
    return "glibc";
#else
    return "another libc";
#endif
}
