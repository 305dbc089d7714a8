int missing_function(void);
int c(void) { return missing_function(); }
