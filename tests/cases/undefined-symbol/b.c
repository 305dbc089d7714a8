int missing_function(void);
int b(void) { return missing_function(); }
