// SQLite inside the guest: one thread, one process, no shared objects.
// There are no file locks in WASI preview 1, and nobody to lock out: the workspace belongs to one guest.
#define SQLITE_THREADSAFE 0
#define SQLITE_DEFAULT_UNIX_VFS "unix-none"
#define SQLITE_OMIT_LOAD_EXTENSION 1
#define SQLITE_DEFAULT_MEMSTATUS 0
#define SQLITE_TEMP_STORE 2
#define SQLITE_ENABLE_COLUMN_METADATA 1
#define SQLITE_ENABLE_FTS5 1
#define SQLITE_ENABLE_MATH_FUNCTIONS 1
#define SQLITE_ENABLE_RTREE 1
