/* Pass argc, argv and envp to constructors, as glibc does.

   glibc calls the functions in .init_array with the arguments of main; code compiled for it relies on that (Rust's
   std::env::args() does). musl calls them with nothing. Its caller of constructors, __libc_start_init, is weak
   (src/env/__libc_start_main.c), and is called right after __environ was set to what the kernel passed, which lies in one
   block: argc, argv[0] to argv[argc-1], a null, the environment (System V ABI, process initialization). So argv is found by
   walking back from __environ to the slot that holds the number of slots passed. No pointer is as small as that number.

   Static and static-pie start the same way. Not for dynamic executables, where the dynamic linker calls constructors. */

#include <stdint.h>

typedef void constructor(int, char **, char **);

extern char **__environ;
extern constructor *const __preinit_array_start[] __attribute__((weak, visibility("hidden")));
extern constructor *const __preinit_array_end[] __attribute__((weak, visibility("hidden")));
extern constructor *const __init_array_start[] __attribute__((weak, visibility("hidden")));
extern constructor *const __init_array_end[] __attribute__((weak, visibility("hidden")));
extern void _init(void) __attribute__((weak));

static void call_each(constructor *const *from, constructor *const *to, int argc, char **argv)
{
	for (; from < to; from++)
		(*from)(argc, argv, __environ);
}

/* Exactly musl's name and visibility, so that this definition takes the place of the weak one. */
__attribute__((visibility("hidden"))) void __libc_start_init(void)
{
	char **argv = __environ - 1;
	int argc = 0;

	while ((uintptr_t)argv[-1] != (uintptr_t)argc) {
		argv--;
		argc++;
	}
	call_each(__preinit_array_start, __preinit_array_end, argc, argv);
	if (_init)
		_init();
	call_each(__init_array_start, __init_array_end, argc, argv);
}
