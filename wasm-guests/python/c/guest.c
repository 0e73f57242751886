// The Python guest's entry points: CPython as a reactor module that satisfies wasm-guests/abi.md.
//
// Everything a program can notice is written in Python (../prelude); here is only what needs C: the two entry points, the one
// import, and what a snapshot froze inside libc. Nothing here keeps state outside linear memory.

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <internal/pycore_lock.h>
#include <internal/pycore_object.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXPORT(name) __attribute__((export_name(name)))

__attribute__((import_module("host"), import_name("call"))) int host_call(const void *request, int length, void **reply,
                                                                         int *reply_length);

// From wasi-libc, which keeps them out of its headers or behind <wasi/libc-environ.h>.
extern char **__wasilibc_get_environ(void);
void __wasilibc_deinitialize_environ(void);
void __wasilibc_initialize_environ(void);
void __wasilibc_reset_preopens(void);
void __wasilibc_populate_preopens(void);

// The blob that freeze.py wrote. The build lays it here after the optimiser has run, so that a changed prelude does not cost another
// run of it; it finds the place by the mark.
enum { PACKED_BYTES = 12 << 20 };
static unsigned char packed[PACKED_BYTES];
__attribute__((used)) static const struct {
  char mark[16];
  unsigned char *place;
  unsigned size;
} packed_slot = {"cofferdam-packed", packed, PACKED_BYTES};

struct packed_head {
  unsigned modules, files;
  struct packed_entry {
    unsigned name, data, size, is_package;  // offsets from the head
  } entries[];
};
// Read through a volatile pointer: to the compiler the blob is nothing but zeroes.
static const struct packed_head *volatile packed_head = (void *)packed;

static PyObject *guest_turn;   // _cofferdam.turn
static PyObject *guest_sleep;  // what a wait with a timeout does meanwhile; set by the prelude

// Set aside so that a run that used up all memory can still say so. Never touched: it costs address space only.
static void *reserve;
enum { RESERVE_BYTES = 4 << 20 };

EXPORT("host_alloc") void *host_alloc(int length) { return malloc(length > 0 ? length : 1); }

// Returns the guest's status: see `turn` in abi.md.
EXPORT("turn") int turn(char *document, int length) {
  if (!reserve) reserve = malloc(RESERVE_BYTES);
  PyObject *bytes = PyBytes_FromStringAndSize(document, length);
  free(document);
  PyObject *status = bytes ? PyObject_CallOneArg(guest_turn, bytes) : NULL;
  Py_XDECREF(bytes);
  if (!status) {
    PyErr_Clear();
    return 2;
  }
  int code = (int)PyLong_AsLong(status);
  Py_DECREF(status);
  return code;
}

// call(request: bytes) -> str: the reply document. The status is the message of the OSError that is raised instead of it.
static PyObject *call(PyObject *module, PyObject *request) {
  char *bytes;
  Py_ssize_t length;
  if (PyBytes_AsStringAndSize(request, &bytes, &length)) return NULL;
  void *reply = NULL;
  int reply_length = 0;
  int status = host_call(bytes, (int)length, &reply, &reply_length);
  if (status == 2) return PyErr_NoMemory();
  if (status) {
    PyErr_SetObject(PyExc_OSError, PyLong_FromLong(status));
    return NULL;
  }
  PyObject *text = PyUnicode_DecodeUTF8(reply, reply_length, "replace");
  free(reply);
  return text;
}

// thaw() -> dict: forgets the environment and the preopened directories of the snapshot and returns the present environment.
static PyObject *thaw(PyObject *module, PyObject *unused) {
  __wasilibc_deinitialize_environ();
  __wasilibc_initialize_environ();
  __wasilibc_reset_preopens();
  __wasilibc_populate_preopens();
  PyObject *environment = PyDict_New();
  for (char **entry = __wasilibc_get_environ(); environment && entry && *entry; entry++) {
    const char *equals = strchr(*entry, '=');
    if (!equals) continue;
    PyObject *name = PyBytes_FromStringAndSize(*entry, equals - *entry), *value = PyBytes_FromString(equals + 1);
    if (!name || !value || PyDict_SetItem(environment, name, value)) Py_CLEAR(environment);
    Py_XDECREF(name);
    Py_XDECREF(value);
  }
  return environment;
}

