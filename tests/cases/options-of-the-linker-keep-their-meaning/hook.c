#include <stdio.h>

/* -u asks for this. */
int hooked;
int registered;

__attribute__((constructor(202))) static void hook(void) { puts("undefined"); }
