int match(const char *text);

int main(void) { return match("aab") == 0x7fffffff; }
