/* An extension that leaks: a reference that it forgot, one that a static variable keeps, one that it borrows. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

static PyObject *kept;     /* owns its reference */
static PyObject *borrowed; /* owns none */

static PyObject *leak(PyObject *module, PyObject *object)
{
    Py_INCREF(object);
    Py_RETURN_NONE;
}

static PyObject *keep(PyObject *module, PyObject *object)
{
    Py_XDECREF(kept);
    Py_INCREF(object);
    kept = object;
    Py_RETURN_NONE;
}

static PyObject *borrow(PyObject *module, PyObject *object)
{
    borrowed = object;
    return PyBool_FromLong(borrowed != NULL);
}

static PyMethodDef methods[] = {
    {"leak", leak, METH_O, NULL}, {"keep", keep, METH_O, NULL}, {"borrow", borrow, METH_O, NULL}, {NULL}};
static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "leaky", NULL, -1, methods};

PyMODINIT_FUNC PyInit_leaky(void)
{
    return PyModule_Create(&definition);
}
