/* The user's filter, in Python: an expression or a script decides which records are kept.
 *
 * Rust's threads call demo_python_filter, which takes the interpreter's lock for one batch of records. Python in turn calls
 * Rust through the built-in module _demo. */
#include <Python.h>

#include "demo.h"
#include "staticlink_python.h"

static PyThreadState *main_thread; /* CPython has one interpreter a process; this is its lock, put aside */
static PyObject *select_rows;

static PyObject *number(PyObject *module, PyObject *argument)
{
    (void)module;
    Py_ssize_t length;
    const char *bytes = PyUnicode_AsUTF8AndSize(argument, &length);
    double value;
    if (bytes == NULL)
        return NULL;
    if (demo_number(bytes, (size_t)length, &value) != 0)
        Py_RETURN_NONE;
    return PyFloat_FromDouble(value);
}

static PyMethodDef methods[] = {
    {"number", number, METH_O, "Return the number that a text with an optional unit stands for, or None."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef definition = {
    .m_base = PyModuleDef_HEAD_INIT,
    .m_name = "_demo",
    .m_doc = "What the program's Rust half offers to Python.",
    .m_methods = methods,
};

static PyObject *create_module(void)
{
    return PyModule_Create(&definition);
}

int demo_python_start(int argc, char **argv)
{
    if (PyImport_AppendInittab("_demo", create_module) != 0 || staticlink_python_init(argc, argv) != 0)
        return -1;
    main_thread = PyEval_SaveThread();
    return 0;
}

int demo_python_stop(void)
{
    PyEval_RestoreThread(main_thread);
    Py_CLEAR(select_rows);
    return Py_FinalizeEx();
}

int demo_python_use(const char *expression, const char *script_path)
{
    PyGILState_STATE state = PyGILState_Ensure();
    PyObject *module = PyImport_ImportModule("demo_filter");
    if (module != NULL)
        select_rows = PyObject_CallMethod(module, expression != NULL ? "from_expression" : "from_script", "s",
                                          expression != NULL ? expression : script_path);
    Py_XDECREF(module);
    if (select_rows == NULL)
        PyErr_Print();
    if (select_rows == Py_None) /* the filter's author has been told why */
        Py_CLEAR(select_rows);
    PyGILState_Release(state);
    return select_rows != NULL ? 0 : -1;
}

/* Return a list with a tuple of texts a record. */
static PyObject *build_rows(const struct demo_text *fields, size_t columns, size_t rows)
{
    PyObject *list = PyList_New((Py_ssize_t)rows);
    for (size_t row = 0; list != NULL && row < rows; row++) {
        PyObject *record = PyTuple_New((Py_ssize_t)columns);
        for (size_t column = 0; record != NULL && column < columns; column++, fields++) {
            PyObject *text = PyUnicode_DecodeUTF8(fields->bytes, (Py_ssize_t)fields->length, "replace");
            if (text == NULL)
                Py_CLEAR(record);
            else
                PyTuple_SET_ITEM(record, (Py_ssize_t)column, text);
        }
        if (record == NULL)
            Py_CLEAR(list);
        else
            PyList_SET_ITEM(list, (Py_ssize_t)row, record);
    }
    return list;
}

static int copy_answer(PyObject *answer, unsigned char *keep, size_t rows)
{
    char *bytes;
    Py_ssize_t length;
    if (answer == NULL || answer == Py_None) /* None: the filter's author has been told why */
        return -1;
    if (PyBytes_AsStringAndSize(answer, &bytes, &length) != 0)
        return -1;
    if ((size_t)length != rows) {
        PyErr_SetString(PyExc_ValueError, "the filter answered for another number of records");
        return -1;
    }
    memcpy(keep, bytes, rows);
    return 0;
}

int demo_python_filter(const struct demo_text *names, size_t columns, const struct demo_text *fields, size_t rows,
                       unsigned char *keep)
{
    PyGILState_STATE state = PyGILState_Ensure();
    PyObject *header = build_rows(names, columns, 1);
    PyObject *records = build_rows(fields, columns, rows);
    PyObject *answer = NULL;
    if (header != NULL && records != NULL)
        answer = PyObject_CallFunctionObjArgs(select_rows, PyList_GET_ITEM(header, 0), records, NULL);
    int result = copy_answer(answer, keep, rows);
    if (PyErr_Occurred())
        PyErr_Print();
    Py_XDECREF(answer);
    Py_XDECREF(records);
    Py_XDECREF(header);
    PyGILState_Release(state);
    return result;
}

/* Take (outcome, words) apart. */
static int read_outcome(PyObject *pair, char *why, size_t size)
{
    int outcome;
    const char *words;
    if (pair == NULL || !PyArg_ParseTuple(pair, "is", &outcome, &words)) {
        PyErr_Print();
        snprintf(why, size, "an exception, above");
        return DEMO_FAIL;
    }
    snprintf(why, size, "%s", words);
    return outcome;
}

int demo_python_check(const char *function, const char *argument, char *why, size_t size)
{
    PyGILState_STATE state = PyGILState_Ensure();
    PyObject *module = PyImport_ImportModule("demo_selftest");
    PyObject *pair = module != NULL ? PyObject_CallMethod(module, "run", "ss", function, argument) : NULL;
    int outcome = read_outcome(pair, why, size);
    Py_XDECREF(pair);
    Py_XDECREF(module);
    PyGILState_Release(state);
    return outcome;
}

int demo_python_add_two(int value)
{
    PyGILState_STATE state = PyGILState_Ensure();
    PyObject *module = PyImport_ImportModule("demo_selftest");
    PyObject *sum = module != NULL ? PyObject_CallMethod(module, "add_two", "i", value) : NULL;
    int result = sum != NULL ? (int)PyLong_AsLong(sum) : -1;
    if (PyErr_Occurred())
        PyErr_Print();
    Py_XDECREF(sum);
    Py_XDECREF(module);
    PyGILState_Release(state);
    return result;
}