// forget_randomness(): SQLite draws its generator's state anew at the next use. Python's own generators are the prelude's affair.
static PyObject *forget_randomness(PyObject *module, PyObject *unused) {
  sqlite3_randomness(0, NULL);
  Py_RETURN_NONE;
}

// release_reserve(): makes room to report that there is none.
static PyObject *release_reserve(PyObject *module, PyObject *unused) {
  free(reserve);
  reserve = NULL;
  Py_RETURN_NONE;
}

// make_immortal(): every object that exists now is never freed, so that using it writes no count to its page. A run then dirties, and
// has to copy, half as many pages of the snapshot. What is lost is the memory of those that a program replaces.
static int make_one_immortal(PyObject *object, void *unused) {
  _Py_SetImmortalUntracked(object);
  return 0;
}

static int make_immortal_with_referents(PyObject *object, void *unused) {
  _Py_SetImmortalUntracked(object);
  traverseproc traverse = Py_TYPE(object)->tp_traverse;
  if (traverse) traverse(object, make_one_immortal, NULL);
  if (PyFunction_Check(object)) {
    PyCodeObject *code = (PyCodeObject *)((PyFunctionObject *)object)->func_code;
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(code->co_consts); i++) _Py_SetImmortalUntracked(PyTuple_GET_ITEM(code->co_consts, i));
  }
  return 1;
}

static PyObject *make_immortal(PyObject *module, PyObject *unused) {
  PyUnstable_GC_VisitObjects(make_immortal_with_referents, NULL);
  Py_RETURN_NONE;
}

static PyObject *set_sleep(PyObject *module, PyObject *function) {
  Py_XSETREF(guest_sleep, Py_NewRef(function));
  Py_RETURN_NONE;
}

// resource(name: str) -> bytes | None: a file that was packed into the guest, such as a time zone.
static PyObject *resource(PyObject *module, PyObject *name) {
  const char *wanted = PyUnicode_AsUTF8(name);
  if (!wanted) return NULL;
  const struct packed_head *head = packed_head;
  const struct packed_entry *files = head->entries + head->modules;
  unsigned low = 0, high = head->files;
  while (low < high) {
    unsigned middle = (low + high) / 2;
    int order = strcmp(wanted, (const char *)head + files[middle].name);
    if (!order) return PyBytes_FromStringAndSize((const char *)head + files[middle].data, files[middle].size);
    if (order < 0) high = middle;
    else low = middle + 1;
  }
  Py_RETURN_NONE;
}

static PyMethodDef host_methods[] = {
    {"call", call, METH_O, NULL},
    {"thaw", thaw, METH_NOARGS, NULL},
    {"forget_randomness", forget_randomness, METH_NOARGS, NULL},
    {"release_reserve", release_reserve, METH_NOARGS, NULL},
    {"make_immortal", make_immortal, METH_NOARGS, NULL},
    {"set_sleep", set_sleep, METH_O, NULL},
    {"resource", resource, METH_O, NULL},
    {0},
};
static struct PyModuleDef host_module = {PyModuleDef_HEAD_INIT, "_host", NULL, 0, host_methods};
static PyObject *init_host(void) { return PyModule_Create(&host_module); }

