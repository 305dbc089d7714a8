/* Answer glibc's version, which code compiled for glibc asks for to decide on work-arounds.

   2.26 is the oldest release for which Rust's std needs none: below it, std calls res_init after a failed look-up, and below
   2.24 it avoids posix_spawn. Neither concerns musl: it reads resolv.conf at each look-up, and its posix_spawn reports
   a failed exec. A program that prints the answer will print a glibc version that is not there. */

const char *gnu_get_libc_version(void);

__attribute__((weak)) const char *gnu_get_libc_version(void)
{
	return "2.26";
}
