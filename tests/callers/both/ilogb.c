#include <math.h>
#include <stdio.h>
int main(int count, char **words)
{
	puts(ilogb(count - 1) == FP_ILOGB0 ? "nothing" : "a number");
}
