/* Do at start-up what glibc does and musl does not: choose functions, and pass argc, argv and envp to constructors.

   glibc calls the functions in .preinit_array and .init_array with the arguments of main; code compiled for it relies on
   that (Rust's std::env::args() does). musl calls the latter with nothing. Its caller of constructors,
   __libc_start_init, is weak (src/env/__libc_start_main.c), and is called right after __environ was set to what the kernel passed, which lies in one
   block: argc, argv[0] to argv[argc-1], a null, the environment (System V ABI, process initialization). So argv is found by
   walking back from __environ to the slot that holds the number of slots passed. No pointer is as small as that number.

   A function of the type GNU_IFUNC is called through a slot that start-up has to fill with what its resolver returns
   (glibc, csu/libc-start.c, apply_irel). At a fixed position the linker says where these relocations are; a static-pie
   has them among its own (_DYNAMIC), of which musl applies the relative ones (ldso/dlstart.c). Nothing may call such a
   function before constructors run; musl itself has none.

   Not for dynamic executables, where the dynamic linker does all this. */

#define _GNU_SOURCE
#include <link.h>
#include <stddef.h>
#include <stdint.h>

#if defined __x86_64__
#define CHOSEN R_X86_64_IRELATIVE
#elif defined __aarch64__
#define CHOSEN 1032 /* R_AARCH64_IRELATIVE; AArch64 ELF, "Dynamic relocations" */
#else
#error "the relocation that chooses a function is not known for this machine"
#endif

typedef void constructor(int, char **, char **);
typedef ElfW(Addr) resolver(void);

extern char **__environ;
extern constructor *const __preinit_array_start[] __attribute__((weak, visibility("hidden")));
extern constructor *const __preinit_array_end[] __attribute__((weak, visibility("hidden")));
extern constructor *const __init_array_start[] __attribute__((weak, visibility("hidden")));
extern constructor *const __init_array_end[] __attribute__((weak, visibility("hidden")));
extern const ElfW(Rela) __rela_iplt_start[] __attribute__((weak, visibility("hidden")));
extern const ElfW(Rela) __rela_iplt_end[] __attribute__((weak, visibility("hidden")));
extern ElfW(Dyn) _DYNAMIC[] __attribute__((weak, visibility("hidden")));
extern const char __ehdr_start[] __attribute__((weak, visibility("hidden")));
extern void _init(void) __attribute__((weak));

static void choose(uintptr_t base, const ElfW(Rela) *from, const ElfW(Rela) *to)
{
	for (; from < to; from++)
		if (ELF64_R_TYPE(from->r_info) == CHOSEN)
			*(ElfW(Addr) *)(base + from->r_offset) = ((resolver *)(base + from->r_addend))();
}

/* The relocations of a static-pie, whose addresses count from where the program lies. */
static void choose_anywhere(void)
{
	uintptr_t base = (uintptr_t)__ehdr_start, tables[2] = {0, 0};
	size_t sizes[2] = {0, 0};

	for (const ElfW(Dyn) *one = _DYNAMIC; one->d_tag != DT_NULL; one++) {
		switch (one->d_tag) {
		case DT_RELA: tables[0] = one->d_un.d_ptr; break;
		case DT_RELASZ: sizes[0] = one->d_un.d_val; break;
		case DT_JMPREL: tables[1] = one->d_un.d_ptr; break;
		case DT_PLTRELSZ: sizes[1] = one->d_un.d_val; break;
		}
	}
	for (int i = 0; i < 2; i++)
		if (sizes[i])
			choose(base, (void *)(base + tables[i]), (void *)(base + tables[i] + sizes[i]));
}

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
	if (_DYNAMIC)
		choose_anywhere();
	else
		choose(0, __rela_iplt_start, __rela_iplt_end);
	call_each(__preinit_array_start, __preinit_array_end, argc, argv);
	if (_init)
		_init();
	call_each(__init_array_start, __init_array_end, argc, argv);
}
