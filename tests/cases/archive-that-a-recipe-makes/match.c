#include <regex.h>

int match(const char *text);

int match(const char *text) {
    regex_t pattern;
    regmatch_t found[1] = {{-1, -1}};
    if (regcomp(&pattern, "b+", REG_EXTENDED) != 0) return -1;
    int begin = regexec(&pattern, text, 1, found, 0) == 0 ? found[0].rm_so : -2;
    regfree(&pattern);
    return begin;
}
