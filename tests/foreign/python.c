#define PY_SSIZE_T_CLEAN
#include <Python.h>
int main(void)
{
#if PY_VERSION_HEX >= 0x03080000
	PyConfig config;
	PyConfig_InitIsolatedConfig(&config);
	config.site_import = 0;
	config.module_search_paths_set = 1;
	PyWideStringList_Append(&config.module_search_paths, L"" STDLIB);
	PyStatus status = Py_InitializeFromConfig(&config);
	if (PyStatus_Exception(status))
		Py_ExitStatusException(status);
#else
	Py_NoSiteFlag = Py_IsolatedFlag = Py_IgnoreEnvironmentFlag = 1;
	Py_SetPath(L"" STDLIB);
	Py_Initialize();
#endif
	int answer = PyRun_SimpleString(
		"import sys, json, os, re\n"
		"print(sys.version.split()[0], json.dumps({'a': 6 * 7}), re.sub('b+', 'x', 'abbc'), 2 ** 100, '%.17g' % 0.1)\n"
		"print(os.stat('/').st_mode, len(os.listdir('/')) > 3, sorted({'x': 1}.items()), 'é'.encode().hex(), float('1e300'))\n");
	return Py_FinalizeEx() < 0 ? 120 : answer;
}
