#include <stdio.h>

/* Nothing refers to this member: only --whole-archive takes it. */
__attribute__((constructor(201))) static void plug(void) { puts("whole archive"); }
