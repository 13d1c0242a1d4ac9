/*
 * A leak from outside: preloaded into the service, it looks ten times a second for a file named by the process's pid, as
 * the container counts, in the folder LEAK_DIR; when there is one, the process holds that many megabytes more for ever.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static void *look(void *folder) {
  char path[4096];
  snprintf(path, sizeof path, "%s/%d", (const char *)folder, getpid());
  for (;; usleep(100000)) {
    FILE *file = fopen(path, "r");
    size_t megabytes;
    if (!file) continue;
    if (fscanf(file, "%zu", &megabytes) == 1)
      mmap(NULL, megabytes << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    fclose(file);
    return NULL;
  }
}

__attribute__((constructor)) static void begin(void) {
  pthread_t thread;
  char *folder = getenv("LEAK_DIR");
  if (folder) pthread_create(&thread, NULL, look, folder);
}
