int missing_function(void);
int d(void) { return missing_function(); }
