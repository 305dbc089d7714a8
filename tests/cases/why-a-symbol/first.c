int second(void);

int first(void)
{
    return second();
}
