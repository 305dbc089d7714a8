int hook(void);

int use(void)
{
	return hook();
}