// Replaces CPython's function of that name (linked with --wrap), which every lock of a program goes through. A lock that is held
// when a program asks for it can only be released by somebody else, and there is nobody: without a timeout that is an error now
// instead of a hang.
PyLockStatus __real__PyMutex_LockTimed(PyMutex *mutex, PyTime_t timeout, _PyLockFlags flags);
PyLockStatus __wrap__PyMutex_LockTimed(PyMutex *mutex, PyTime_t timeout, _PyLockFlags flags) {
  if (!(flags & _PY_LOCK_HANDLE_SIGNALS)) return __real__PyMutex_LockTimed(mutex, timeout, flags);
  PyLockStatus status = __real__PyMutex_LockTimed(mutex, 0, flags);
  if (status == PY_LOCK_ACQUIRED || timeout == 0) return status;
  if (timeout < 0) {
    PyErr_SetString(PyExc_RuntimeError, "nothing can end this wait: threads run their work to its end when they are started, so no "
                                        "other thread is running; use asyncio for work that overlaps");
    return PY_LOCK_INTR;  // the caller returns NULL and leaves the exception
  }
  PyObject *done = PyObject_CallFunction(guest_sleep, "d", PyTime_AsSecondsDouble(timeout));
  if (!done) return PY_LOCK_INTR;
  Py_DECREF(done);
  return __real__PyMutex_LockTimed(mutex, 0, flags);
}

// bzip2 without stdio asks its user to report a broken invariant of its own.
void bz_internal_error(int code) { Py_FatalError("bzip2"); }

static void give_up(const char *what, const char *why) {
  fprintf(stderr, "%s: %s\n", what, why);
  abort();
}

static struct _frozen *frozen_modules(void) {
  const struct packed_head *head = packed_head;
  struct _frozen *modules = calloc(head->modules + 1, sizeof *modules);
  if (!modules || !head->modules) give_up("frozen modules", "there are none");
  for (unsigned i = 0; i < head->modules; i++) {
    const struct packed_entry *entry = &head->entries[i];
    modules[i] = (struct _frozen){(const char *)head + entry->name, (const unsigned char *)head + entry->data, (int)entry->size,
                                  (int)entry->is_package};
  }
  return modules;
}

EXPORT("wizer.initialize") void initialize(void) {
  PyImport_FrozenModules = frozen_modules();
  PyImport_AppendInittab("_host", init_host);

  PyPreConfig preconfig;
  PyPreConfig_InitIsolatedConfig(&preconfig);
  preconfig.utf8_mode = 1;
  PyStatus status = Py_PreInitialize(&preconfig);
  if (PyStatus_Exception(status)) give_up("initialisation", status.err_msg ? status.err_msg : "?");

  PyConfig config;
  PyConfig_InitIsolatedConfig(&config);
  config.site_import = 0;
  config.pathconfig_warnings = 0;
  config.write_bytecode = 0;
  config.install_signal_handlers = 0;
  config.parse_argv = 0;
  config.module_search_paths_set = 1;
  // Strings are hashed into many objects of the snapshot: their hashes cannot change later, so let them be the same in every build.
  config.use_hash_seed = 1;
  config.hash_seed = 0;
  config.int_max_str_digits = 0;
  struct {
    wchar_t **field;
    const wchar_t *value;
  } strings[] = {
      {&config.stdio_encoding, L"utf-8"}, {&config.stdio_errors, L"backslashreplace"}, {&config.prefix, L"/py"},
      {&config.exec_prefix, L"/py"},      {&config.base_prefix, L"/py"},               {&config.base_exec_prefix, L"/py"},
      {&config.executable, L""},          {&config.home, L"/py"},                      {&config.program_name, L"python"},
  };
  for (size_t i = 0; i < sizeof strings / sizeof *strings && !PyStatus_Exception(status); i++)
    status = PyConfig_SetString(&config, strings[i].field, strings[i].value);
  if (!PyStatus_Exception(status)) status = Py_InitializeFromConfig(&config);
  PyConfig_Clear(&config);
  if (PyStatus_Exception(status)) give_up(status.func ? status.func : "initialisation", status.err_msg ? status.err_msg : "?");

  PyObject *prelude = PyImport_ImportModule("_cofferdam");
  if (prelude) guest_turn = PyObject_GetAttrString(prelude, "turn");
  if (!guest_turn) {
    PyErr_Print();
    give_up("prelude", "it did not load");
  }
  Py_DECREF(prelude);
  reserve = malloc(RESERVE_BYTES);
}
