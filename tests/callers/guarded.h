/* A value and the memory behind it, which nobody may touch. */
#include <stdio.h>
#include <string.h>

#define GUARDED(type) static struct { type value; unsigned char after[8192]; } guarded

#define GUARD() memset(&guarded, 0x5a, sizeof guarded)

#define HARMED() harmed(guarded.after, sizeof guarded.after)

static inline int harmed(const unsigned char *after, size_t size)
{
	int bytes = 0;
	while (size--)
		bytes += *after++ != 0x5a;
	return bytes;
}
