#define _GNU_SOURCE
#include <ctype.h>
#include <locale.h>
#include <stdio.h>
int main(int count, char **words)
{
	locale_t own = newlocale(LC_ALL_MASK, "C", (locale_t)0);
	printf("%d\n", isalpha_l(count + 'a', own) != 0);
}
