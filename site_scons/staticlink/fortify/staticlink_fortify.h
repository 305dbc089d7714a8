/* What the headers beside this one share: how large is an object, and what happens when it is too small?
 *
 * musl has no FORTIFY. These headers stand before its own in the search path of the compiler that staticlink makes
 * (vendored/wrapper.py), hand on to them, and with _FORTIFY_SOURCE in an optimizing compile put a check before the
 * functions that write into an object of the caller's. The compiler knows an object's size at compile time, with
 * _FORTIFY_SOURCE=3 also where it is an expression; where it is unknown, the check costs nothing.
 *
 * An overflow that is about to happen ends the program by __builtin_trap (SIGILL). Nothing of the C library is called:
 * an object that was compiled so links against any musl.
 *
 * Not modelled: %n in formats that are writable, wide characters, C++.
 */
#ifndef _STATICLINK_FORTIFY_H
#define _STATICLINK_FORTIFY_H

#if _FORTIFY_SOURCE > 2 && defined __has_builtin
#if __has_builtin(__builtin_dynamic_object_size)
#define _STATICLINK_SIZE(p, kind) __builtin_dynamic_object_size(p, kind)
#endif
#endif
#ifndef _STATICLINK_SIZE
#define _STATICLINK_SIZE(p, kind) __builtin_object_size(p, kind)
#endif

/* Memory functions may run through a whole object, those for strings stay in the member they are given. */
#define _STATICLINK_ROOM(p) _STATICLINK_SIZE(p, 0)
#define _STATICLINK_TEXT_ROOM(p) _STATICLINK_SIZE(p, _FORTIFY_SOURCE > 1)
#define _STATICLINK_UNKNOWN ((__SIZE_TYPE__)-1)

/* An inline definition that is never emitted: the function itself stays musl's. */
#define _STATICLINK_INLINE extern __inline __attribute__((__always_inline__, __gnu_inline__, __artificial__))
#define _STATICLINK_REQUIRE(condition) ((condition) ? (void)0 : __builtin_trap())
/* musl's own function under a second name, for a checked definition to call. */
#define _STATICLINK_PLAIN(name) extern __typeof__(name) _staticlink_##name __asm__(#name)

#endif
