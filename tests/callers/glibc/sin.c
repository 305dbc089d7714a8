#define _GNU_SOURCE
#include <math.h>
#include <stdio.h>
int main(int count, char **words)
{
	printf("%.3f\n", __sin(10.0 * count));
}
