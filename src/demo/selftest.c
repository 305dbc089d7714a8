/* demo selftest: does everything this executable is made of work here, alone?
 *
 * One line a check: `ok NAME`, `FAIL NAME: why`, or `limit NAME: why` for what is known not to work on this road. */
#include <errno.h>
#include <locale.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "demo.h"

extern char **environ;

static int say(char *why, size_t size, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(why, size, format, arguments);
    va_end(arguments);
    return DEMO_FAIL;
}

static int failures;

static void show(const char *name, int outcome, const char *why)
{
    if (outcome == DEMO_OK)
        printf(why[0] != '\0' ? "ok %s (%s)\n" : "ok %s\n", name, why);
    else
        printf("%s %s: %s\n", outcome == DEMO_LIMIT ? "limit" : "FAIL", name, why);
    fflush(stdout); /* what follows may crash */
    failures += outcome == DEMO_FAIL;
}

#define CHECK(name, call)                     \
    do {                                      \
        char why[1024] = "";                  \
        size_t size = sizeof why;             \
        int outcome = call;                   \
        show(name, outcome, why);             \
    } while (0)

static int check_arguments(int argc, char **argv, char *why, size_t size)
{
    if (argc < 2 || strcmp(argv[1], "selftest") != 0 || argv[argc] != NULL)
        return say(why, size, "%d arguments, or not the ones that were given", argc);
    return DEMO_OK;
}

static int check_environment(char *why, size_t size)
{
    if (getenv("DEMO_SELFTEST") == NULL)
        return say(why, size, "getenv does not find what setenv put there");
    for (char **entry = environ; *entry != NULL; entry++)
        if (strncmp(*entry, "DEMO_SELFTEST=", 14) == 0)
            return DEMO_OK;
    return say(why, size, "environ does not hold what setenv put there");
}

/* Make an empty file where one can be written: here, or in a directory for temporary files. */
static int make_file(char *path, size_t room, char *why, size_t size)
{
    const char *places[] = {".", getenv("TMPDIR"), "/tmp"};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        if (places[i] == NULL)
            continue;
        snprintf(path, room, "%s/demo-XXXXXX", places[i]);
        int file = mkstemp(path);
        if (file >= 0) {
            close(file);
            return DEMO_OK;
        }
    }
    return say(why, size, "mkstemp: %s", strerror(errno));
}

/* C, Rust and Python each append a line to one file; C reads them back. */
static int append_from_all(const char *path, char *why, size_t size)
{
    FILE *file = fopen(path, "w");
    if (file == NULL || fputs("from C\n", file) < 0 || fclose(file) != 0)
        return say(why, size, "%s: %s", path, strerror(errno));
    int outcome = demo_check_files(path, why, size);
#ifdef STATICLINK_PYTHON
    const char expected[] = "from C\nfrom Rust\nfrom Python\n";
    if (outcome == DEMO_OK)
        outcome = demo_python_check("files", path, why, size);
#else
    const char expected[] = "from C\nfrom Rust\n";
#endif
    if (outcome != DEMO_OK)
        return outcome;
    char found[128] = "";
    file = fopen(path, "r");
    if (file == NULL)
        return say(why, size, "%s: %s", path, strerror(errno));
    found[fread(found, 1, sizeof found - 1, file)] = 0;
    fclose(file);
    return strcmp(found, expected) == 0 ? DEMO_OK : say(why, size, "the file holds other lines");
}

static int check_files(char *why, size_t size)
{
    char path[512];
    int outcome = make_file(path, sizeof path, why, size);
    if (outcome != DEMO_OK)
        return outcome;
    outcome = append_from_all(path, why, size);
    unlink(path);
    return outcome;
}

static pthread_key_t key;
static int destroyed;
static __thread int local_value = 41;

static void count_destruction(void *value)
{
    __atomic_add_fetch(&destroyed, *(int *)value, __ATOMIC_SEQ_CST);
}

static void *thread_main(void *argument)
{
    (void)argument;
    static int one = 1;
    local_value++;
    pthread_setspecific(key, &one);
    return local_value == 42 ? &one : NULL;
}

