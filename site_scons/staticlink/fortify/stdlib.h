/* musl's stdlib.h, with a check before realpath. See staticlink_fortify.h. */
#include_next <stdlib.h>

#if defined _FORTIFY_SOURCE && _FORTIFY_SOURCE > 0 && defined __OPTIMIZE__ && !defined __cplusplus && !defined _STATICLINK_STDLIB_H
#define _STATICLINK_STDLIB_H
#include <staticlink_fortify.h>

#if defined _XOPEN_SOURCE || defined _GNU_SOURCE || defined _BSD_SOURCE
_STATICLINK_PLAIN(realpath);
/* musl writes up to PATH_MAX bytes, the longest path that Linux knows. */
_STATICLINK_INLINE char *realpath(const char *__path, char *__to)
{
	_STATICLINK_REQUIRE(!__to || _STATICLINK_TEXT_ROOM(__to) >= 4096);
	return _staticlink_realpath(__path, __to);
}
#endif

#endif
