#include <regex.h>
#include <stdio.h>
int main(void)
{
	regex_t pattern;
	regcomp(&pattern, "(a)(b)(c)", REG_EXTENDED);
	printf("%zu groups\n", pattern.re_nsub);
	regfree(&pattern);
}
