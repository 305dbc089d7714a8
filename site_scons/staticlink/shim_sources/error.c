/* error and error_at_line: say what went wrong on standard error, and end the program when a status is given.

   glibc promises (the glibc manual, "Error Messages"): standard output is flushed; the line begins with the program's
   name or what error_print_progname prints; ": " and the system's words follow for an error number; error_message_count
   counts; error_one_per_line keeps repeated lines of one place from being said again. musl has none of it. */

#define _GNU_SOURCE
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void (*error_print_progname)(void);
unsigned error_message_count;
int error_one_per_line;

void error(int, int, const char *, ...);
void error_at_line(int, int, const char *, unsigned, const char *, ...);

static void begin(const char *after)
{
	fflush(stdout);
	if (error_print_progname)
		error_print_progname();
	else
		fprintf(stderr, "%s:%s", program_invocation_name, after);
}

static void finish(int status, int number, const char *format, va_list arguments)
{
	vfprintf(stderr, format, arguments);
	error_message_count++;
	if (number)
		fprintf(stderr, ": %s", strerror(number));
	putc('\n', stderr);
	fflush(stderr);
	if (status)
		exit(status);
}

void error(int status, int number, const char *format, ...)
{
	va_list arguments;

	begin(" ");
	va_start(arguments, format);
	finish(status, number, format, arguments);
	va_end(arguments);
}

void error_at_line(int status, int number, const char *file, unsigned line, const char *format, ...)
{
	static const char *last_file;
	static unsigned last_line;
	va_list arguments;

	if (error_one_per_line) {
		if (last_line == line && (last_file == file || (last_file && file && !strcmp(last_file, file))))
			return;
		last_file = file;
		last_line = line;
	}
	begin("");
	if (file)
		fprintf(stderr, "%s:%u: ", file, line);
	else
		fputs(" ", stderr);
	va_start(arguments, format);
	finish(status, number, format, arguments);
	va_end(arguments);
}
