/* Random numbers that cannot be guessed, which glibc has since 2.36 and musl has not.

   glibc takes them from the kernel as well and never fails (the glibc manual, "High Quality Random"): without them the
   program ends. arc4random_uniform rejects the numbers that would favour some answers. */

#define _GNU_SOURCE
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/random.h>

uint32_t arc4random(void);
void arc4random_buf(void *, size_t);
uint32_t arc4random_uniform(uint32_t);

void arc4random_buf(void *to, size_t size)
{
	for (char *at = to; size;) {
		ssize_t got = getrandom(at, size, 0);
		if (got < 0 && errno != EINTR)
			abort();
		if (got > 0) {
			at += got;
			size -= got;
		}
	}
}

uint32_t arc4random(void)
{
	uint32_t found;

	arc4random_buf(&found, sizeof found);
	return found;
}

uint32_t arc4random_uniform(uint32_t bound)
{
	uint32_t found;

	if (bound < 2)
		return 0;
	do
		found = arc4random();
	while (found < -bound % bound);
	return found % bound;
}
