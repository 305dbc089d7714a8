#include <regex.h>
#include <stdio.h>
int main(void)
{
	regmatch_t part[8] = { { 3, 5 } };
	regex_t pattern;
	char words[80];
	regcomp(&pattern, "c", REG_EXTENDED);
	int code = regexec(&pattern, "abcdefgh", 1, part, REG_STARTEND);
	regerror(code, &pattern, words, sizeof words);
	puts(code == REG_NOMATCH ? "not in the part" : "found outside of the part");
}
