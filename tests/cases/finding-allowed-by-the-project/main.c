__attribute__((weak)) int hook(void)
{
	return 0;
}

int use(void);

int main(void)
{
	return use();
}
