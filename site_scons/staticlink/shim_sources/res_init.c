/* Make glibc's resolver forget its configuration: nothing to do.

   musl reads /etc/resolv.conf anew at each look-up (src/network/resolvconf.c), so there is no state to renew. */

int __res_init(void);

__attribute__((weak)) int __res_init(void)
{
	return 0;
}
