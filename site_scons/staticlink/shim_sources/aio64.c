/* Asynchronous input and output with 64-bit offsets: the plain functions.

   On 64-bit machines glibc's struct aiocb64 is struct aiocb, and musl's has what callers fill in at the same places, which is
   asserted here. What follows it belongs to the libc, and only its own functions touch it. */

#define _GNU_SOURCE
#include <aio.h>
#include <stddef.h>

/* musl's headers may define the names as macros. */
#undef aio_read64
#undef aio_write64
#undef aio_error64
#undef aio_return64
#undef aio_cancel64
#undef aio_suspend64
#undef aio_fsync64
#undef lio_listio64

_Static_assert(sizeof(struct aiocb) == 168, "aiocb");
_Static_assert(offsetof(struct aiocb, aio_fildes) == 0, "aio_fildes");
_Static_assert(offsetof(struct aiocb, aio_lio_opcode) == 4, "aio_lio_opcode");
_Static_assert(offsetof(struct aiocb, aio_reqprio) == 8, "aio_reqprio");
_Static_assert(offsetof(struct aiocb, aio_buf) == 16, "aio_buf");
_Static_assert(offsetof(struct aiocb, aio_nbytes) == 24, "aio_nbytes");
_Static_assert(offsetof(struct aiocb, aio_sigevent) == 32, "aio_sigevent");
_Static_assert(offsetof(struct aiocb, aio_offset) == 128, "aio_offset");

#define NAME(type, name, parameters, call) \
	type name parameters;             \
	type name parameters { return call; }

NAME(int, aio_read64, (struct aiocb *one), aio_read(one))
NAME(int, aio_write64, (struct aiocb *one), aio_write(one))
NAME(int, aio_error64, (const struct aiocb *one), aio_error(one))
NAME(ssize_t, aio_return64, (struct aiocb *one), aio_return(one))
NAME(int, aio_cancel64, (int fd, struct aiocb *one), aio_cancel(fd, one))
NAME(int, aio_fsync64, (int how, struct aiocb *one), aio_fsync(how, one))
NAME(int, aio_suspend64, (const struct aiocb *const some[], int count, const struct timespec *timeout),
     aio_suspend(some, count, timeout))
NAME(int, lio_listio64, (int how, struct aiocb *restrict const some[restrict], int count, struct sigevent *restrict then),
     lio_listio(how, some, count, then))
