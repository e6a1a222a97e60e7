// Lets chosen calls on chosen files go wrong, as a bad, full or slow disk does. Loaded ahead of the C library (LD_PRELOAD).
//
//   FAULT_FILE   the end of the path of the files that are meant
//   FAULT_CALL   sync (fdatasync), page (a write of LMDB's pages), seal (the 24 bytes that follow a commit), commit (LMDB's last write of a transaction, which goes
//                through a descriptor that is synchronous), or map (mmap, in the middle of opening)
//   FAULT_AT     the how manieth of these calls goes wrong first, from 1
//   FAULT_TIMES  how many calls in a row go wrong, 0 for all from there on
//   FAULT_ERROR  the number of the error; 0 stops the process (SIGSTOP) and goes on with the call when it is continued
//   FAULT_DONE   1: the call does its work first, and is reported as failed all the same
//
// Says `fault CALL AT` on stderr each time.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>
#undef pwrite64
#undef mmap64

static long number(const char *name) {
  const char *text = getenv(name);
  return text ? atol(text) : 0;
}

static int is_meant(int fd, const char *call) {
  const char *wanted = getenv("FAULT_CALL"), *suffix = getenv("FAULT_FILE");
  if (!wanted || !suffix || strcmp(wanted, call)) return 0;
  char place[64], path[4096];
  snprintf(place, sizeof place, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(place, path, sizeof path);
  size_t end = strlen(suffix);
  return length >= (ssize_t)end && !memcmp(path + length - end, suffix, end);
}

// Whether this call goes wrong.
static int goes_wrong(int fd, const char *call) {
  static long count;
  if (!is_meant(fd, call)) return 0;
  long at = __atomic_add_fetch(&count, 1, __ATOMIC_SEQ_CST), first = number("FAULT_AT"), times = number("FAULT_TIMES");
  if (at < first || (times > 0 && at >= first + times)) return 0;
  dprintf(2, "fault %s %ld\n", call, at);
  if (number("FAULT_ERROR") != 0) return 1;
  raise(SIGSTOP);
  return 0;
}

#define REAL(result, name, ...) ((result(*)(__VA_ARGS__))dlsym(RTLD_NEXT, name))
#define FAULTY(call, work) \
  if (!goes_wrong(fd, call)) return work; \
  if (number("FAULT_DONE") && (work) < 0) return -1; \
  errno = (int)number("FAULT_ERROR"); \
  return -1;

static const char *kind_of_write(int fd, size_t length) {
  return fcntl(fd, F_GETFL) & O_DSYNC ? "commit" : length == 24 ? "seal" : "page";
}

int fdatasync(int fd) { FAULTY("sync", REAL(int, "fdatasync", int)(fd)) }

ssize_t pwrite(int fd, const void *bytes, size_t length, off_t at) {
  FAULTY(kind_of_write(fd, length), REAL(ssize_t, "pwrite", int, const void *, size_t, off_t)(fd, bytes, length, at))
}

ssize_t pwrite64(int fd, const void *bytes, size_t length, off_t at) { return pwrite(fd, bytes, length, at); }

ssize_t writev(int fd, const struct iovec *parts, int count) {
  FAULTY(kind_of_write(fd, 0), REAL(ssize_t, "writev", int, const struct iovec *, int)(fd, parts, count))
}

void *mmap(void *at, size_t length, int rights, int flags, int fd, off_t from) {
  if (goes_wrong(fd, "map")) {
    errno = (int)number("FAULT_ERROR");
    return MAP_FAILED;
  }
  return REAL(void *, "mmap", void *, size_t, int, int, int, off_t)(at, length, rights, flags, fd, from);
}

void *mmap64(void *at, size_t length, int rights, int flags, int fd, off_t from) {
  return mmap(at, length, rights, flags, fd, from);
}
