#include "../guarded.h"
struct room { char bytes[BUFSIZ]; };
GUARDED(struct room);
int main(void)
{
	FILE *file = tmpfile();
	GUARD();
	setbuf(file, guarded.value.bytes);
	for (int i = 0; i < 4000; i++)
		fputc('a', file);
	printf("%d bytes overwritten\n", HARMED());
}
