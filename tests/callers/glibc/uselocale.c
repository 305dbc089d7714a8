#define _GNU_SOURCE
#include <ctype.h>
#include <locale.h>
#include <stdio.h>
int main(int count, char **words)
{
	uselocale(newlocale(LC_ALL_MASK, "C", (locale_t)0));
	printf("%d\n", isalpha_l(count + 'a', uselocale((locale_t)0)) != 0);
}
