#include <math.h>
#include <stdio.h>

const char *greeting(double x)
{
    static char text[40];
    snprintf(text, sizeof text, "cos(%g) is %.3f", x, cos(x));
    return text;
}
