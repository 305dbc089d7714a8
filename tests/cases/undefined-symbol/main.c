int a(void), b(void), c(void), d(void);
int main(void) { return a() + b() + c() + d(); }
