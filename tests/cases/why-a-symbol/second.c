int absent(void);

int second(void)
{
    return absent();
}
