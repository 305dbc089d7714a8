/* Whether the program has one thread only, for code that then leaves out its locks.

   glibc allows the answer "perhaps more" at any time (the glibc manual, "Single-Threaded"): it is a hint, and zero means that
   locks are needed. musl does not tell, so the answer is always zero. */

extern char __libc_single_threaded;
char __libc_single_threaded;
