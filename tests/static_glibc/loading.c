/* Can a shared object be loaded here? */
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

int main(int count, char **arguments)
{
    const char *name = count > 1 ? arguments[1] : "libm.so.6";
    void *object = dlopen(name, RTLD_NOW);
    printf("dlopen %s: %s\n", name, object != NULL ? "ok" : dlerror());
    if (object == NULL)
        return 0;
    double (*function)(double) = (double (*)(double))dlsym(object, "cos");
    printf("dlsym cos: %s\n", function != NULL && function(0.0) == 1.0 ? "1" : "nothing");
    return 0;
}
