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
#include <sys/epoll.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define SLOTS 4096
#define SLOT_NS 500000

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

static void *next(const char *name) {
  static void *(*find)(void *, const char *);
  if (!find) find = dlvsym(RTLD_NEXT, "dlsym", "GLIBC_2.2.5");
  if (!find) find = dlvsym(RTLD_NEXT, "dlsym", "GLIBC_2.34");
  return find(RTLD_NEXT, name);
}

int epoll_wait(int epoll, struct epoll_event *events, int most, int wait_ms) {
  static int (*real)(int, struct epoll_event *, int, int);
  if (!real) real = next("epoll_wait");
  ended();
  int n = real(epoll, events, most, wait_ms);
  started();
  return n;
}

int epoll_pwait(int epoll, struct epoll_event *events, int most, int wait_ms, const sigset_t *signals) {
  static int (*real)(int, struct epoll_event *, int, int, const sigset_t *);
  if (!real) real = next("epoll_pwait");
  ended();
  int n = real(epoll, events, most, wait_ms, signals);
  started();
  return n;
}
