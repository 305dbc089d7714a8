int odd(void) { return 7; }
int work(void) { return 1; }
