/* musl's poll.h, with a check before poll. See staticlink_fortify.h. */
#include_next <poll.h>

#if defined _FORTIFY_SOURCE && _FORTIFY_SOURCE > 0 && defined __OPTIMIZE__ && !defined __cplusplus && !defined _STATICLINK_POLL_H
#define _STATICLINK_POLL_H
#include <staticlink_fortify.h>

_STATICLINK_PLAIN(poll);
_STATICLINK_INLINE int poll(struct pollfd *__to, nfds_t __count, int __wait)
{
	size_t __bytes;
	_STATICLINK_REQUIRE(!__builtin_mul_overflow(sizeof *__to, __count, &__bytes) && __bytes <= _STATICLINK_ROOM(__to));
	return _staticlink_poll(__to, __count, __wait);
}

#endif
