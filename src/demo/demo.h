/* What the parts of demo say to each other. Written by hand: it is the one place where C, Rust and Python meet. */
#ifndef DEMO_H
#define DEMO_H

#include <stddef.h>

/* A piece of text that someone else owns; not terminated. */
struct demo_text {
    const char *bytes;
    size_t length;
};

/* Decide which of `rows` records to keep. `fields` holds rows * columns texts, a record after the other; keep[i] is set
   to 0 or 1. Called from several threads. Returns 0, or -1 after a line on standard error. */
typedef int demo_filter(const struct demo_text *names, size_t columns, const struct demo_text *fields, size_t rows,
                        unsigned char *keep);

struct demo_query {
    char delimiter;
    const char *by;      /* the field to group by; NULL: the first one */
    const char *value;   /* the field to summarise; NULL: only count */
    demo_filter *filter; /* NULL: keep every record */
};

/* --- Rust: rust/src/lib.rs --- */

/* Summarise delimited records. Sets *report to the text to print, or to what is wrong; free it with demo_release.
   Returns 0, or -1. */
int demo_summarise(const char *data, size_t length, const struct demo_query *query, char **report);
void demo_release(char *report);

/* Read a number with an optional unit (12, 1.5k, 250ms, 4MiB). Returns 0, or -1 when this is not a number. */
int demo_number(const char *bytes, size_t length, double *value);

/* --- C with Python: filter.c --- */

int demo_python_start(int argc, char **argv);
int demo_python_use(const char *expression, const char *script_path); /* one of them, the other NULL */
int demo_python_filter(const struct demo_text *names, size_t columns, const struct demo_text *fields, size_t rows,
                       unsigned char *keep);
int demo_python_stop(void);

/* --- the self-test: selftest.c, unwind.c, rust/src/selftest.rs, python/demo_selftest.py --- */

enum demo_outcome { DEMO_OK, DEMO_FAIL, DEMO_LIMIT };

int demo_selftest(int argc, char **argv);

/* Checks in Rust. Each returns a demo_outcome, and writes why into `why`. */
int demo_check_arguments(int argc, char **argv, char *why, size_t size);
int demo_check_environment(char **environment, char *why, size_t size);
int demo_check_files(const char *path, char *why, size_t size);
int demo_check_threads(char *why, size_t size);
int demo_check_panic_caught(char *why, size_t size);
int demo_check_panic_through_c(char *why, size_t size);
int demo_check_callback(char *why, size_t size);
int demo_check_allocation(char *from_malloc, char *why, size_t size); /* frees from_malloc */
int demo_check_time(char *why, size_t size);
int demo_check_resolve(const char *host, char *why, size_t size);
int demo_check_calls_python(int (*python)(int), char *why, size_t size);
char *demo_allocate(void); /* the caller frees it with free() */

/* What Rust calls. */
int demo_call_through_c(int (*callback)(int), int argument);
void demo_sort(int *values, size_t count, int (*compare)(const void *, const void *));

/* Checks in Python: run a function of demo_selftest.py. */
int demo_python_check(const char *function, const char *argument, char *why, size_t size);
int demo_python_add_two(int value);

#endif
