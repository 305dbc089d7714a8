/* The classes of floating-point numbers under glibc's own names, for objects whose headers made no builtins of them.

   Defined: isinf isinff isinfl isnan isnanf isnanl finitel; __isinf __isinff __isinfl __isnan __isnanf __isnanl __finite __finitef __finitel.

   isinf answers +1 or -1, isnan, finite and signbit answer zero or not (the glibc manual, "Floating-Point Number
   Classification Functions"). musl has them as macros and __fpclassify, __signbit only. */

#define NAMES(suffix, type, answer, call) \
	int answer##suffix(type x); \
	int answer##suffix(type x) { return call; } \
	int __##answer##suffix(type x); \
	int __##answer##suffix(type x) { return call; }

#define CLASSES(suffix, type)                                  \
	NAMES(suffix, type, isinf, __builtin_isinf_sign(x))    \
	NAMES(suffix, type, isnan, __builtin_isnan(x))         \
	int __finite##suffix(type x);                          \
	int __finite##suffix(type x) { return __builtin_isfinite(x); }

CLASSES(, double)
CLASSES(f, float)
CLASSES(l, long double)

int finitel(long double x);

int finitel(long double x)
{
	return __builtin_isfinite(x);
}
