#include <netdb.h>

int main(void)
{
    struct addrinfo *found;
    return getaddrinfo("127.0.0.1", "80", 0, &found);
}
