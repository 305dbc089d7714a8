int missing_function(void);
int a(void) { return missing_function(); }
