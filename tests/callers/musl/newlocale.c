#define _GNU_SOURCE
#include <locale.h>
#include <stdio.h>
int main(void)
{
	puts(newlocale(LC_ALL_MASK, "C", (locale_t)0) ? "a locale" : "(null)");
}
