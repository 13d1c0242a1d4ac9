/*
 * A caller who sends one request at each planned moment and notes when its answer came: `patient PORT RATE SECONDS
 * PATH BODY_FILE`. It is the watch of a bench, so it must not keep itself waiting: one thread, nothing allocated while it
 * runs, before all others of its processor where it may (SCHED_FIFO), and a connection for whatever is unanswered.
 *
 * A line for each request: planned, sent, come, read (ns of CLOCK_MONOTONIC), status. "Come" is when the system took
 * the answer from the service (SO_TIMESTAMPNS), "read" when this process had it; what lies between is ours.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define CONNECTIONS 256
#define REQUESTS 100000
#define BYTES 65536
#define SECOND 1000000000LL
/* So long it waits for what is still unanswered at the end. */
#define PATIENCE (10 * SECOND)

struct call {
  int64_t planned, sent, come, read;
  int status;
};
struct connection {
  int socket;
  struct call *call;
  int64_t read_bytes, whole_bytes;
};

static struct call calls[REQUESTS];
static struct connection connections[CONNECTIONS];
static int free_ones[CONNECTIONS], free_count;
static char request[BYTES], received[BYTES + 1];
static size_t request_bytes;
static int poller, unanswered;
/* What CLOCK_REALTIME, in which the system stamps, is ahead of CLOCK_MONOTONIC. */
static int64_t ahead;

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static int64_t now_of(clockid_t clock) {
  struct timespec now;
  clock_gettime(clock, &now);
  return now.tv_sec * SECOND + now.tv_nsec;
}

static void connect_to(struct connection *one, int port) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
  int on = 1;
  inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
  one->socket = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (one->socket < 0 || connect(one->socket, (void *)&address, sizeof address) != 0) fail("connect");
  setsockopt(one->socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  setsockopt(one->socket, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on);
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = one};
  if (fcntl(one->socket, F_SETFL, O_NONBLOCK) != 0 ||
      epoll_ctl(poller, EPOLL_CTL_ADD, one->socket, &event) != 0)
    fail("epoll");
}

/* Reads a piece into `received`. Returns its bytes, and when the system had it. */
static ssize_t receive(int socket, int64_t *come) {
  char control[256];
  struct iovec into = {.iov_base = received, .iov_len = BYTES};
  struct msghdr message = {
      .msg_iov = &into, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
  ssize_t got = recvmsg(socket, &message, 0);
  *come = 0;
  if (got <= 0) return got;
  received[got] = 0;
  for (struct cmsghdr *part = CMSG_FIRSTHDR(&message); part; part = CMSG_NXTHDR(&message, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_TIMESTAMPNS) continue;
    struct timespec at;
    memcpy(&at, CMSG_DATA(part), sizeof at);
    *come = at.tv_sec * SECOND + at.tv_nsec - ahead;
  }
  return got;
}

static void answered(struct connection *one) {
  int64_t come;
  ssize_t got = receive(one->socket, &come);
  if (got < 0 && errno == EAGAIN) return;
  if (got <= 0 || !one->call) {
    fprintf(stderr, "the service ended a connection\n");
    exit(1);
  }
  struct call *call = one->call;
  if (one->read_bytes == 0) {
    /* A head comes in one piece: it is sent in one. */
    char *end = strstr(received, "\r\n\r\n");
    char *length = strcasestr(received, "\r\ncontent-length:");
    if (sscanf(received, "HTTP/1.1 %d", &call->status) != 1 || !end || !length || length > end) {
      fprintf(stderr, "an answer that is not expected: %.200s\n", received);
      exit(1);
    }
    one->whole_bytes = end + 4 - received + atoll(length + 17);
  }
  one->read_bytes += got;
  if (one->read_bytes < one->whole_bytes) return;
  call->read = now_of(CLOCK_MONOTONIC);
  call->come = come > 0 ? come : call->read;
  one->call = NULL;
  free_ones[free_count++] = one - connections;
  unanswered--;
}

static void send_one(struct call *call) {
  if (free_count == 0) {
    fprintf(stderr, "%d requests are unanswered\n", CONNECTIONS);
    exit(1);
  }
  struct connection *one = &connections[free_ones[--free_count]];
  one->call = call;
  one->read_bytes = 0;
  call->sent = now_of(CLOCK_MONOTONIC);
  if (send(one->socket, request, request_bytes, MSG_NOSIGNAL) != (ssize_t)request_bytes) fail("send");
  unanswered++;
}

int main(int count, char **words) {
  if (count != 6) return 2;
  int port = atoi(words[1]);
  int64_t step = SECOND / atoi(words[2]);
  int64_t n = atof(words[3]) * SECOND / step;
  static char body[BYTES / 2];
  FILE *file = fopen(words[5], "r");
  size_t body_bytes = file ? fread(body, 1, sizeof body, file) : 0;
  if (body_bytes == 0 || body_bytes == sizeof body || n > REQUESTS) return 2;
  request_bytes = snprintf(request, sizeof request,
                           "POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
                           "Content-Length: %zu\r\n\r\n%.*s",
                           words[4], body_bytes, (int)body_bytes, body);
  poller = epoll_create1(EPOLL_CLOEXEC);
  for (int i = 0; i < CONNECTIONS; i++) {
    connect_to(&connections[i], port);
    free_ones[free_count++] = CONNECTIONS - 1 - i;
  }
  mlockall(MCL_CURRENT | MCL_FUTURE);
  prctl(PR_SET_TIMERSLACK, 1);
  struct sched_param first = {.sched_priority = 1};
  sched_setscheduler(0, SCHED_FIFO, &first);
  ahead = now_of(CLOCK_REALTIME) - now_of(CLOCK_MONOTONIC);

  int64_t start = now_of(CLOCK_MONOTONIC) + step;
  int64_t end = start + n * step + PATIENCE;
  for (int64_t sent = 0; sent < n || unanswered > 0;) {
    int64_t now = now_of(CLOCK_MONOTONIC);
    if (now > end) break;
    for (; sent < n && start + sent * step <= now; sent++) {
      calls[sent].planned = start + sent * step;
      send_one(&calls[sent]);
    }
    int64_t left = (sent < n ? start + sent * step : end) - now_of(CLOCK_MONOTONIC);
    if (left < 0) left = 0;
    struct timespec wait = {.tv_sec = left / SECOND, .tv_nsec = left % SECOND};
    struct epoll_event events[CONNECTIONS];
    int ready = epoll_pwait2(poller, events, CONNECTIONS, &wait, NULL);
    if (ready < 0 && errno != EINTR) fail("epoll_pwait2");
    for (int i = 0; i < ready; i++) answered(events[i].data.ptr);
  }
  for (int64_t i = 0; i < n; i++)
    printf("%ld %ld %ld %ld %d\n", calls[i].planned, calls[i].sent, calls[i].come, calls[i].read, calls[i].status);
  return 0;
}
