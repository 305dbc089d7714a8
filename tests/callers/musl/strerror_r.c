#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
int main(void)
{
	char room[64] = "";
	printf("%d %s\n", strerror_r(2, room, sizeof room) != 0, room);
}
