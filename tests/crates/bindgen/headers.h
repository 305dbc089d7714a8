#include <setjmp.h>
#include <sys/stat.h>
#include <utmpx.h>
