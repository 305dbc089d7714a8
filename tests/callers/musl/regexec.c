#include "../guarded.h"
#include <regex.h>
struct groups { regmatch_t one[2]; };
GUARDED(struct groups);
int main(void)
{
	regex_t pattern;
	GUARD();
	regcomp(&pattern, "b(c)", REG_EXTENDED);
	regexec(&pattern, "abcd", 2, guarded.value.one, 0);
	printf("group at %d, %d bytes overwritten\n", (int)guarded.value.one[1].rm_so, HARMED());
}
