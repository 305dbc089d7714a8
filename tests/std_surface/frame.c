/* A frame of C between two of Rust; compiled with -fexceptions, a panic passes through it. */

int std_surface_frame(int (*callback)(int), int value)
{
	volatile int kept = callback(value);

	return kept;
}
