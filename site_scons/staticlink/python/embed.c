/* Start CPython from the modules that travel inside the executable.
 *
 * The table (generated beside this file's object) replaces PyImport_FrozenModules, so that the importer CPython already
 * has finds the whole standard library in memory before it would look for a file. CPython computes whatever is missing of
 * its path configuration from files beside the executable (pyvenv.cfg, NAME._pth); a home that is set keeps it from
 * looking, so every field names a place that cannot exist. */
#include <Python.h>
#include <stdio.h>

#include "staticlink_python.h"

extern const struct _frozen staticlink_frozen_modules[];
extern struct _inittab staticlink_extra_inittab[];

static PyStatus set_places(PyConfig *config)
{
    wchar_t **fields[] = {
        &config->program_name, &config->executable,  &config->base_executable, &config->home,
        &config->prefix,       &config->base_prefix, &config->exec_prefix,     &config->base_exec_prefix,
    };
    PyStatus status = PyStatus_Ok();
    for (size_t i = 0; i < sizeof fields / sizeof *fields && !PyStatus_Exception(status); i++)
        status = PyConfig_SetString(config, fields[i], L"<program>");
    return status;
}

static PyStatus start(PyConfig *config, int argc, char **argv)
{
    PyStatus status = set_places(config);
    if (PyStatus_Exception(status))
        return status;
    config->parse_argv = 0;
    status = PyConfig_SetBytesArgv(config, argc, argv);
    if (PyStatus_Exception(status))
        return status;
    config->module_search_paths_set = 1;
    config->site_import = 0;
    config->write_bytecode = 0;
    config->pathconfig_warnings = 0;
    return Py_InitializeFromConfig(config);
}

static int report(PyStatus status)
{
    if (!PyStatus_Exception(status))
        return 0;
    fprintf(stderr, "python: %s: %s\n", status.func ? status.func : "start-up", status.err_msg ? status.err_msg : "failed");
    return -1;
}

int staticlink_python_init(int argc, char **argv)
{
    PyPreConfig preconfig;
    PyConfig config;

    PyPreConfig_InitIsolatedConfig(&preconfig);
    preconfig.utf8_mode = 1;
    if (report(Py_PreInitialize(&preconfig)) != 0)
        return -1;
    PyImport_FrozenModules = staticlink_frozen_modules;
    if (PyImport_ExtendInittab(staticlink_extra_inittab) != 0) {
        fputs("python: out of memory\n", stderr);
        return -1;
    }
    PyConfig_InitIsolatedConfig(&config);
    PyStatus status = start(&config, argc, argv);
    PyConfig_Clear(&config);
    if (report(status) != 0)
        return -1;
    /* There is no interpreter to be run; sys says so with an empty string. */
    PyObject *nothing = PyUnicode_FromString("");
    if (nothing == NULL || PySys_SetObject("executable", nothing) != 0)
        PyErr_Clear();
    Py_XDECREF(nothing);
    return 0;
}
