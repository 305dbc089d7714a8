/* Patterns as glibc's fnmatch matches them, with those of the Korn shell (FNM_EXTMATCH), which musl takes literally.

   They differ elsewhere too, where POSIX leaves a choice or musl goes its own way: a backslash at the end, before a leading
   period and inside of brackets, a range from high to low, [[.a.]] and [[=a=]]. A pattern of ksh is ?, *, +, @ or ! with
   alternatives in parentheses; one whose parenthesis does not close is plain text. tests/shims/patterns.c compares some
   hundred thousand patterns with glibc's own answers.

   Characters are those of the locale; where they do not match, or a text has one that is none, bytes may. */

#define _GNU_SOURCE
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>
#include <wctype.h>

#define KORN 32 /* FNM_EXTMATCH in glibc's header; musl has none */
#define NAME 64

enum { MATCH, NO_MATCH, NO_MATCH_LATER, PLAIN };

typedef const wchar_t *text;

/* What stays the same: where the string ends, and whether memory was short. */
struct whole {
	text end;
	int wide, failed;
};

static int match(struct whole *, text, text, text end, int leading, int flags);

static wint_t fold(const struct whole *of, wint_t one, int flags)
{
	return flags & FNM_CASEFOLD && (of->wide || one < 128) ? towlower(one) : one;
}

static int opens(text at, int flags)
{
	return flags & KORN && *at && wcschr(L"?*+@!", *at) && at[1] == '(';
}

/* A period that begins a component, where that counts, has to be matched by one. */
static int begins(text from, text at, int leading, int flags)
{
	int both = FNM_PATHNAME | FNM_PERIOD;

	return at == from ? leading : at[-1] == '/' && (flags & both) == both;
}

static int inside(int flags) { return flags & FNM_PATHNAME ? flags : flags & ~FNM_PERIOD; }

/* Go from behind an opening parenthesis to the next `|` of the same pattern, or to its `)`; NULL when there is none. */
static text next_mark(text at, int bars)
{
	for (int level = 0; *at; at++) {
		if (*at == '[') {
			at += at[1] == '!' || at[1] == '^' ? 2 : 1;
			at += *at == ']';
			while (*at && *at != ']')
				at++;
			if (!*at)
				return NULL;
		} else if (wcschr(L"?*+@!", *at) && at[1] == '(') {
			level++;
			at++;
		} else if (*at == ')' && level-- == 0) {
			return at;
		} else if (*at == '|' && level == 0 && bars) {
			return at;
		}
	}
	return NULL;
}

/* Match an alternative, from `at` to `to`, with `rest` behind it. */
static int match_one(struct whole *of, text at, text to, text rest, text string, text end, int leading, int flags)
{
	size_t length = to - at, more = wcslen(rest);
	wchar_t *joined = malloc((length + more + 1) * sizeof *joined);

	if (!joined) {
		of->failed = 1;
		return NO_MATCH;
	}
	wmemcpy(joined, at, length);
	wmemcpy(joined + length, rest, more + 1);
	int found = match(of, joined, string, end, leading, flags);
	free(joined);
	return found;
}

/* Say whether an alternative of the pattern that opens at `at` matches, with `rest` behind it. */
static int match_any(struct whole *of, text at, text rest, text string, text end, int leading, int flags)
{
	for (text from = at + 2, to;; from = to + 1) {
		to = next_mark(from, 1);
		if (match_one(of, from, to, rest, string, end, leading, flags) == MATCH)
			return 1;
		if (*to == ')')
			return 0;
	}
}

