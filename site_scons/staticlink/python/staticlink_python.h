/* An embedded CPython that carries its standard library inside the executable. */
#ifndef STATICLINK_PYTHON_H
#define STATICLINK_PYTHON_H

/* Start the interpreter: no file is read, no environment variable obeyed, text is UTF-8, sys.path is empty, and sys.argv
   is argv. Built-in modules of the program's own are added with PyImport_AppendInittab before this call.
   Returns 0, or -1 after a line on standard error. */
int staticlink_python_init(int argc, char **argv);

#endif
