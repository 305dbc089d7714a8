/* Which locales are there? */
#include <langinfo.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <wchar.h>

static void choose(const char *name)
{
    const char *found = setlocale(LC_ALL, name);
    printf("setlocale %s: %s", name, found != NULL ? found : "nothing");
    printf(found != NULL ? ", %s, decimal %s\n" : "\n", nl_langinfo(CODESET), localeconv()->decimal_point);
}

int main(void)
{
    choose("C");
    choose("POSIX");
    choose("C.UTF-8");
    choose("de_DE.UTF-8");
    locale_t other = newlocale(LC_ALL_MASK, "de_DE.UTF-8", (locale_t)0);
    printf("newlocale de_DE.UTF-8: %s\n", other != (locale_t)0 ? "ok" : "nothing");
    wchar_t wide = 0;
    printf("mbrtowc: %d\n", (int)mbrtowc(&wide, "\xc3\xa9", 2, NULL));
    return 0;
}
