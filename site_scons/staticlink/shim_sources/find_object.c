/* Find the object that an address lies in, and its table of unwind entries, for the unwinder of GCC (libgcc_eh).

   glibc 2.35 has _dl_find_object for that; libgcc_eh that was configured on such a glibc asks for nothing else. The answer
   is in the program headers, which musl's dl_iterate_phdr shows, in a static executable without a lock. The object is
   where its loaded segments are, from the first byte of the first to the last of the last; its table is
   PT_GNU_EH_FRAME. There is no link map in a static executable of musl's.

   The structure is that of glibc's <dlfcn.h> for machines whose tables need no base address. */

#define _GNU_SOURCE
#include <link.h>
#include <stddef.h>
#include <stdint.h>

#if !defined __x86_64__ && !defined __aarch64__
#error "the structure of _dl_find_object is not known for this machine"
#endif

struct object {
	unsigned long long flags;
	void *begin, *end, *link_map, *eh_frame;
	unsigned long long reserved[7];
};

_Static_assert(offsetof(struct object, eh_frame) == 32 && sizeof(struct object) == 96, "glibc's struct dl_find_object");

struct search {
	uintptr_t address;
	struct object *found;
};

int _dl_find_object(void *, struct object *);

static int look(struct dl_phdr_info *one, size_t size, void *data)
{
	struct search *search = data;
	uintptr_t begin = UINTPTR_MAX, end = 0, table = 0;

	(void)size;
	for (int number = 0; number < one->dlpi_phnum; number++) {
		const ElfW(Phdr) *segment = &one->dlpi_phdr[number];
		uintptr_t at = one->dlpi_addr + segment->p_vaddr;

		if (segment->p_type == PT_GNU_EH_FRAME)
			table = at;
		if (segment->p_type != PT_LOAD)
			continue;
		if (at < begin)
			begin = at;
		if (at + segment->p_memsz > end)
			end = at + segment->p_memsz;
	}
	if (search->address < begin || search->address >= end)
		return 0;
	*search->found = (struct object){0, (void *)begin, (void *)end, NULL, (void *)table, {0}};
	return 1;
}

__attribute__((weak)) int _dl_find_object(void *address, struct object *found)
{
	struct search search = {(uintptr_t)address, found};

	return dl_iterate_phdr(look, &search) ? 0 : -1;
}
