#include <expat.h>
#include <stdio.h>
#include <string.h>
static void XMLCALL start(void *data, const char *name, const char **attributes)
{
	(void)data;
	printf("%s(%s) ", name, attributes[0] ? attributes[1] : "");
}
int main(void)
{
	static const char text[] = "<a x='1'><b/><c y='&#955;'/></a>";
	XML_Parser parser = XML_ParserCreate(NULL);
	XML_SetElementHandler(parser, start, NULL);
	printf("%d\n", XML_Parse(parser, text, strlen(text), 1));
	return 0;
}
