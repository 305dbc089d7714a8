/* Frames of C that Rust passes through: compiled with unwind tables, so that a panic can leave them. */
#include <stdlib.h>

#include "demo.h"

int demo_call_through_c(int (*callback)(int), int argument)
{
    volatile int kept = argument; /* live across the call: this frame cannot be a tail call */
    return callback(argument) + kept;
}

void demo_sort(int *values, size_t count, int (*compare)(const void *, const void *))
{
    qsort(values, count, sizeof *values, compare);
}
