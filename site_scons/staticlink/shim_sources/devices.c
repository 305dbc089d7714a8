/* The functions behind glibc's major, minor and makedev, which are macros in <sys/sysmacros.h> of both libcs.

   A device's number has the major one in bits 8 to 19 and 44 to 63, the minor one in the rest (glibc, bits/sysmacros.h). */

#include <sys/sysmacros.h>

unsigned gnu_dev_major(unsigned long long);
unsigned gnu_dev_minor(unsigned long long);
unsigned long long gnu_dev_makedev(unsigned, unsigned);

unsigned gnu_dev_major(unsigned long long device) { return major(device); }
unsigned gnu_dev_minor(unsigned long long device) { return minor(device); }
unsigned long long gnu_dev_makedev(unsigned high, unsigned low) { return makedev(high, low); }
