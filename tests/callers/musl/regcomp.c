#include <regex.h>
#include <stdio.h>
int main(void)
{
	regex_t pattern;
	regcomp(&pattern, "(a)(b)(c)", REG_EXTENDED);
	puts(pattern.re_nsub == 3 ? "3 groups" : "another number of groups");
}
