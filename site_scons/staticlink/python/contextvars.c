/* The module _contextvars, for a libpython that builds it as a shared object: asyncio and decimal need it, all it offers is
 * in libpython already, and a static executable cannot load the shared object. Taken in by the generated table. */
static PyObject *copy_context(PyObject *module, PyObject *nothing)
{
    (void)module, (void)nothing;
    return PyContext_CopyCurrent();
}

static PyMethodDef contextvars_methods[] = {
    {"copy_context", copy_context, METH_NOARGS, "Return a copy of the current Context."},
    {NULL, NULL, 0, NULL},
};

static int contextvars_exec(PyObject *module)
{
    return PyModule_AddType(module, &PyContext_Type) != 0 || PyModule_AddType(module, &PyContextVar_Type) != 0 ||
                   PyModule_AddType(module, &PyContextToken_Type) != 0
               ? -1
               : 0;
}

static struct PyModuleDef_Slot contextvars_slots[] = {{Py_mod_exec, contextvars_exec}, {0, NULL}};

static struct PyModuleDef contextvars_module = {
    .m_base = PyModuleDef_HEAD_INIT,
    .m_name = "_contextvars",
    .m_methods = contextvars_methods,
    .m_slots = contextvars_slots,
};

static PyObject *staticlink_init_contextvars(void)
{
    return PyModuleDef_Init(&contextvars_module);
}