/* Match what begins with a pattern of ksh; PLAIN when it does not close. */
static int match_korn(struct whole *of, text at, text string, text end, int leading, int flags)
{
	text close = next_mark(at + 2, 0);
	int within = inside(flags);

	if (!close)
		return PLAIN;
	close++;
	if ((*at == '*' || *at == '?') && match(of, close, string, end, leading, flags) == MATCH)
		return MATCH;
	if (*at == '@' || *at == '?')
		return match_any(of, at, close, string, end, leading, within) ? MATCH : NO_MATCH;
	for (text split = string; split <= end; split++) {
		int begun = begins(string, split, leading, flags);

		if (match_any(of, at, L"", string, split, leading, within) == (*at == '!'))
			continue;
		if (match(of, close, split, end, begun, within) == MATCH)
			return MATCH;
		if (*at != '!' && split != string && match(of, at, split, end, begun, within) == MATCH)
			return MATCH;
	}
	return NO_MATCH;
}

/* Read [:name:] behind its first bracket: 1 and the class, 0 when it is none. */
static int read_class(text *at, wctype_t *class)
{
	char name[NAME];
	text from = *at + 1;
	size_t size = 0;

	while (from[size] >= 'a' && from[size] < 'z' && size < NAME - 1) {
		name[size] = from[size];
		size++;
	}
	name[size] = 0;
	if (from[size] != ':' || from[size + 1] != ']')
		return 0;
	*at = from + size + 2;
	*class = wctype(name);
	return 1;
}

/* Read one end of a range, or a character for itself; 0 when the pattern ends there or has no such character. */
static int read_one(const struct whole *of, text *at, wint_t *one, int flags)
{
	if (**at == '[' && (*at)[1] == '.') {
		text close = wcsstr(*at + 2, L".]");
		int alone = close && close - *at == 3;

		*one = (*at)[2];
		*at = close ? close + 2 : *at + wcslen(*at);
		return alone;
	}
	if (**at == '\\' && !(flags & FNM_NOESCAPE))
		++*at;
	*one = fold(of, **at, flags);
	return **at && ++*at;
}

/* Read one item of a bracket expression: MATCH or NO_MATCH of `what`, PLAIN when it is no item. */
static int match_item(const struct whole *of, text *at, wint_t what, int flags)
{
	wint_t low, high, folded = fold(of, what, flags);
	wctype_t class;
	int named = **at == '[' && (*at)[1] == '.';

	if (**at == '[' && (*at)[1] == ':') {
		++*at;
		if (read_class(at, &class))
			return !class ? PLAIN : iswctype(of->wide || what < 128 ? what : WEOF, class) ? MATCH : NO_MATCH;
		--*at;
	} else if (**at == '[' && (*at)[1] == '=' && (*at)[2] && (*at)[3] == '=' && (*at)[4] == ']') {
		low = (*at)[2];
		*at += 5;
		return what == low ? MATCH : NO_MATCH;
	}
	if (!read_one(of, at, &low, flags))
		return PLAIN;
	if (**at != '-' || !(*at)[1] || (*at)[1] == ']')
		return low == (named ? what : folded) ? MATCH : NO_MATCH;
	++*at;
	if (!read_one(of, at, &high, flags))
		return PLAIN;
	return low <= folded && folded <= high ? MATCH : NO_MATCH;
}

/* Match a bracket expression behind its bracket, and go behind it; PLAIN when it does not close. */
static int match_bracket(const struct whole *of, text *at, wint_t what, int flags)
{
	int negated = **at == '!' || **at == '^', found = NO_MATCH;
	text from = *at += negated;

	while (**at && (**at != ']' || *at == from)) {
		int item = match_item(of, at, what, flags);

		if (item == PLAIN && (found != MATCH || !**at))
			return NO_MATCH;
		if (item == MATCH)
			found = MATCH;
	}
	if (!**at)
		return PLAIN;
	++*at;
	return (found == MATCH) == negated ? NO_MATCH : MATCH;
}

