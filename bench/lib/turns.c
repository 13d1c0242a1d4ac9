/*
 * Preloaded into a service: how much processor time each turn of its event loop took. A turn goes from the return of one
 * wait (epoll) of the main thread to the next wait. Other load on the machine does not lengthen it, unlike an answer.
 * The counts lie in the file $TURNS_DIR/PID: for each half millisecond how many turns took so long.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define SLOTS 4096
#define SLOT_NS 500000
#define EPOLL_PWAIT2 441

static uint32_t *counts;
static int64_t begun_ns;
static int main_id;

static int64_t processor_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return now.tv_sec * 1000000000LL + now.tv_nsec;
}

__attribute__((constructor)) static void begin(void) {
  const char *dir = getenv("TURNS_DIR");
  if (!dir || !getenv("PUNTUAL_WORKER_START")) return;
  char path[4096];
  main_id = getpid();
  snprintf(path, sizeof path, "%s/%d", dir, main_id);
  int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0 || ftruncate(file, SLOTS * sizeof *counts) != 0) return;
  void *memory = mmap(NULL, SLOTS * sizeof *counts, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  close(file);
  if (memory != MAP_FAILED) counts = memory;
}

static int is_main(void) { return counts && gettid() == main_id; }

static void ended(void) {
  if (!is_main() || begun_ns == 0) return;
  int64_t slot = (processor_ns() - begun_ns) / SLOT_NS;
  counts[slot < SLOTS ? slot : SLOTS - 1]++;
}

static void started(void) {
  if (is_main()) begun_ns = processor_ns();
}

static void *(*find)(void *, const char *);

static void *next(const char *name) {
  if (!find) find = dlvsym(RTLD_NEXT, "dlsym", "GLIBC_2.34");
  if (!find) find = dlvsym(RTLD_NEXT, "dlsym", "GLIBC_2.2.5");
  if (!find) find = dlvsym(RTLD_NEXT, "dlsym", "GLIBC_2.17");
  return find(RTLD_NEXT, name);
}

/* The service's own loop looks in turn at that of the runtime: once it is known only its waits count. */
static int has_own;

typedef int wait_call(int, struct epoll_event *, int, int);

static int own_wait(int epoll, struct epoll_event *events, int most, int wait_ms) {
  static wait_call *real;
  if (!real) real = next("epoll_wait");
  has_own = 1;
  ended();
  int n = real(epoll, events, most, wait_ms);
  started();
  return n;
}

static long own_call(long number, long a, long b, long c, long d, long e, long f) {
  static long (*real)(long, ...);
  if (!real) real = next("syscall");
  if (number != EPOLL_PWAIT2) return real(number, a, b, c, d, e, f);
  has_own = 1;
  ended();
  long n = real(number, a, b, c, d, e, f);
  started();
  return n;
}

/* What is looked up by name is the service's own. */
void *dlsym(void *from, const char *name) {
  void *found = (find ? find : (next("dlsym"), find))(from, name);
  if (!counts || !found) return found;
  if (strcmp(name, "epoll_wait") == 0) return own_wait;
  if (strcmp(name, "syscall") == 0) return own_call;
  return found;
}

int epoll_wait(int epoll, struct epoll_event *events, int most, int wait_ms) {
  static wait_call *real;
  if (!real) real = next("epoll_wait");
  if (!has_own) ended();
  int n = real(epoll, events, most, wait_ms);
  if (!has_own) started();
  return n;
}

int epoll_pwait(int epoll, struct epoll_event *events, int most, int wait_ms, const sigset_t *signals) {
  static int (*real)(int, struct epoll_event *, int, int, const sigset_t *);
  if (!real) real = next("epoll_pwait");
  if (!has_own) ended();
  int n = real(epoll, events, most, wait_ms, signals);
  if (!has_own) started();
  return n;
}
