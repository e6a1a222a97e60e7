// Loaded with LD_PRELOAD: writes down, in the exact order in which they happen, every write to LMDB's data file, every flush of
// it, when it got its name, and every acknowledgement of the program. An entry of the journal is a head and the bytes behind
// it; journal.ts reads them. For Linux with glibc, and for one process.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum kind { WRITE = 1, DURABLE_WRITE = 2, FLUSH = 3, ACKNOWLEDGEMENT = 4, NAME = 5, FLUSH_OF_NAMES = 6 };
enum file { OTHER, DATA, ACKNOWLEDGEMENTS, DIRECTORY };

struct head {
  uint64_t kind, offset, length;
};

// Held over a call and its entry, so that the order of the entries is the order of the calls.
static pthread_mutex_t order = PTHREAD_MUTEX_INITIALIZER;

// LMDB's file may be in a directory below that of the log when it is created.
static enum file file_at(const char *path) {
  const char *log = getenv("RECORDER_LOG"), *name = strrchr(path, '/');
  if (strcmp(path, getenv("RECORDER_ACKNOWLEDGEMENTS")) == 0) return ACKNOWLEDGEMENTS;
  if (strncmp(path, log, strlen(log)) != 0) return OTHER;
  return strcmp(path, log) == 0 ? DIRECTORY : strcmp(name, "/data.mdb") == 0 ? DATA : OTHER;
}

static enum file file_of(int fd) {
  char link[64], path[PATH_MAX] = "";
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  return readlink(link, path, sizeof path - 1) > 0 ? file_at(path) : OTHER;
}

static void stop(const char *why) {
  fprintf(stderr, "recorder: %s\n", why);
  abort();
}

// Not with write: that one is ours.
static void append(const void *bytes, size_t length) {
  static int journal = -1;
  if (journal < 0) journal = open(getenv("RECORDER_JOURNAL"), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (syscall(SYS_write, journal, bytes, length) != (ssize_t)length) stop("the journal cannot be written");
}

static void record(enum kind kind, uint64_t offset, const struct iovec *parts, size_t length) {
  struct head head = {kind, offset, length};
  append(&head, sizeof head);
  for (; length > 0; parts++) {
    size_t part = parts->iov_len < length ? parts->iov_len : length;
    append(parts->iov_base, part);
    length -= part;
  }
}

// Every kind of write; a negative offset stands for the place of the descriptor.
static ssize_t write_at(int fd, const struct iovec *parts, int count, off_t offset) {
  enum file file = file_of(fd);
  if (file == DATA || file == ACKNOWLEDGEMENTS) pthread_mutex_lock(&order);
  off_t at = offset < 0 && file == DATA ? lseek(fd, 0, SEEK_CUR) : offset;
  ssize_t done = offset < 0 ? syscall(SYS_writev, fd, parts, count) : syscall(SYS_pwritev, fd, parts, count, offset, 0L);
  int error = errno;
  if (file == DATA || file == ACKNOWLEDGEMENTS) {
    enum kind kind = file == ACKNOWLEDGEMENTS ? ACKNOWLEDGEMENT : fcntl(fd, F_GETFL) & O_DSYNC ? DURABLE_WRITE : WRITE;
    if (done > 0) record(kind, at, parts, done);
    pthread_mutex_unlock(&order);
  }
  errno = error;
  return done;
}

static int flush(int fd, long call) {
  enum file file = file_of(fd);
  if (file != DATA && file != DIRECTORY) return syscall(call, fd);
  pthread_mutex_lock(&order);
  int failed = syscall(call, fd), error = errno;
  if (!failed) record(file == DATA ? FLUSH : FLUSH_OF_NAMES, 0, NULL, 0);
  pthread_mutex_unlock(&order);
  errno = error;
  return failed;
}

ssize_t pwrite(int fd, const void *bytes, size_t length, off_t offset) {
  struct iovec part = {(void *)bytes, length};
  return write_at(fd, &part, 1, offset);
}
ssize_t pwrite64(int fd, const void *bytes, size_t length, off_t offset) { return pwrite(fd, bytes, length, offset); }
ssize_t write(int fd, const void *bytes, size_t length) { return pwrite(fd, bytes, length, -1); }
ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t offset) { return write_at(fd, parts, count, offset); }
ssize_t pwritev64(int fd, const struct iovec *parts, int count, off_t offset) { return write_at(fd, parts, count, offset); }
ssize_t writev(int fd, const struct iovec *parts, int count) { return write_at(fd, parts, count, -1); }
int fdatasync(int fd) { return flush(fd, SYS_fdatasync); }
int fsync(int fd) { return flush(fd, SYS_fsync); }

int link(const char *from, const char *to) {
  pthread_mutex_lock(&order);
  int failed = syscall(SYS_link, from, to), error = errno;
  if (!failed && file_at(to) == DATA) record(NAME, 0, NULL, 0);
  pthread_mutex_unlock(&order);
  errno = error;
  return failed;
}

// What changes the file in a way that the journal has no entry for: better no journal than a wrong one. So msync says nothing.
int ftruncate(int fd, off_t length) {
  if (file_of(fd) == DATA) stop("ftruncate is not modelled");
  return syscall(SYS_ftruncate, fd, length);
}
int ftruncate64(int fd, off_t length) { return ftruncate(fd, length); }
int fallocate(int fd, int mode, off_t offset, off_t length) {
  if (file_of(fd) == DATA) stop("fallocate is not modelled");
  return syscall(SYS_fallocate, fd, mode, offset, length);
}
int fallocate64(int fd, int mode, off_t offset, off_t length) { return fallocate(fd, mode, offset, length); }
void *mmap(void *address, size_t length, int protection, int flags, int fd, off_t offset) {
  if (fd >= 0 && (protection & PROT_WRITE) && (flags & MAP_SHARED) && file_of(fd) == DATA)
    stop("a map that can be written to is not modelled");
  return (void *)syscall(SYS_mmap, address, length, protection, flags, fd, offset);
}
void *mmap64(void *address, size_t length, int protection, int flags, int fd, off_t offset) {
  return mmap(address, length, protection, flags, fd, offset);
}
