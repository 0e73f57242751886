// Files for the prelude, on the C library: whole files and single operations, no descriptors that outlive a call (an open
// descriptor would not survive a checkpoint). A function answers with minus errno on failure; fs.js makes Node's errors of it.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "guest.h"

#define countof(array) (sizeof(array) / sizeof((array)[0]))

static JSValue failure(JSContext *ctx) { return JS_NewInt32(ctx, -errno); }
static JSValue outcome(JSContext *ctx, int result) { return JS_NewInt32(ctx, result < 0 ? -errno : 0); }

static int file_type(mode_t mode) { return S_ISDIR(mode) ? 2 : S_ISLNK(mode) ? 3 : S_ISREG(mode) ? 1 : 0; }

// fileRead(path): its bytes. The size is only a hint: a file may grow while it is read.
static JSValue file_read(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv) {
  const char *path = JS_ToCString(ctx, argv[0]);
  if (!path) return JS_EXCEPTION;
  int fd = open(path, O_RDONLY);
  struct stat status;
  if (fd < 0 || fstat(fd, &status) < 0 || (S_ISDIR(status.st_mode) && (errno = EISDIR))) {
    JSValue error = failure(ctx);
    if (fd >= 0) close(fd);
    JS_FreeCString(ctx, path);
    return error;
  }
  JS_FreeCString(ctx, path);
  size_t room = (status.st_size > 0 ? (size_t)status.st_size : 0) + 1, length = 0;
  char *bytes = malloc(room);
  ssize_t got = 0;
  while (bytes && (got = read(fd, bytes + length, room - length)) > 0) {
    length += got;
    if (length < room) continue;
    char *larger = realloc(bytes, room *= 2);
    if (!larger) free(bytes);
    bytes = larger;
  }
  JSValue result = !bytes ? JS_ThrowOutOfMemory(ctx) : got < 0 ? failure(ctx) : JS_NewUint8ArrayCopy(ctx, (uint8_t *)bytes, length);
  free(bytes);
  close(fd);
  return result;
}

// fileWrite(path, text or bytes, mode): mode 0 replaces, 1 appends, 2 creates only.
static JSValue file_write(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv) {
  static const int flags[] = {O_TRUNC, O_APPEND, O_EXCL};
  int32_t mode;
  if (JS_ToInt32(ctx, &mode, argv[2]) || mode < 0 || mode > 2) return JS_EXCEPTION;
  const char *path = JS_ToCString(ctx, argv[0]), *text = NULL;
  if (!path) return JS_EXCEPTION;
  const uint8_t *bytes;
  size_t length = 0;
  if (JS_IsString(argv[1])) bytes = (const uint8_t *)(text = JS_ToCStringLen(ctx, &length, argv[1]));
  else bytes = JS_GetUint8Array(ctx, &length, argv[1]);
  if (JS_HasException(ctx)) {
    JS_FreeCString(ctx, path);
    return JS_EXCEPTION;
  }
  JSValue result = JS_NewInt32(ctx, 0);
  int fd = open(path, O_WRONLY | O_CREAT | flags[mode], 0666);
  if (fd < 0) result = failure(ctx);
  while (fd >= 0 && length > 0) {
    ssize_t written = write(fd, bytes, length);
    if (written <= 0) {
      result = failure(ctx);
      break;
    }
    bytes += written;
    length -= written;
  }
  if (fd >= 0) close(fd);
  JS_FreeCString(ctx, text);
  JS_FreeCString(ctx, path);
  return result;
}

static double milliseconds(struct timespec time) { return (double)time.tv_sec * 1e3 + (double)(time.tv_nsec / 1000) / 1e3; }

// fileStat(path, follow): [type, size, atime, mtime, ctime, inode, links].
static JSValue file_stat(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv) {
  const char *path = JS_ToCString(ctx, argv[0]);
  if (!path) return JS_EXCEPTION;
  struct stat status;
  int result = JS_ToBool(ctx, argv[1]) ? stat(path, &status) : lstat(path, &status);
  JS_FreeCString(ctx, path);
  if (result < 0) return failure(ctx);
  double fields[] = {file_type(status.st_mode), status.st_size, milliseconds(status.st_atim), milliseconds(status.st_mtim),
                     milliseconds(status.st_ctim), status.st_ino, status.st_nlink};
  JSValue list = JS_NewArray(ctx);
  for (size_t i = 0; i < countof(fields); i++) JS_SetPropertyUint32(ctx, list, i, JS_NewFloat64(ctx, fields[i]));
  return list;
}