static int check_threads(char *why, size_t size)
{
    pthread_t threads[4];
    int error = pthread_key_create(&key, count_destruction), started = 0, right = 0;
    for (; error == 0 && started < 4; started += error == 0)
        error = pthread_create(&threads[started], NULL, thread_main, NULL);
    for (int i = 0; i < started; i++) {
        void *result;
        pthread_join(threads[i], &result);
        right += result != NULL;
    }
    if (error != 0)
        return say(why, size, "%s", strerror(error));
    if (right != 4 || destroyed != 4 || local_value != 41)
        return say(why, size, "%d of 4 thread-locals right, %d of 4 destructors run", right, destroyed);
    return DEMO_OK;
}

static int check_allocation(char *why, size_t size)
{
    char *from_rust = demo_allocate();
    int right = from_rust != NULL && strcmp(from_rust, "allocated by Rust") == 0;
    free(from_rust);
    char *from_c = right ? strdup("allocated by C") : NULL;
    return from_c != NULL ? demo_check_allocation(from_c, why, size) : say(why, size, "Rust's text did not arrive in C");
}

static int check_locale(char *why, size_t size)
{
    wchar_t wide[16];
    if (setlocale(LC_ALL, "C.UTF-8") == NULL) {
        say(why, size, "there is no locale C.UTF-8");
#ifdef __GLIBC__
        say(why, size, "glibc reads the locale C.UTF-8 from a file, and there is none here");
        return DEMO_LIMIT;
#endif
        return DEMO_FAIL;
    }
    size_t length = mbstowcs(wide, "gr\xc3\xbc\xc3\x9f", 16);
    if (length != 4 || wide[2] != 0xfc || strcmp(localeconv()->decimal_point, ".") != 0)
        return say(why, size, "UTF-8 is not read as UTF-8");
    return DEMO_OK;
}

static int check_time(char *why, size_t size)
{
    char text[64];
    struct tm parts;
    time_t moment = 1000000000; /* 2001-09-09 01:46:40 UTC */
    setenv("TZ", "TST-3:30", 1); /* a POSIX zone: needs no file */
    tzset();
    localtime_r(&moment, &parts);
    strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S %Z", &parts);
    unsetenv("TZ");
    tzset();
    if (strcmp(text, "2001-09-09 05:16:40 TST") != 0)
        return say(why, size, "TZ=TST-3:30 gives %s", text);
    gmtime_r(&moment, &parts);
    return timegm(&parts) == moment ? DEMO_OK : say(why, size, "timegm does not undo gmtime");
}

static int check_resolve(const char *host, char *why, size_t size)
{
    struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM}, *found;
    int error = getaddrinfo(host, "80", &hints, &found);
    if (error != 0)
        return say(why, size, "%s", gai_strerror(error));
    const struct sockaddr_in *address = (const struct sockaddr_in *)found->ai_addr;
    int right = ntohl(address->sin_addr.s_addr) >> 24 == 127 && ntohs(address->sin_port) == 80;
    freeaddrinfo(found);
    return right ? DEMO_OK : say(why, size, "not a loopback address");
}

#ifdef __GLIBC__
/* Without a file or a server to ask, a name is not found, and nothing worse happens. */
static int check_unresolved(const char *host, char *why, size_t size)
{
    struct addrinfo *found;
    int error = getaddrinfo(host, NULL, NULL, &found);
    if (error != 0) {
        say(why, size, "%s", gai_strerror(error));
        return DEMO_OK;
    }
    freeaddrinfo(found);
    return say(why, size, "it has an address, and nobody here knows one");
}
#endif

/* The program's own work, in small. */
static int check_summary(demo_filter *filter, const char *expected, char *why, size_t size)
{
    const char data[] = "path,status,time\n/a,200,10ms\n/b,500,1s\n/a,200,30ms\n\"/c,d\",200,5ms\n/a,404,20ms\n";
    struct demo_query query = {.delimiter = ',', .by = "path", .value = "time", .filter = filter};
    char *report;
    int result = demo_summarise(data, sizeof data - 1, &query, &report);
    int right = result == 0 && strcmp(report, expected) == 0;
    if (!right)
        say(why, size, "%s", report);
    demo_release(report);
    return right ? DEMO_OK : DEMO_FAIL;
}

static const char summary_of_all[] = "path count   sum   min   p50   p95   max\n"
                                     "/a       3  0.06  0.01  0.02  0.03  0.03\n"
                                     "/b       1     1     1     1     1     1\n"
                                     "/c,d     1 0.005 0.005 0.005 0.005 0.005\n";