/* Match a star, which `at` is behind of. */
static int match_star(struct whole *of, text at, text string, text end, int leading, int flags)
{
	if (string < end && *string == '.' && leading)
		return NO_MATCH;
	for (; *at == '?' || *at == '*'; at++) {
		text close = opens(at, flags) ? next_mark(at + 2, 0) : NULL;

		if (close)
			at = close;
		else if (*at == '?') {
			if (string == end || (*string == '/' && flags & FNM_PATHNAME))
				return NO_MATCH;
			string++;
			leading = 0;
		}
	}
	for (;; string++, leading = 0) {
		int slash = string < end && *string == '/' && flags & FNM_PATHNAME;

		if (!*at && (string == end || (slash && flags & FNM_LEADING_DIR)))
			return MATCH;
		if (string == end)
			return flags & KORN ? NO_MATCH : NO_MATCH_LATER;
		if (*at && (!slash || *at == '/')) {
			int found = match(of, at, string, end, leading, slash ? flags : inside(flags));

			if (found == MATCH || found == NO_MATCH_LATER)
				return found;
		}
		if (slash)
			return flags & KORN ? NO_MATCH : NO_MATCH_LATER;
	}
}

/* Match what is no star and no pattern of ksh: one character, which `string` then is behind of. */
static int match_character(const struct whole *of, text *at, text *string, text end, int leading, int flags)
{
	wint_t what = *string < end ? **string : 0;
	int barred = *string == end || (what == '/' && flags & FNM_PATHNAME) || (what == '.' && leading);

	if (*string == end)
		return NO_MATCH;
	wint_t one = *(*at)++;
	if (one == '?')
		return barred ? NO_MATCH : MATCH;
	if (one == '[') {
		text from = *at;
		int found = barred ? NO_MATCH : match_bracket(of, at, what, flags);

		if (found != PLAIN)
			return found == MATCH ? MATCH : NO_MATCH;
		*at = from;
	} else if (one == '\\' && !(flags & FNM_NOESCAPE)) {
		one = *(*at)++;
		if (!one)
			return NO_MATCH;
	}
	return fold(of, one, flags) == fold(of, what, flags) ? MATCH : NO_MATCH;
}

static int match(struct whole *of, text at, text string, text end, int leading, int flags)
{
	int both = FNM_PATHNAME | FNM_PERIOD;

	while (*at) {
		if (opens(at, flags)) {
			int found = match_korn(of, at, string, end, leading, flags);
			if (found != PLAIN)
				return found;
		}
		if (*at == '*')
			return match_star(of, at + 1, string, end, leading, flags);
		int plain = *at == '/', found = match_character(of, &at, &string, end, leading, flags);
		if (found != MATCH)
			return found;
		string++;
		leading = plain && (flags & both) == both;
	}
	return string == end || (flags & FNM_LEADING_DIR && *string == '/') ? MATCH : NO_MATCH;
}

/* Return the characters of `from`, or its bytes, with a zero; NULL when memory is short or it is no text. */
static wchar_t *widen(const char *from, int wide, size_t *length, int *failed)
{
	size_t size = wide ? mbstowcs(NULL, from, 0) : strlen(from);

	if (size == (size_t)-1)
		return NULL;
	wchar_t *to = malloc((size + 1) * sizeof *to);
	if (!to) {
		*failed = 1;
		return NULL;
	}
	for (size_t i = 0; !wide && i <= size; i++)
		to[i] = (unsigned char)from[i];
	if (wide)
		mbstowcs(to, from, size + 1);
	*length = size;
	return to;
}

int fnmatch(const char *pattern, const char *string, int flags)
{
	struct whole of = {.wide = MB_CUR_MAX > 1};
	int found = -1;

	for (;; of.wide = 0) {
		size_t sizes[2];
		wchar_t *first = widen(pattern, of.wide, &sizes[0], &of.failed);
		wchar_t *second = widen(string, of.wide, &sizes[1], &of.failed);

		if (first && second)
			found = match(&of, first, second, second + sizes[1], !!(flags & FNM_PERIOD), flags);
		free(first);
		free(second);
		if (of.failed)
			return -1;
		if (found == MATCH || !of.wide)
			return found == MATCH ? 0 : FNM_NOMATCH;
	}
}
