#define _GNU_SOURCE
#include "../guarded.h"
#include <pwd.h>
#include <unistd.h>
struct name { char text[L_cuserid]; };
GUARDED(struct name);
/* Either libc's cuserid asks this, so that the test needs no user of such a name. */
int getpwuid_r(uid_t id, struct passwd *entry, char *room, size_t size, struct passwd **found)
{
	static char long_name[] = "a-name-of-16-byt";
	*entry = (struct passwd){ .pw_name = long_name };
	*found = entry;
	return 0;
}
int main(void)
{
	GUARD();
	cuserid(guarded.value.text);
	printf("%d bytes overwritten\n", HARMED());
}
