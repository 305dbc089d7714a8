/* demo: summarise delimited records (a web server's log, a CSV file) by one field.
 *
 * C reads, Rust parses and aggregates on threads, Python is the user's filter. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "demo.h"

static const char usage[] =
    "usage: demo [--by FIELD] [--value FIELD] [--delimiter CHAR|tab] [--where EXPR | --script FILE] [FILE|-]\n"
    "       demo selftest\n"
    "\n"
    "The first line names the fields. Records are grouped by FIELD and counted; with --value, the sum, minimum, median,\n"
    "95th percentile and maximum of a numeric field are shown as well (units are understood: 250ms, 1.5k, 4MiB).\n"
#ifdef STATICLINK_PYTHON
    "EXPR is a Python expression over the fields, such as 'status >= 500 and path.startswith(\"/api\")'; a script\n"
    "defines keep(row) instead.\n"
#endif
    ;

struct options {
    struct demo_query query;
    const char *where, *script, *path;
};

static int complain(const char *what, const char *which)
{
    fprintf(stderr, "demo: %s: %s\n", what, which);
    return -1;
}

static int take_option(struct options *options, const char *name, const char *value)
{
    if (value == NULL)
        return complain("option needs a value", name);
    if (strcmp(name, "--by") == 0)
        options->query.by = value;
    else if (strcmp(name, "--value") == 0)
        options->query.value = value;
    else if (strcmp(name, "--delimiter") == 0 && (strlen(value) == 1 || strcmp(value, "tab") == 0))
        options->query.delimiter = value[1] == '\0' ? value[0] : '\t';
    else if (strcmp(name, "--where") == 0)
        options->where = value;
    else if (strcmp(name, "--script") == 0)
        options->script = value;
    else
        return complain("unknown option or value", name);
    return 0;
}

static int parse_options(struct options *options, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (strncmp(argv[i], "--", 2) == 0) {
            if (take_option(options, argv[i], argv[i + 1]) != 0)
                return -1;
            i++;
        } else if (options->path == NULL) {
            options->path = argv[i];
        } else {
            return complain("more than one file", argv[i]);
        }
    }
    if (options->where != NULL && options->script != NULL)
        return complain("one filter at a time", "--where and --script");
    return 0;
}

static char *read_all(FILE *file, size_t *length)
{
    size_t room = 1 << 16;
    char *data = malloc(room);
    *length = 0;
    while (data != NULL) {
        *length += fread(data + *length, 1, room - *length, file);
        if (*length < room)
            break;
        char *more = realloc(data, room *= 2);
        if (more == NULL)
            free(data);
        data = more;
    }
    return data;
}

static char *read_input(const char *path, size_t *length)
{
    int standard = path == NULL || strcmp(path, "-") == 0;
    FILE *file = standard ? stdin : fopen(path, "rb");
    if (file == NULL) {
        complain(path, strerror(errno));
        return NULL;
    }
    char *data = read_all(file, length);
    if (data == NULL || ferror(file)) {
        complain(standard ? "standard input" : path, strerror(errno));
        free(data);
        data = NULL;
    }
    if (!standard)
        fclose(file);
    return data;
}

/* Start Python where it is wanted. */
static int prepare_filter(struct options *options, int argc, char **argv)
{
    if (options->where == NULL && options->script == NULL)
        return 0;
#ifdef STATICLINK_PYTHON
    options->query.filter = demo_python_filter;
    return demo_python_start(argc, argv) != 0 ? -1 : demo_python_use(options->where, options->script);
#else
    (void)argc, (void)argv;
    return complain("this demo was built without Python", "python=none");
#endif
}

static int summarise(const struct options *options)
{
    size_t length;
    char *report, *data = read_input(options->path, &length);
    if (data == NULL)
        return -1;
    int result = demo_summarise(data, length, &options->query, &report);
    if (result == 0 && (fputs(report, stdout) < 0 || fflush(stdout) != 0))
        result = complain("standard output", strerror(errno));
    else if (result != 0 && report[0] != '\0')
        fprintf(stderr, "demo: %s\n", report);
    demo_release(report);
    free(data);
    return result;
}

int main(int argc, char **argv)
{
    struct options options = {.query = {.delimiter = ','}};

    if (argc > 1 && strcmp(argv[1], "selftest") == 0)
        return demo_selftest(argc, argv);
    if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
        fputs(usage, stdout);
        return 0;
    }
    if (parse_options(&options, argc, argv) != 0) {
        fputs(usage, stderr);
        return 2;
    }
    if (prepare_filter(&options, argc, argv) != 0)
        return 1;
    int result = summarise(&options);
#ifdef STATICLINK_PYTHON
    if (options.query.filter != NULL && demo_python_stop() != 0)
        result = -1;
#endif
    return result == 0 ? 0 : 1;
}
