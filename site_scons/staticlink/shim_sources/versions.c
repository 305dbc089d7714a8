/* Functions under the names that glibc's versions give them: `*@GLIBC_*`.

   An object that was made to run with an old glibc asks for one version of a function (.symver). In a static link nothing
   has that name, because an archive's symbols have no versions. Each alias here defines one such name and goes on to
   the function that is meant; registers and stack are as its caller left them, so it needs not know the arguments.

   ALIASES is a list of ALIAS(number, function, "name@GLIBC_2.2.5"), made for the link that it joins. */

#if defined __x86_64__
#define JUMP "jmp"
#elif defined __aarch64__
#define JUMP "b"
#else
#error "no aliases of functions for this machine"
#endif

#define ALIAS(number, function, versioned)                                         \
	__asm__("\t.pushsection .text.versions,\"ax\",%progbits\n"                 \
		"\t.globl __shim_version_" #number "\n"                            \
		"\t.type __shim_version_" #number ", %function\n"                  \
		"__shim_version_" #number ":\n"                                    \
		"\t" JUMP "\t" #function "\n"                                      \
		"\t.size __shim_version_" #number ", . - __shim_version_" #number "\n" \
		"\t.symver __shim_version_" #number ", " versioned ", remove\n"    \
		"\t.popsection\n");

ALIASES
