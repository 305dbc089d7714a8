#include "said.h"
#include <fnmatch.h>
#include <locale.h>

static const char *const pieces[] = {
	"a", "b", "A", ".", "/", "*", "?", "[a]", "[!a]", "[^b]", "[a-c]", "[[:alpha:]]", "[/]", "[.]", "[!.]", "\\a", "\\",
	"\\*", "[", "]", "[]a]", "**", "[[:upper:]]", "[a/b]", "\\/", "[a", "-", "[--0]", "[[.a.]]", "[[=a=]]", "[\\a]",
	"[[:zork:]]", "[c-a]", "\\.", "[!/]", "[!]a]", "\303\251", "\377", "@(", ")", "|", "*(", "+(", "?(", "!(", "a|b", "@(a|",
};
static const char *const words[] = {"a", "b", "c", "A", ".", "/", "*", "-", "[", "\\", "a", ".", "/", "\303\251"};
#define COUNT(of) (sizeof(of) / sizeof *(of))

static unsigned next_number(unsigned below)
{
	static unsigned long long state = 20;

	state = state * 6364136223846793005ull + 1442695040888963407ull;
	return (state >> 33) % below;
}

/* Print how many of generated patterns match, and a number that changes with each answer. */
static void generated(int rounds, unsigned flags)
{
	unsigned long long all = 0;
	int matched = 0;

	for (int round = 0; round < rounds; round++) {
		char pattern[100] = "", text[50] = "";

		for (int left = next_number(6); left; left--)
			strcat(pattern, pieces[next_number(COUNT(pieces))]);
		for (int left = next_number(6); left; left--)
			strcat(text, words[next_number(COUNT(words))]);
		int found = fnmatch(pattern, text, flags | next_number(32));
		matched += !found;
		all = all * 31 + found;
		if (round < 2000) {
			printf("%s: %d ", text, found);
			HEX(pattern, strlen(pattern));
		}
	}
	printf("%d, %llx\n", matched, all);
}

void items(void)
{
	N(fnmatch("@(a|b).c", "a.c", FNM_EXTMATCH));
	N(fnmatch("@(a|b).c", "a.c", 0));
	N(fnmatch("!(*.o)", "a.o", FNM_EXTMATCH));
	N(fnmatch("+([0-9]).?(old)", "2015.", FNM_EXTMATCH));
	for (int time = 0; time < 2; time++) {
		generated(100000, 0);
		generated(100000, FNM_EXTMATCH);
		N(setlocale(LC_ALL, "C.UTF-8") != NULL);
	}
}

int fail(int number)
{
	(void)number;
	NO_MORE;
}
