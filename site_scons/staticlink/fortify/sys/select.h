/* musl's sys/select.h, with checks of the descriptor in FD_SET, FD_CLR and FD_ISSET. See staticlink_fortify.h. */
#include_next <sys/select.h>

#if defined _FORTIFY_SOURCE && _FORTIFY_SOURCE > 0 && defined __OPTIMIZE__ && !defined __cplusplus && !defined _STATICLINK_SYS_SELECT_H
#define _STATICLINK_SYS_SELECT_H
#include <staticlink_fortify.h>

/* A descriptor beyond the set would be a bit of what lies behind it. */
_STATICLINK_INLINE int _staticlink_in_set(int __file)
{
	_STATICLINK_REQUIRE(__file >= 0 && __file < FD_SETSIZE);
	return __file;
}

#undef FD_SET
#undef FD_CLR
#undef FD_ISSET
#define _STATICLINK_WORD(d, s) (s)->fds_bits[(d) / (8 * sizeof(long))]
#define _STATICLINK_BIT(d) (1UL << ((d) % (8 * sizeof(long))))
#define FD_SET(d, s) __extension__({ int __d = _staticlink_in_set(d); (void)(_STATICLINK_WORD(__d, s) |= _STATICLINK_BIT(__d)); })
#define FD_CLR(d, s) __extension__({ int __d = _staticlink_in_set(d); (void)(_STATICLINK_WORD(__d, s) &= ~_STATICLINK_BIT(__d)); })
#define FD_ISSET(d, s) __extension__({ int __d = _staticlink_in_set(d); !!(_STATICLINK_WORD(__d, s) & _STATICLINK_BIT(__d)); })

#endif
