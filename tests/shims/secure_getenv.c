/* glibc keeps the name for programs that were linked long ago: only its shared library has it, as an old version. */
#include "said.h"
#include <dlfcn.h>

char *__secure_getenv(const char *);

#ifdef IN_THE_SHARED_LIBRARY
char *__secure_getenv(const char *name)
{
	char *(*real)(const char *) = (char *(*)(const char *))dlvsym(RTLD_DEFAULT, "__secure_getenv", "GLIBC_2.2.5");

	return real(name);
}
#endif

void items(void)
{
	setenv("SAID", "value", 1);
	S(__secure_getenv("SAID"));
	N(__secure_getenv("SAID") == getenv("SAID"));
	N(__secure_getenv("NOT_SAID") == NULL);
}

int fail(int number)
{
	(void)number;
	NO_MORE;
}
