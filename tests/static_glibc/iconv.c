/* Which characters can be converted here? */
#include <errno.h>
#include <iconv.h>
#include <stdio.h>
#include <string.h>

static void convert(const char *from, const char *text, size_t length)
{
    iconv_t cd = iconv_open("UTF-8", from);
    printf("iconv_open %s: ", from);
    if (cd == (iconv_t)-1) {
        printf("%s\n", strerror(errno));
        return;
    }
    char room[32] = "", *in = (char *)text, *out = room;
    size_t left = sizeof room - 1;
    size_t done = iconv(cd, &in, &length, &out, &left);
    printf("%s\n", done == (size_t)-1 ? strerror(errno) : room);
    iconv_close(cd);
}

int main(void)
{
    convert("ASCII", "abc", 3);
    convert("UTF-16LE", "a\0b\0", 4);
    convert("UCS-4LE", "a\0\0\0", 4);
    convert("ISO-8859-1", "\xe9", 1);
    convert("SHIFT_JIS", "\x82\xa0", 2);
    FILE *file = fopen("/converted", "r,ccs=ISO-8859-1");
    printf("fopen ccs=ISO-8859-1: %s\n", file != NULL ? "ok" : strerror(errno));
    return 0;
}
