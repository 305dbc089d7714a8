#include <math.h>
#include <stdio.h>

int greet(const char *name);

int main(int argc, char **argv)
{
	printf("%.3f\n", cbrt(argc * 27.0));
	return greet(argc > 1 ? argv[1] : "world");
}
