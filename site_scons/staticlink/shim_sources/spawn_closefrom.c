/* posix_spawn_file_actions_addclosefrom_np: ask a process that will be started to close descriptors.

   musl keeps such actions in a list of its own and knows none like it. The function answers ENOSYS, an error that its
   callers have to expect (the glibc manual lists ENOMEM and EBADF); the actions stay as they were. */

#include <errno.h>
#include <spawn.h>

int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t *, int);

int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t *actions, int first)
{
	(void)actions;
	(void)first;
	return ENOSYS;
}
