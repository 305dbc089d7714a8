/* Functions that glibc's headers or programs of its time call by a second name, with two underscores.

   Each is the public function (glibc declares them as aliases); rawmemchr is memchr for a byte that is there. musl has
   the public names only. __strtod_internal and its kin take one more argument, which asks for digit grouping by the
   locale; no program's headers ever asked for it. */

#define _GNU_SOURCE
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>
#include <wchar.h>

void *rawmemchr(const void *, int);
void *__rawmemchr(const void *, int);
char *__strdup(const char *);
char *__strndup(const char *, size_t);
void *__mempcpy(void *, const void *, size_t);
char *__strtok_r(char *, const char *, char **);
int __strcasecmp(const char *, const char *);
int __strncasecmp(const char *, const char *, size_t);
char *__secure_getenv(const char *);
long __sysconf(int);
size_t __mbrlen(const char *restrict, size_t, mbstate_t *restrict);
double __strtod_internal(const char *, char **, int);
float __strtof_internal(const char *, char **, int);
long double __strtold_internal(const char *, char **, int);

void *rawmemchr(const void *in, int byte) { return memchr(in, byte, PTRDIFF_MAX); }
void *__rawmemchr(const void *in, int byte) { return memchr(in, byte, PTRDIFF_MAX); }
char *__strdup(const char *text) { return strdup(text); }
char *__strndup(const char *text, size_t size) { return strndup(text, size); }
void *__mempcpy(void *to, const void *from, size_t size) { return mempcpy(to, from, size); }
char *__strtok_r(char *text, const char *between, char **rest) { return strtok_r(text, between, rest); }
int __strcasecmp(const char *one, const char *two) { return strcasecmp(one, two); }
int __strncasecmp(const char *one, const char *two, size_t size) { return strncasecmp(one, two, size); }
char *__secure_getenv(const char *name) { return secure_getenv(name); }
long __sysconf(int name) { return sysconf(name); }

/* What glibc's <wchar.h> makes of mbrlen in optimized code. */
size_t __mbrlen(const char *restrict text, size_t size, mbstate_t *restrict state)
{
	return mbrlen(text, size, state);
}

double __strtod_internal(const char *text, char **end, int group)
{
	(void)group;
	return strtod(text, end);
}

float __strtof_internal(const char *text, char **end, int group)
{
	(void)group;
	return strtof(text, end);
}

long double __strtold_internal(const char *text, char **end, int group)
{
	(void)group;
	return strtold(text, end);
}
