#include <stdio.h>
#include <string.h>
#include <zlib.h>
int main(void)
{
	unsigned char from[10000], packed[20000], back[10000];
	uLongf size = sizeof packed, length = sizeof back;
	for (int i = 0; i < 10000; i++)
		from[i] = i % 251;
	int one = compress(packed, &size, from, sizeof from);
	int two = uncompress(back, &length, packed, size);
	gzFile file = gzopen("x.gz", "wb");
	gzprintf(file, "%s %d", "number", 42);
	gzclose(file);
	char line[20] = "";
	file = gzopen("x.gz", "rb");
	gzgets(file, line, sizeof line);
	printf("%d %d %d %08lx %s\n", one, two, memcmp(from, back, sizeof from), crc32(0, from, sizeof from), line);
	return 0;
}
