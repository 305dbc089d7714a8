#include <math.h>

int main(int argc, char **argv)
{
	(void)argv;
	return (int)(cbrt(27.0 * argc) + 0.5) != 3;
}
