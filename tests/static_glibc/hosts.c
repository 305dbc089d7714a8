/* What do names of hosts and services answer here? */
#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

static void ask(const char *host, const char *service, int flags)
{
    struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM, .ai_flags = flags}, *found = NULL;
    int error = getaddrinfo(host, service, &hints, &found);
    printf("getaddrinfo %s %s: ", host, service);
    if (error != 0) {
        printf("%s\n", gai_strerror(error));
        return;
    }
    char text[64] = "";
    struct sockaddr_in *address = (struct sockaddr_in *)found->ai_addr;
    printf("%s %d\n", inet_ntop(AF_INET, &address->sin_addr, text, sizeof text), ntohs(address->sin_port));
    freeaddrinfo(found);
}

int main(void)
{
    ask("127.0.0.1", "80", AI_NUMERICHOST | AI_NUMERICSERV);
    ask("127.0.0.1", "80", 0);
    ask("localhost", "80", 0);
    ask("example.test", "80", 0);
    ask("127.0.0.1", "http", 0);
    struct hostent *host = gethostbyname("localhost");
    printf("gethostbyname localhost: %s\n", host != NULL ? host->h_name : "nothing");
    struct servent *service = getservbyname("http", "tcp");
    printf("getservbyname http: %s\n", service != NULL ? service->s_name : "nothing");
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    char name[64] = "";
    int error = getnameinfo((struct sockaddr *)&address, sizeof address, name, sizeof name, NULL, 0, 0);
    printf("getnameinfo 127.0.0.1: %s\n", error == 0 ? name : gai_strerror(error));
    return 0;
}
