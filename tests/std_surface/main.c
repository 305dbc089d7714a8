/* The probe under a main of C's. */

void std_surface_run(void);

int main(void)
{
	std_surface_run();
	return 0;
}
