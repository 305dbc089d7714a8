/* Make the data that was relocated read-only, as PT_GNU_RELRO asks.

   Somebody has to do that at start-up. glibc does it in static executables (elf/dl-support.c), musl only in its dynamic
   linker (reloc_all in ldso/dynlink.c): a static one has the program header and stays writable. This constructor is
   among the first and rounds as musl's dynamic linker does. Nothing of a static program is relocated later. */

#include <link.h>
#include <sys/mman.h>
#include <unistd.h>

static const char message[] = "relro: cannot make relocated data read-only\n";

static int protect(struct dl_phdr_info *program, size_t size, void *unused)
{
	const ElfW(Addr) page = (ElfW(Addr))sysconf(_SC_PAGESIZE);

	(void)size;
	(void)unused;
	for (unsigned number = 0; number < program->dlpi_phnum; number++) {
		const ElfW(Phdr) *one = &program->dlpi_phdr[number];
		ElfW(Addr) start = (program->dlpi_addr + one->p_vaddr) & -page;
		ElfW(Addr) end = (program->dlpi_addr + one->p_vaddr + one->p_memsz) & -page;

		if (one->p_type == PT_GNU_RELRO && start < end && mprotect((void *)start, end - start, PROT_READ)) {
			(void)!write(STDERR_FILENO, message, sizeof message - 1);
			_exit(127);
		}
	}
	return 0;
}

__attribute__((constructor(101))) void __staticlink_protect_relro(void)
{
	dl_iterate_phdr(protect, 0);
}
