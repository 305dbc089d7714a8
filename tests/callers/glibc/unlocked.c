#include <stdio.h>
int main(void)
{
	FILE *file = tmpfile();
	int bytes = 0, right = 1, c;
	for (int i = 0; i < 20000; i++)
		putc_unlocked('a' + i % 26, file);
	rewind(file);
	while ((c = getc_unlocked(file)) != EOF)
		right &= c == 'a' + bytes++ % 26;
	printf("%d bytes, %s, %s\n", bytes, right ? "all right" : "wrong", feof_unlocked(file) ? "at the end" : "not at the end");
}
