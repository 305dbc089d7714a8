/* The step from one control message to the next: glibc's CMSG_NXTHDR calls it in objects that were not optimized.

   There is a next one when the message has room for this one and for its header (glibc,
   sysdeps/unix/sysv/linux/cmsg_nxthdr.c). The length has 8 bytes for the kernel and glibc's headers; musl declares the
   low 4 and room. */

#define _GNU_SOURCE
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>

struct cmsghdr *__cmsg_nxthdr(struct msghdr *, struct cmsghdr *);

static size_t length_of(const struct cmsghdr *one)
{
	size_t length;

	memcpy(&length, one, sizeof length);
	return length;
}

struct cmsghdr *__cmsg_nxthdr(struct msghdr *message, struct cmsghdr *one)
{
	size_t length = length_of(one), room = (char *)message->msg_control + message->msg_controllen - (char *)one;
	size_t more = sizeof *one + (-length & (sizeof(size_t) - 1));

	if (length < sizeof *one || room < more || room - more < length)
		return NULL;
	return (struct cmsghdr *)((char *)one + CMSG_ALIGN(length));
}
