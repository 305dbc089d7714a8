#define _GNU_SOURCE
#include "../guarded.h"
#include <crypt.h>
GUARDED(struct crypt_data);
int main(void)
{
	GUARD();
	guarded.value.initialized = 0;
	crypt_r("secret", "$6$saltsalt$", &guarded.value);
	printf("%s\n", HARMED() ? "overwritten" : "intact");
}