static void check_c_and_rust(int argc, char **argv)
{
    CHECK("arguments in C", check_arguments(argc, argv, why, size));
    CHECK("arguments in Rust", demo_check_arguments(argc, argv, why, size));
    CHECK("environment in C", check_environment(why, size));
    CHECK("environment in Rust", demo_check_environment(environ, why, size));
    CHECK("files", check_files(why, size));
    CHECK("threads in C", check_threads(why, size));
    CHECK("threads in Rust", demo_check_threads(why, size));
    CHECK("panic caught in Rust", demo_check_panic_caught(why, size));
    CHECK("panic unwound through C", demo_check_panic_through_c(why, size));
    CHECK("callback from C into Rust", demo_check_callback(why, size));
    CHECK("allocation across languages", check_allocation(why, size));
    CHECK("locale in C", check_locale(why, size));
    CHECK("time in C", check_time(why, size));
    CHECK("time in Rust", demo_check_time(why, size));
    CHECK("address 127.0.0.1 in C", check_resolve("127.0.0.1", why, size));
    CHECK("address 127.0.0.1 in Rust", demo_check_resolve("127.0.0.1", why, size));
    if (access("/etc/hosts", R_OK) == 0) {
        CHECK("address localhost in C", check_resolve("localhost", why, size));
        CHECK("address localhost in Rust", demo_check_resolve("localhost", why, size));
    }
#ifdef __GLIBC__ /* musl waits five seconds for a server on this machine that does not answer */
    else if (access("/etc/resolv.conf", R_OK) != 0)
        CHECK("no address without /etc/hosts", check_unresolved("name.invalid", why, size));
#endif
    CHECK("summary", check_summary(NULL, summary_of_all, why, size));
}

#ifdef STATICLINK_PYTHON
static const char summary_of_filtered[] = "path count  sum  min  p50  p95  max\n"
                                          "/a       2 0.04 0.01 0.03 0.03 0.03\n";

static int check_python_arguments(int argc, char **argv, char *why, size_t size)
{
    char joined[4096] = "";
    size_t used = 0;
    for (int i = 0; i < argc && used < sizeof joined; i++)
        used += (size_t)snprintf(joined + used, sizeof joined - used, "%s%s", i > 0 ? "\n" : "", argv[i]);
    return demo_python_check("arguments", joined, why, size);
}

static int check_filter(char *why, size_t size)
{
    if (demo_python_use("status == 200 and re.match(r'/[ab]', path)", NULL) != 0)
        return say(why, size, "the expression does not compile");
    return check_summary(demo_python_filter, summary_of_filtered, why, size);
}

static void check_python(int argc, char **argv)
{
    CHECK("arguments in Python", check_python_arguments(argc, argv, why, size));
    CHECK("environment in Python", demo_python_check("environment", "", why, size));
    CHECK("import of built-in modules", demo_python_check("builtin_modules", "", why, size));
    CHECK("import of the standard library", demo_python_check("standard_library", "", why, size));
    CHECK("locale and time in Python", demo_python_check("locale_and_time", "", why, size));
    CHECK("threads in Python", demo_python_check("threads", "", why, size));
    CHECK("address 127.0.0.1 in Python", demo_python_check("resolve", "127.0.0.1", why, size));
    if (access("/etc/hosts", R_OK) == 0)
        CHECK("address localhost in Python", demo_python_check("resolve", "localhost", why, size));
    CHECK("Python calls Rust", demo_python_check("calls_rust", "", why, size));
    CHECK("Rust calls Python", demo_check_calls_python(demo_python_add_two, why, size));
    CHECK("summary filtered by Python", check_filter(why, size));
}
#endif

int demo_selftest(int argc, char **argv)
{
    setenv("DEMO_SELFTEST", "gr\xc3\xbc\xc3\x9f", 1); /* before Python starts: it copies the environment once */
#ifdef STATICLINK_PYTHON
    if (demo_python_start(argc, argv) != 0) {
        show("start of Python", DEMO_FAIL, "see above");
        return 1;
    }
#endif
    check_c_and_rust(argc, argv);
#ifdef STATICLINK_PYTHON
    check_python(argc, argv);
    if (demo_python_stop() != 0)
        show("end of Python", DEMO_FAIL, "what it had written could not be flushed");
#endif
    return failures == 0 ? 0 : 1;
}
