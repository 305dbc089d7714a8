#include <stdio.h>
#include <stdio_ext.h>
int main(void)
{
	FILE *file = tmpfile();
	fputs("kept back", file);
	puts(__fpurge(file) ? "failed" : "done");
}
