/* musl's sys/socket.h, with checks before what receives. See staticlink_fortify.h. */
#include_next <sys/socket.h>

#if defined _FORTIFY_SOURCE && _FORTIFY_SOURCE > 0 && defined __OPTIMIZE__ && !defined __cplusplus && !defined _STATICLINK_SYS_SOCKET_H
#define _STATICLINK_SYS_SOCKET_H
#include <staticlink_fortify.h>

_STATICLINK_PLAIN(recv);
_STATICLINK_PLAIN(recvfrom);

_STATICLINK_INLINE ssize_t recv(int __file, void *__to, size_t __size, int __flags)
{
	_STATICLINK_REQUIRE(__size <= _STATICLINK_ROOM(__to));
	return _staticlink_recv(__file, __to, __size, __flags);
}

_STATICLINK_INLINE ssize_t recvfrom(int __file, void *__to, size_t __size, int __flags, struct sockaddr *__who,
	socklen_t *__length)
{
	_STATICLINK_REQUIRE(__size <= _STATICLINK_ROOM(__to));
	return _staticlink_recvfrom(__file, __to, __size, __flags, __who, __length);
}

#endif
