/* Types as C extensions should not make them, for test_zoo_c.py. Nothing here may meet the collector itself. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stddef.h>
#include <string.h>

/* An object whose traverse hands out what `how` says. */
typedef struct {
    PyObject_HEAD
    PyObject *target;
    long how;
} Visits;

static int visits_traverse(Visits *self, visitproc visit, void *arg)
{
    switch (self->how) {
    case 0: return visit(NULL, arg);
    case 1: return visit((PyObject *)self, arg);
    case 2: return visit((PyObject *)((uintptr_t)self->target | 1), arg);
    case 3: return visit((PyObject *)((uintptr_t)self->target | 4), arg);
    case 4: return visit((PyObject *)16, arg);
    case 5: return visit((PyObject *)~(uintptr_t)7, arg);
    case 6: return visit((PyObject *)(uintptr_t)0x8000000000000000u, arg);
    case 7:
        for (int i = 0; i < 1000; i++) {
            int stop = visit(self->target, arg);
            if (stop) return stop;
        }
        return 0;
    case 8: return -1;
    default: return visit((PyObject *)(uintptr_t)0x7fff, arg);
    }
}

static PyTypeObject VisitsType = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "hostile_types.Visits",
    .tp_basicsize = sizeof(Visits),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_BASETYPE,
    .tp_traverse = (traverseproc)visits_traverse,
};

static PyObject *visits(PyObject *module, PyObject *args)
{
    PyObject *target;
    long how;
    if (!PyArg_ParseTuple(args, "Ol", &target, &how)) return NULL;
    Visits *self = PyObject_GC_New(Visits, &VisitsType);
    if (!self) return NULL;
    Py_INCREF(target);
    self->target = target;
    self->how = how;
    PyObject_GC_Track(self);
    return (PyObject *)self;
}

/* An object that was allocated and not yet filled: its fields, `__dict__` too, are what stood there. */
typedef struct {
    PyObject_HEAD
    PyObject *first;
    PyObject *dict;
    PyObject *rest[20];
} Half;

static int half_traverse(Half *self, visitproc visit, void *arg)
{
    Py_VISIT(self->first);
    Py_VISIT(self->dict);
    return 0;
}

static PyTypeObject HalfType = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "hostile_types.Half",
    .tp_basicsize = sizeof(Half),
    .tp_dictoffset = offsetof(Half, dict),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
    .tp_traverse = (traverseproc)half_traverse,
};

static PyObject *half(PyObject *module, PyObject *fill)
{
    Half *self = PyObject_GC_New(Half, &HalfType);
    if (!self) return NULL;
    memset((char *)self + sizeof(PyObject), (int)PyLong_AsLong(fill), sizeof(Half) - sizeof(PyObject));
    return (PyObject *)self;
}

/* Tracked as soon as it is there, and empty. */
static PyObject *empty(PyObject *module, PyObject *unused)
{
    return PyType_GenericAlloc(&HalfType, 0);
}

/* Items of odd sizes, and a count that means something else. */
typedef struct {
    PyObject_VAR_HEAD
    char items[5];
} Odd;

static PyTypeObject OddType = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "hostile_types.Odd",
    .tp_basicsize = sizeof(PyVarObject) + 5,
    .tp_itemsize = 3,
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE,
};

static PyObject *odd(PyObject *module, PyObject *count)
{
    Odd *self = PyObject_NewVar(Odd, &OddType, 50);
    if (!self) return NULL;
    ((PyVarObject *)self)->ob_size = PyLong_AsSsize_t(count);
    return (PyObject *)self;
}

/* A type that nobody has made ready, as forgotten iterators are: it has no type itself. */
static PyTypeObject UnreadyType = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "hostile_types.Unready",
    .tp_basicsize = sizeof(PyObject),
    .tp_flags = Py_TPFLAGS_DEFAULT,
};

static PyObject *unready(PyObject *module, PyObject *unused)
{
    return (PyObject *)PyObject_New(PyObject, &UnreadyType);
}

/* A name that is no text. */
static PyTypeObject NamelessType = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "\xff\xfe.\xf0",
    .tp_basicsize = sizeof(PyObject),
    .tp_flags = Py_TPFLAGS_DEFAULT,
};

static PyObject *nameless(PyObject *module, PyObject *unused)
{
    return (PyObject *)PyObject_New(PyObject, &NamelessType);
}

/* An object that is a collector's one only sometimes. */
static int sometimes_is_gc(PyObject *self)
{
    return 0;
}

static PyTypeObject SometimesType = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "hostile_types.Sometimes",
    .tp_basicsize = sizeof(Visits),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
    .tp_traverse = (traverseproc)visits_traverse,
    .tp_is_gc = (inquiry)sometimes_is_gc,
};

static PyObject *sometimes(PyObject *module, PyObject *unused)
{
    /* No header stands before it. */
    Visits *self = PyObject_Malloc(sizeof(Visits));
    if (!self) return NULL;
    memset(self, 0x40, sizeof(Visits));
    PyObject_Init((PyObject *)self, &SometimesType);
    return (PyObject *)self;
}

static PyMethodDef functions[] = {
    {"visits", visits, METH_VARARGS, NULL},     {"half", half, METH_O, NULL},
    {"empty", empty, METH_NOARGS, NULL},        {"odd", odd, METH_O, NULL},
    {"unready", unready, METH_NOARGS, NULL},    {"nameless", nameless, METH_NOARGS, NULL},
    {"sometimes", sometimes, METH_NOARGS, NULL}, {NULL, NULL, 0, NULL},
};

static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "hostile_types", NULL, -1, functions};

PyMODINIT_FUNC PyInit_hostile_types(void)
{
    PyTypeObject *types[] = {&VisitsType, &HalfType, &OddType, &SometimesType};
    for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++)
        if (PyType_Ready(types[i]) < 0) return NULL;
    Py_SET_TYPE(&NamelessType, &PyType_Type); /* not ready: PyType_Ready refuses its name */
    PyObject *made = PyModule_Create(&module);
    if (made) PyModule_AddObject(made, "Visits", (Py_INCREF(&VisitsType), (PyObject *)&VisitsType));
    if (made) PyModule_AddObject(made, "Odd", (Py_INCREF(&OddType), (PyObject *)&OddType));
    return made;
}
