#define _GNU_SOURCE
#include <ctype.h>
#include <locale.h>
#include <stdio.h>
int main(int count, char **words)
{
	locale_t own = duplocale(LC_GLOBAL_LOCALE);
	printf("%d\n", isalpha_l(count + 'a', own) != 0);
}
