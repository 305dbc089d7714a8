int two(void) { return 22; }
