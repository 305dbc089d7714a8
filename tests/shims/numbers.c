#include "said.h"
#include <math.h>
#include <sched.h>
#include <sys/socket.h>
#include <wchar.h>

#undef isinf
#undef isnan
#undef finite
int isinf(double), isinff(float), isinfl(long double), isnan(double), isnanf(float), isnanl(long double);
int finite(double), finitef(float), finitel(long double);
int __isinf(double), __isinff(float), __isinfl(long double), __isnan(double), __isnanf(float), __isnanl(long double);
int __finite(double), __finitef(float), __finitel(long double);
cpu_set_t *__sched_cpualloc(size_t);
void __sched_cpufree(cpu_set_t *);
void *__rawmemchr(const void *, int);
void *__mempcpy(void *, const void *, size_t);
char *__strdup(const char *), *__strndup(const char *, size_t), *__stpcpy(char *, const char *);
char *__stpncpy(char *, const char *, size_t), *__strtok_r(char *, const char *, char **);
int __strcasecmp(const char *, const char *), __strncasecmp(const char *, const char *, size_t);
long __sysconf(int), __strtol_internal(const char *, char **, int, int);
unsigned long __strtoul_internal(const char *, char **, int, int);
long long __strtoll_internal(const char *, char **, int, int);
unsigned long long __strtoull_internal(const char *, char **, int, int);
double __strtod_internal(const char *, char **, int);
float __strtof_internal(const char *, char **, int);
long double __strtold_internal(const char *, char **, int);
const unsigned short **__ctype_b_loc(void);
const int **__ctype_tolower_loc(void), **__ctype_toupper_loc(void);
int __sched_cpucount(size_t, const cpu_set_t *);

#define CLASS(name, type, value)  \
	N(name((type)value) != 0); \
	N(__##name((type)value) != 0)
#define CLASSES(suffix, type, value)           \
	CLASS(isnan##suffix, type, value);     \
	CLASS(finite##suffix, type, value);    \
	N(isinf##suffix((type)value));         \
	N(__isinf##suffix((type)value))
#define ALL(value)                   \
	CLASSES(, double, value);    \
	CLASSES(f, float, value);    \
	CLASSES(l, long double, value)

#include <unistd.h>

size_t __mbrlen(const char *, size_t, mbstate_t *);
/* Under other names, because glibc's headers have bodies of these for optimized code. */
struct cmsghdr *next_message(struct msghdr *, struct cmsghdr *) __asm__("__cmsg_nxthdr");
unsigned major_of(unsigned long long) __asm__("gnu_dev_major"), minor_of(unsigned long long) __asm__("gnu_dev_minor");
unsigned long long device_of(unsigned, unsigned) __asm__("gnu_dev_makedev");

/* Whether there is a second message of `length`, after a first one of `before`, in `size` bytes. */
static void control(size_t before, size_t length, size_t size)
{
	static struct cmsghdr rows[4];
	struct msghdr message = {.msg_control = rows, .msg_controllen = size};

	rows[0].cmsg_len = before;
	rows[1].cmsg_len = length;
	struct cmsghdr *next = next_message(&message, rows);
	printf("%zu %zu %zu: %ld\n", before, length, size, next ? (long)((char *)next - (char *)rows) : -1L);
}

static void made_by_headers(void)
{
	mbstate_t state = {0};

	for (int bits = 0; bits < 64; bits += 3) {
		N(major_of(1ull << bits));
		N(minor_of(1ull << bits));
		N(device_of(1u << bits / 2, 3u << bits / 2));
	}
	N(__mbrlen("ab", 2, NULL));
	N(__mbrlen("", 1, &state));
	N((long)__mbrlen("ab", 0, &state));
	for (size_t size = 0; size < 50; size += 3)
		for (size_t length = 0; length < 40; length += 5) {
			control(16, length, size);
			control(length, 16, size);
		}
	control(16, (size_t)1 << 32 | 16, 48);
}

void items(void)
{
	made_by_headers();
	volatile double zero = 0;
	static const char text[] = "one two";
	char room[16], words[] = "a,b", *rest, *end;

	ALL(zero);
	ALL((1 / zero));
	ALL((-1 / zero));
	ALL((zero / zero));
	ALL(1e-310);
	cpu_set_t *set = __sched_cpualloc(1000);
	N(set != NULL);
	CPU_ZERO_S(CPU_ALLOC_SIZE(1000), set);
	CPU_SET_S(999, CPU_ALLOC_SIZE(1000), set);
	N(__sched_cpucount(CPU_ALLOC_SIZE(1000), set));
	__sched_cpufree(set);
	N((char *)__rawmemchr(text, 't') - text);
	N((char *)rawmemchr(text, 0) - text);
	N((char *)__mempcpy(room, text, 3) - room);
	S(__strdup(text));
	S(__strndup(text, 3));
	N(__stpcpy(room, text) - room);
	N(__stpncpy(room, text, 12) - room);
	S(__strtok_r(words, ",", &rest));
	S(__strtok_r(NULL, ",", &rest));
	N(__strcasecmp("AbC", "aBc"));
	N(__strncasecmp("AbCx", "aBcy", 3));
	N(__sysconf(_SC_PAGESIZE));
	E(__sysconf(-5));
	N(__strtol_internal("-42x", &end, 0, 0));
	S(end);
	N(__strtoul_internal("0x10", &end, 0, 0));
	N(__strtoll_internal("-42", &end, 8, 0));
	N(__strtoull_internal("99999999999999999999", &end, 10, 0));
	printf("%a %a %La\n", __strtod_internal("1.25e3", &end, 0), __strtof_internal("0x1p-3", &end, 0),
	       __strtold_internal("inf", &end, 0));
	for (int c = -128; c < 256; c++)
		printf("%x %d %d\n", (*__ctype_b_loc())[c], (*__ctype_tolower_loc())[c], (*__ctype_toupper_loc())[c]);
}

int fail(int number)
{
	NO_MORE;
}
