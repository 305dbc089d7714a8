/* musl's stdio.h, with checks before what fills a buffer of the caller's. See staticlink_fortify.h. */
#include_next <stdio.h>

#if defined _FORTIFY_SOURCE && _FORTIFY_SOURCE > 0 && defined __OPTIMIZE__ && !defined __cplusplus && !defined _STATICLINK_STDIO_H
#define _STATICLINK_STDIO_H
#include <staticlink_fortify.h>

_STATICLINK_PLAIN(snprintf);
_STATICLINK_PLAIN(sprintf);
_STATICLINK_PLAIN(vsnprintf);
_STATICLINK_PLAIN(vsprintf);
_STATICLINK_PLAIN(fgets);
_STATICLINK_PLAIN(fread);
_STATICLINK_PLAIN(fwrite);

/* A variadic function can be handed on only by a compiler that knows how. */
#ifdef __GNUC__
_STATICLINK_INLINE int snprintf(char *__to, size_t __size, const char *__format, ...)
{
	_STATICLINK_REQUIRE(__size <= _STATICLINK_TEXT_ROOM(__to));
	return _staticlink_snprintf(__to, __size, __format, __builtin_va_arg_pack());
}

_STATICLINK_INLINE int sprintf(char *__to, const char *__format, ...)
{
	size_t __room = _STATICLINK_TEXT_ROOM(__to);
	int __length;
	if (__room == _STATICLINK_UNKNOWN)
		return _staticlink_sprintf(__to, __format, __builtin_va_arg_pack());
	__length = _staticlink_snprintf(__to, __room, __format, __builtin_va_arg_pack());
	_STATICLINK_REQUIRE(__length < 0 || (size_t)__length < __room);
	return __length;
}
#endif

_STATICLINK_INLINE int vsnprintf(char *__to, size_t __size, const char *__format, __builtin_va_list __values)
{
	_STATICLINK_REQUIRE(__size <= _STATICLINK_TEXT_ROOM(__to));
	return _staticlink_vsnprintf(__to, __size, __format, __values);
}

_STATICLINK_INLINE int vsprintf(char *__to, const char *__format, __builtin_va_list __values)
{
	size_t __room = _STATICLINK_TEXT_ROOM(__to);
	int __length;
	if (__room == _STATICLINK_UNKNOWN)
		return _staticlink_vsprintf(__to, __format, __values);
	__length = _staticlink_vsnprintf(__to, __room, __format, __values);
	_STATICLINK_REQUIRE(__length < 0 || (size_t)__length < __room);
	return __length;
}

_STATICLINK_INLINE char *fgets(char *__to, int __size, FILE *__file)
{
	_STATICLINK_REQUIRE(__size <= 0 || (size_t)__size <= _STATICLINK_TEXT_ROOM(__to));
	return _staticlink_fgets(__to, __size, __file);
}

_STATICLINK_INLINE size_t fread(void *__to, size_t __size, size_t __count, FILE *__file)
{
	size_t __bytes;
	_STATICLINK_REQUIRE(!__builtin_mul_overflow(__size, __count, &__bytes) && __bytes <= _STATICLINK_ROOM(__to));
	return _staticlink_fread(__to, __size, __count, __file);
}

_STATICLINK_INLINE size_t fwrite(const void *__from, size_t __size, size_t __count, FILE *__file)
{
	size_t __bytes;
	_STATICLINK_REQUIRE(!__builtin_mul_overflow(__size, __count, &__bytes) && __bytes <= _STATICLINK_ROOM(__from));
	return _staticlink_fwrite(__from, __size, __count, __file);
}

#endif
