/* musl's unistd.h, with checks before what fills a buffer of the caller's. See staticlink_fortify.h. */
#include_next <unistd.h>

#if defined _FORTIFY_SOURCE && _FORTIFY_SOURCE > 0 && defined __OPTIMIZE__ && !defined __cplusplus && !defined _STATICLINK_UNISTD_H
#define _STATICLINK_UNISTD_H
#include <staticlink_fortify.h>

#define _STATICLINK_INTO(result, name, declared, size, called)                                         \
	_STATICLINK_PLAIN(name);                                                                       \
	_STATICLINK_INLINE result name declared                                                        \
	{                                                                                              \
		_STATICLINK_REQUIRE((size) <= _STATICLINK_ROOM(__to));                                   \
		return _staticlink_##name called;                                                      \
	}

_STATICLINK_INTO(ssize_t, read, (int __file, void *__to, size_t __size), __size, (__file, __to, __size))
_STATICLINK_INTO(ssize_t, pread, (int __file, void *__to, size_t __size, off_t __at), __size, (__file, __to, __size, __at))
_STATICLINK_INTO(ssize_t, readlink, (const char *__path, char *__to, size_t __size), __size, (__path, __to, __size))
_STATICLINK_INTO(ssize_t, readlinkat, (int __place, const char *__path, char *__to, size_t __size), __size,
	(__place, __path, __to, __size))
_STATICLINK_INTO(int, gethostname, (char *__to, size_t __size), __size, (__to, __size))
_STATICLINK_INTO(int, getgroups, (int __count, gid_t __to[]), __count < 0 ? 0 : (size_t)__count * sizeof(gid_t),
	(__count, __to))

_STATICLINK_PLAIN(getcwd);
_STATICLINK_INLINE char *getcwd(char *__to, size_t __size)
{
	_STATICLINK_REQUIRE(!__to || __size <= _STATICLINK_ROOM(__to));
	return _staticlink_getcwd(__to, __size);
}

#endif
