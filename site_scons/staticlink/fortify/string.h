/* musl's string.h, with checks before copies. See staticlink_fortify.h. */
#include_next <string.h>

#if defined _FORTIFY_SOURCE && _FORTIFY_SOURCE > 0 && defined __OPTIMIZE__ && !defined __cplusplus && !defined _STATICLINK_STRING_H
#define _STATICLINK_STRING_H
#include <staticlink_fortify.h>

#define _STATICLINK_COPY(name)                                                                         \
	_STATICLINK_INLINE void *name(void *__to, const void *__from, size_t __size)                   \
	{                                                                                              \
		_STATICLINK_REQUIRE(__size <= _STATICLINK_ROOM(__to));                                 \
		_STATICLINK_REQUIRE(__size <= _STATICLINK_ROOM(__from));                               \
		return __builtin_##name(__to, __from, __size);                                         \
	}

_STATICLINK_COPY(memcpy)
_STATICLINK_COPY(memmove)
#ifdef _GNU_SOURCE
_STATICLINK_COPY(mempcpy)
#endif

_STATICLINK_INLINE void *memset(void *__to, int __byte, size_t __size)
{
	_STATICLINK_REQUIRE(__size <= _STATICLINK_ROOM(__to));
	return __builtin_memset(__to, __byte, __size);
}

#define _STATICLINK_TEXT(name)                                                                         \
	_STATICLINK_INLINE char *name(char *__to, const char *__from)                                  \
	{                                                                                              \
		size_t __room = _STATICLINK_TEXT_ROOM(__to);                                           \
		_STATICLINK_REQUIRE(__room == _STATICLINK_UNKNOWN || __builtin_strlen(__from) < __room); \
		return __builtin_##name(__to, __from);                                                 \
	}

#define _STATICLINK_TEXT_OF(name)                                                                      \
	_STATICLINK_INLINE char *name(char *__to, const char *__from, size_t __size)                   \
	{                                                                                              \
		_STATICLINK_REQUIRE(__size <= _STATICLINK_TEXT_ROOM(__to));                            \
		return __builtin_##name(__to, __from, __size);                                         \
	}

_STATICLINK_TEXT(strcpy)
_STATICLINK_TEXT_OF(strncpy)
#if defined _POSIX_SOURCE || defined _POSIX_C_SOURCE || defined _XOPEN_SOURCE || defined _GNU_SOURCE || defined _BSD_SOURCE
_STATICLINK_TEXT(stpcpy)
_STATICLINK_TEXT_OF(stpncpy)
#endif

_STATICLINK_INLINE char *strcat(char *__to, const char *__from)
{
	size_t __room = _STATICLINK_TEXT_ROOM(__to);
	_STATICLINK_REQUIRE(__room == _STATICLINK_UNKNOWN || __builtin_strlen(__to) + __builtin_strlen(__from) < __room);
	return __builtin_strcat(__to, __from);
}

_STATICLINK_INLINE char *strncat(char *__to, const char *__from, size_t __size)
{
	size_t __room = _STATICLINK_TEXT_ROOM(__to), __length = 0;
	if (__room != _STATICLINK_UNKNOWN) {
		while (__length < __size && __from[__length])
			__length++;
		_STATICLINK_REQUIRE(__builtin_strlen(__to) + __length < __room);
	}
	return __builtin_strncat(__to, __from, __size);
}

#if defined _GNU_SOURCE || defined _BSD_SOURCE
#define _STATICLINK_BOUNDED(name)                                                                      \
	_STATICLINK_PLAIN(name);                                                                       \
	_STATICLINK_INLINE size_t name(char *__to, const char *__from, size_t __size)                  \
	{                                                                                              \
		_STATICLINK_REQUIRE(__size <= _STATICLINK_TEXT_ROOM(__to));                            \
		return _staticlink_##name(__to, __from, __size);                                       \
	}

_STATICLINK_BOUNDED(strlcpy)
_STATICLINK_BOUNDED(strlcat)
#endif

#endif
