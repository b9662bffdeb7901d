/*
 * What would be left of a directory after loss of power: preloaded into a process, this keeps a copy of whatever the
 * process syncs, and of nothing else.
 *
 *   fsync, fdatasync of a file       SHADOW/files/KEY   its contents at that moment
 *   fsync, fdatasync of a directory  SHADOW/dirs/KEY    its entries, one a line: type, KEY of what it names, name
 *
 * KEY is inode number and time of birth: a number alone is given to another file once its own is gone. The copy is
 * made before the real call and counts once that has returned, so it holds what was certainly synced, and perhaps
 * less than a real disk would. Any other way to the disk (sync, O_SYNC, msync) is left out for the same reason; the
 * engine takes none (strace).
 *
 *   POWER_LOSS_DIR       the directory that is watched
 *   POWER_LOSS_SHADOW    where the copies go
 *   POWER_LOSS_DEAF      set: syncing directories of tables (…/store/abc/UUID) has no effect,
 *                        for showing that a test notices
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void fail(const char *what, const char *path) {
  /* A copy that is missing would look like a fault of the program. */
  dprintf(2, "power-loss shim: %s %s: %s\n", what, path, strerror(errno));
  abort();
}

static void key_at(int dir, const char *name, int flags, char *key, unsigned *mode) {
  struct statx st;
  if (statx(dir, name, flags | AT_SYMLINK_NOFOLLOW, STATX_MODE | STATX_INO | STATX_BTIME, &st) != 0) {
    *mode = 0;
    return;
  }
  *mode = st.stx_mode;
  long long nanos = st.stx_mask & STATX_BTIME ? st.stx_btime.tv_sec * 1000000000LL + st.stx_btime.tv_nsec : 0;
  snprintf(key, 64, "%llu-%lld", (unsigned long long)st.stx_ino, nanos);
}

static void copy_file(int fd, const char *temporary) {
  char own[64];
  snprintf(own, sizeof own, "/proc/self/fd/%d", fd);
  int in = open(own, O_RDONLY | O_CLOEXEC), out = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (in < 0 || out < 0) fail("open", temporary);
  static char buffer[1 << 16];
  for (ssize_t n; (n = read(in, buffer, sizeof buffer)) != 0;) {
    if (n < 0 || write(out, buffer, n) != n) fail("copy", temporary);
  }
  close(in);
  close(out);
}

static void list_directory(int fd, const char *temporary) {
  int again = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *dir = again < 0 ? NULL : fdopendir(again);
  FILE *out = fopen(temporary, "we");
  if (!dir || !out) fail("list", temporary);
  for (struct dirent *entry; (entry = readdir(dir));) {
    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
    char key[64], target[PATH_MAX];
    unsigned mode;
    key_at(fd, entry->d_name, 0, key, &mode);
    if (S_ISDIR(mode)) fprintf(out, "d\t%s\t%s\n", key, entry->d_name);
    if (S_ISREG(mode)) fprintf(out, "f\t%s\t%s\n", key, entry->d_name);
    if (S_ISLNK(mode)) {
      ssize_t n = readlinkat(fd, entry->d_name, target, sizeof target - 1);
      if (n > 0) fprintf(out, "l\t%.*s\t%s\n", (int)n, target, entry->d_name);
    }
  }
  if (fclose(out) != 0) fail("write", temporary);
  closedir(dir);
}

/* Whether a path is that of a table: …/store/abc/UUID. */
static int is_table(const char *path) {
  const char *store = strstr(path, "/store/");
  if (!store) return 0;
  int slashes = 0;
  for (const char *at = store + 7; *at; at++) slashes += *at == '/';
  return slashes == 1;
}

static int synced(int fd, int (*real)(int)) {
  const char *watched = getenv("POWER_LOSS_DIR"), *shadow = getenv("POWER_LOSS_SHADOW");
  char own[64], path[PATH_MAX], key[64], temporary[PATH_MAX], final[PATH_MAX];
  unsigned mode;
  snprintf(own, sizeof own, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(own, path, sizeof path - 1);
  if (!watched || !shadow || length < 0) return real(fd);
  path[length] = 0;
  size_t prefix = strlen(watched);
  if (strncmp(path, watched, prefix) != 0 || (path[prefix] != '/' && path[prefix] != 0)) return real(fd);
  key_at(fd, "", AT_EMPTY_PATH, key, &mode);
  if (getenv("POWER_LOSS_DEAF") && S_ISDIR(mode) && is_table(path)) return real(fd);
  pthread_mutex_lock(&lock);
  snprintf(temporary, sizeof temporary, "%s/unfinished", shadow);
  snprintf(final, sizeof final, "%s/%s/%s", shadow, S_ISDIR(mode) ? "dirs" : "files", key);
  if (S_ISDIR(mode)) list_directory(fd, temporary);
  else copy_file(fd, temporary);
  int result = real(fd);
  int error = errno;
  if (result == 0 && rename(temporary, final) != 0) fail("rename", final);
  pthread_mutex_unlock(&lock);
  errno = error;
  return result;
}

int fsync(int fd) {
  static int (*real)(int);
  if (!real) real = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
  return synced(fd, real);
}

int fdatasync(int fd) {
  static int (*real)(int);
  if (!real) real = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
  return synced(fd, real);
}