// fileList(path): names and types in turn, in no order.
static JSValue file_list(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv) {
  const char *path = JS_ToCString(ctx, argv[0]);
  if (!path) return JS_EXCEPTION;
  DIR *directory = opendir(path);
  JS_FreeCString(ctx, path);
  if (!directory) return failure(ctx);
  JSValue list = JS_NewArray(ctx);
  uint32_t count = 0;
  for (struct dirent *entry; (entry = readdir(directory));) {
    if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..")) continue;
    int type = entry->d_type == DT_DIR ? 2 : entry->d_type == DT_LNK ? 3 : entry->d_type == DT_REG ? 1 : 0;
    JS_SetPropertyUint32(ctx, list, count++, JS_NewString(ctx, entry->d_name));
    JS_SetPropertyUint32(ctx, list, count++, JS_NewInt32(ctx, type));
  }
  closedir(directory);
  return list;
}

static int make_directory(const char *path) { return mkdir(path, 0777); }

static JSValue one_path(JSContext *ctx, JSValueConst value, int (*operation)(const char *)) {
  const char *path = JS_ToCString(ctx, value);
  if (!path) return JS_EXCEPTION;
  JSValue result = outcome(ctx, operation(path));
  JS_FreeCString(ctx, path);
  return result;
}

static JSValue two_paths(JSContext *ctx, JSValueConst *argv, int (*operation)(const char *, const char *)) {
  const char *from = JS_ToCString(ctx, argv[0]), *to = from ? JS_ToCString(ctx, argv[1]) : NULL;
  JSValue result = to ? outcome(ctx, operation(from, to)) : JS_EXCEPTION;
  JS_FreeCString(ctx, from);
  JS_FreeCString(ctx, to);
  return result;
}

static JSValue file_mkdir(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv) { return one_path(ctx, argv[0], make_directory); }
static JSValue file_rmdir(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv) { return one_path(ctx, argv[0], rmdir); }
static JSValue file_unlink(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv) { return one_path(ctx, argv[0], unlink); }
static JSValue file_rename(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv) { return two_paths(ctx, argv, rename); }
static JSValue file_symlink(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv) { return two_paths(ctx, argv, symlink); }

static JSValue file_readlink(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv) {
  const char *path = JS_ToCString(ctx, argv[0]);
  if (!path) return JS_EXCEPTION;
  char target[4096];
  ssize_t length = readlink(path, target, sizeof target);
  JS_FreeCString(ctx, path);
  return length < 0 ? failure(ctx) : JS_NewStringLen(ctx, target, length);
}

static JSValue file_truncate(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv) {
  int64_t length;
  if (JS_ToInt64(ctx, &length, argv[1])) return JS_EXCEPTION;
  const char *path = JS_ToCString(ctx, argv[0]);
  if (!path) return JS_EXCEPTION;
  JSValue result = outcome(ctx, truncate(path, length));
  JS_FreeCString(ctx, path);
  return result;
}

#define NAME(code) {code, #code}
static const struct {
  int code;
  const char *name;
} error_names[] = {
    NAME(EACCES), NAME(EBADF),  NAME(EBUSY),     NAME(EDQUOT), NAME(EEXIST),  NAME(EFBIG), NAME(EINVAL),     NAME(EIO),
    NAME(EISDIR), NAME(ELOOP),  NAME(EMFILE),    NAME(EMLINK), NAME(ENAMETOOLONG), NAME(ENFILE), NAME(ENOENT), NAME(ENOMEM),
    NAME(ENOSPC), NAME(ENOSYS), NAME(ENOTCAPABLE), NAME(ENOTDIR), NAME(ENOTEMPTY), NAME(ENOTSUP), NAME(EPERM), NAME(EROFS), NAME(EXDEV),
};

// fileError(errno): [name, text].
static JSValue file_error(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv) {
  int32_t code;
  if (JS_ToInt32(ctx, &code, argv[0])) return JS_EXCEPTION;
  const char *name = "EIO";
  for (size_t i = 0; i < countof(error_names); i++) {
    if (error_names[i].code == code) name = error_names[i].name;
  }
  JSValue pair = JS_NewArray(ctx);
  JS_SetPropertyUint32(ctx, pair, 0, JS_NewString(ctx, name));
  JS_SetPropertyUint32(ctx, pair, 1, JS_NewString(ctx, strerror(code)));
  return pair;
}

static const struct {
  const char *name;
  JSCFunction *function;
  int length;
} functions[] = {
    {"fileRead", file_read, 1},         {"fileWrite", file_write, 3},   {"fileStat", file_stat, 2},
    {"fileList", file_list, 1},         {"fileMkdir", file_mkdir, 1},   {"fileRmdir", file_rmdir, 1},
    {"fileUnlink", file_unlink, 1},     {"fileRename", file_rename, 2}, {"fileSymlink", file_symlink, 2},
    {"fileReadlink", file_readlink, 1}, {"fileTruncate", file_truncate, 2}, {"fileError", file_error, 1},
};

bool files_define(JSContext *ctx, JSValueConst natives) {
  for (size_t i = 0; i < countof(functions); i++) {
    JSValue function = JS_NewCFunction(ctx, functions[i].function, functions[i].name, functions[i].length);
    if (JS_SetPropertyStr(ctx, natives, functions[i].name, function) < 0) return false;
  }
  return true;
}
