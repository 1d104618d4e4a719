/*
 * Runs the parts of init.c that need no enclave: each check that fails ends this program with its line number. The linker
 * hands it every ioctl, and every read, write, send and poll, which it makes slow and interrupted in its second round.
 */
#define main init_main
#include "init.c"
#undef main

#include <stdlib.h>
#include <sys/mman.h>

#define CHECK(condition) do { if (!(condition)) { printf("init.test.c:%d: %s (%s)\n", __LINE__, #condition, strerror(errno)); return 1; } } while (0)

/* ---- what the linker replaces (-Wl,--wrap=…) ------------------------------------------------------------------ */

static bool interrupted; /* a third of the calls are, and the others move few bytes */
static uint32_t dice = 1;
static bool interrupt(void) { return interrupted && ((dice = dice * 1103515245 + 12345) >> 16) % 3 == 0; }
static size_t few(size_t length) { return interrupted && length > 1000 ? 1 + (dice >> 8) % length : length; }

ssize_t __real_read(int fd, void *to, size_t length);
ssize_t __wrap_read(int fd, void *to, size_t length);
ssize_t __wrap_read(int fd, void *to, size_t length) {
  return interrupt() ? (errno = EINTR, -1) : __real_read(fd, to, few(length));
}

ssize_t __real_write(int fd, const void *from, size_t length);
ssize_t __wrap_write(int fd, const void *from, size_t length);
ssize_t __wrap_write(int fd, const void *from, size_t length) {
  return interrupt() ? (errno = EINTR, -1) : __real_write(fd, from, few(length));
}

ssize_t __real_send(int fd, const void *from, size_t length, int flags);
ssize_t __wrap_send(int fd, const void *from, size_t length, int flags);
ssize_t __wrap_send(int fd, const void *from, size_t length, int flags) {
  return interrupt() ? (errno = EINTR, -1) : __real_send(fd, from, few(length), flags);
}

static unsigned *polls; /* shared with children: who counts them sees who spins */
int __real_poll(struct pollfd *all, nfds_t count, int timeout);
int __wrap_poll(struct pollfd *all, nfds_t count, int timeout);
int __wrap_poll(struct pollfd *all, nfds_t count, int timeout) {
  __atomic_add_fetch(polls, 1, __ATOMIC_SEQ_CST);
  if (!interrupt()) return __real_poll(all, count, timeout);
  for (nfds_t i = 0; i < count; i++) all[i].revents = 0;
  return errno = EINTR, -1;
}

enum { NSM_FD = 77 };
static uint8_t random_answer[NSM_MAX_RESPONSE];
static size_t random_answer_length;
static int taken_entropy, taken_credit, reseeded, reseed_error;
static uint8_t taken_first;

/* A driver that echoes, and for some first bytes refuses; and the random device. */
int __wrap_ioctl(int fd, unsigned long request, void *argument);
int __wrap_ioctl(int fd, unsigned long request, void *argument) {
  if (request == RNDADDENTROPY) {
    const struct rand_pool_info *info = argument;
    taken_entropy = info->buf_size;
    taken_credit = info->entropy_count;
    memcpy(&taken_first, info->buf, 1);
    return 0;
  }
  if (request == RNDRESEEDCRNG) return reseeded++, errno = reseed_error, reseed_error == 0 ? 0 : -1;
  if (fd != NSM_FD || request != 0xC0200A00) return errno = EINVAL, -1;
  struct nsm_raw *raw = argument;
  const uint8_t *bytes = (const uint8_t *)(uintptr_t)raw->request.addr;
  uint8_t *response = (uint8_t *)(uintptr_t)raw->response.addr;
  if (raw->response.len != NSM_MAX_RESPONSE || raw->request.len > NSM_MAX_REQUEST) abort();
  if (interrupt()) return errno = EINTR, -1;
  if (raw->request.len == 10 && memcmp(bytes, "\x69" "GetRandom", 10) == 0) {
    memcpy(response, random_answer, random_answer_length);
    raw->response.len = random_answer_length;
    return 0;
  }
  uint8_t first = raw->request.len == 0 ? 0 : bytes[0];
  if (first == 0xff) return errno = EMSGSIZE, -1;
  if (first == 0xfe) return errno = ETIMEDOUT, -1;
  if (first == 0xfd) { raw->response.len = NSM_MAX_RESPONSE + 1; return 0; }
  if (first == 0xfc) { memset(response, 0xfc, NSM_MAX_RESPONSE); raw->response.len = NSM_MAX_RESPONSE; return 0; }
  memcpy(response, bytes, raw->request.len);
  raw->response.len = raw->request.len;
  return 0;
}

/* ---- helpers --------------------------------------------------------------------------------------------------- */

/* What a child does that has to end with `code`; what it says on the console comes back in `said`. */
static int run_child(void (*work)(int), int argument, char said[512]) {
  int console[2];
  if (pipe(console) != 0) return -1;
  pid_t child = fork();
  if (child == 0) {
    dup2(console[1], STDERR_FILENO);
    close(console[0]);
    work(argument);
    _exit(0);
  }
  close(console[1]);
  size_t length = 0;
  for (ssize_t got; length < 511 && (got = __real_read(console[0], said + length, 511 - length)) > 0;) length += (size_t)got;
  said[length] = 0;
  close(console[0]);
  int status;
  return waitpid(child, &status, 0) == child && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static bool quiet(void) {
  int null = open("/dev/null", O_RDWR);
  return null >= 0 && dup2(null, STDERR_FILENO) == STDERR_FILENO && close(null) == 0;
}

/* A relay in a child between two new socket pairs; the ends that are not the relay's come back. */
static pid_t start_relay(int *left, int *right) {
  int a[2], b[2];
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, a) != 0 || socketpair(AF_UNIX, SOCK_STREAM, 0, b) != 0) return -1;
  pid_t child = fork();
  if (child == 0) { close(a[0]); close(b[0]); relay(a[1], b[1]); _exit(0); }
  close(a[1]);
  close(b[1]);
  *left = a[0];
  *right = b[0];
  return child;
}

static bool ends(pid_t child) {
  int status;
  for (int waited = 0; waited < 5000; waited++) {
    if (waitpid(child, &status, WNOHANG) == child) return WIFEXITED(status) && WEXITSTATUS(status) == 0;
    nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
  }
  kill(child, SIGKILL);
  waitpid(child, &status, 0);
  return false;
}

/* ---- checks ---------------------------------------------------------------------------------------------------- */

static int check_nsm(void) {
  int pair[2];
  CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
  pid_t child = fork();
  if (child == 0) { close(pair[0]); if (quiet()) relay_nsm(pair[1], NSM_FD); _exit(0); }
  close(pair[1]);
  static uint8_t largest[4 + 4096] = { 0, 0, 0x10, 0x00 }, above[4 + 4097] = { 0, 0, 0x10, 0x01 }, most[4 + 65536] = { 0, 1, 0, 0 };
  static uint8_t full[4 + 12288] = { 0, 0, 0x30, 0x00 };
  memset(full + 4, 0xfc, sizeof full - 4);
#define REFUSED "\0\0\0\x15\xa1\x65" "Error" "\x6d" "InputTooLarge"
#define BROKEN "\0\0\0\x15\xa1\x65" "Error" "\x6d" "InternalError"
  static const struct { const void *bytes; size_t length; const void *answer; size_t expected; } rows[] = {
    { "\0\0\0\x03" "abc", 7, "\0\0\0\x03" "abc", 7 },
    { largest, sizeof largest, largest, sizeof largest },
    { above, sizeof above, REFUSED, 25 },       /* 4097: the driver is not asked */
    { most, sizeof most, REFUSED, 25 },         /* 65536: the most that is skipped */
    { "\0\0\0\x01\xff", 5, REFUSED, 25 },       /* the driver says EMSGSIZE */
    { "\0\0\0\x01\xfe", 5, BROKEN, 25 },        /* ETIMEDOUT */
    { "\0\0\0\x01\xfd", 5, BROKEN, 25 },        /* claims more than the buffer holds */
    { "\0\0\0\0", 4, BROKEN, 25 },              /* answers with nothing */
    { "\0\0\0\x01\xfc", 5, full, sizeof full }, /* the largest answer */
    { "\0\0\0\x01z", 5, "\0\0\0\x01z", 5 },
  };
  static char answer[sizeof full];
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    CHECK(write_full(pair[0], rows[i].bytes, rows[i].length) && read_full(pair[0], answer, rows[i].expected));
    CHECK(memcmp(answer, rows[i].answer, rows[i].expected) == 0);
  }
  for (int i = 0; i < 7; i++) { /* a slow peer: one byte at a time */
    CHECK(write_full(pair[0], &"\0\0\0\x03" "xyz"[i], 1));
    nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
  }
  CHECK(read_full(pair[0], answer, 7) && memcmp(answer, "\0\0\0\x03" "xyz", 7) == 0);
  CHECK(write_full(pair[0], "\0\x01\0\x01", 4) && !read_full(pair[0], answer, 1) && errno == ENODATA); /* 65537: hang up */
  close(pair[0]);
  CHECK(ends(child));
  return 0;
}

/* A peer that stops within a frame, or says 4 GiB, costs its own connection and nothing else. */
static int check_cut_frames(void) {
  static const struct { const char *bytes; size_t length; } rows[] = { { "", 0 }, { "\0\0", 2 }, { "\0\0\0\x09" "abc", 7 }, { "\xff\xff\xff\xff", 4 } };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    int pair[2];
    char rest;
    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
    pid_t child = fork();
    if (child == 0) { close(pair[0]); relay_nsm(pair[1], NSM_FD); _exit(0); }
    close(pair[1]);
    CHECK(write_full(pair[0], rows[i].bytes, rows[i].length) && shutdown(pair[0], SHUT_WR) == 0);
    CHECK(!read_full(pair[0], &rest, 1) && ends(child));
    close(pair[0]);
  }
  return 0;
}

static int check_random(void) {
  size_t count = 0;
  const uint8_t whole[] = "\xa1\x69" "GetRandom" "\xa1\x66" "random" "\x44" "abcd";
  const uint8_t two[] = "\xa1\x66" "random" "\x59\x01\x00" "abcd", one[] = "\xbf\x66" "random" "\x58\x02" "xy";
  const uint8_t text[] = "\xa1\x66" "random" "\x64" "abcd", empty[] = "\xa1\x66" "random" "\x40" "ab", four[] = "\xa1\x66" "random" "\x5a\0\0\0\1" "a";
  const uint8_t *at = random_of(whole, sizeof whole - 1, &count);
  CHECK(at != NULL && count == 4 && memcmp(at, "abcd", 4) == 0);
  CHECK(random_of(one, sizeof one - 1, &count) != NULL && count == 2);
  CHECK(random_of(two, sizeof two - 1, &count) == NULL);             /* says 256, holds 4 */
  CHECK(random_of(text, sizeof text - 1, &count) == NULL);           /* a text is none */
  CHECK(random_of(empty, sizeof empty - 1, &count) == NULL);
  CHECK(random_of(four, sizeof four - 1, &count) == NULL);
  for (size_t cut = 0; cut < sizeof whole - 1; cut++) {
    uint8_t *exact = malloc(cut + (cut == 0)); /* so that a read beyond it is seen by the sanitizer */
    CHECK(exact != NULL);
    memcpy(exact, whole, cut);
    CHECK(random_of(exact, cut, &count) == NULL);
    free(exact);
  }
  return 0;
}

static void seed(int error) {
  reseed_error = error;
  seed_entropy(NSM_FD);
  if (taken_entropy != 256 || taken_credit != 2048 || taken_first != 0x5a || reseeded != 1) say("wrong", 0);
}

static void answer_random(size_t count) {
  static const uint8_t head[] = "\xa1\x69" "GetRandom" "\xa1\x66" "random" "\x59";
  memcpy(random_answer, head, sizeof head - 1);
  random_answer[sizeof head - 1] = (uint8_t)(count >> 8);
  random_answer[sizeof head] = (uint8_t)count;
  memset(random_answer + sizeof head + 1, 0x5a, count);
  random_answer_length = sizeof head + 1 + count;
}

static int check_entropy(void) {
  char said[512];
  answer_random(256);
  CHECK(run_child(seed, 0, said) == 0 && strcmp(said, "caladrius init: entropy: bytes from the NSM: 256\n") == 0);
  CHECK(run_child(seed, EINVAL, said) == 0 && strcmp(said, "caladrius init: entropy: bytes from the NSM: 256\n") == 0);
  CHECK(run_child(seed, ENODATA, said) == 1 && strstr(said, "entropy: the kernel does not use it: No data available (61)\n") != NULL);
  answer_random(31);
  CHECK(run_child(seed, 0, said) == 1 && strstr(said, "entropy: the NSM gave less than 32 random bytes: Protocol error") != NULL);
  static const char refused[] = "\xa1\x65" "Error" "\x6f" "InvalidArgument";
  memcpy(random_answer, refused, random_answer_length = sizeof refused - 1);
  CHECK(run_child(seed, 0, said) == 1 && strstr(said, "entropy: the NSM gave less than 32") != NULL);
  return 0;
}

static void heart(int fd) {
  step = "heartbeat";
  must(beat(fd), "the byte 0xB7 did not come back");
}

static int check_heartbeat(void) {
  static const struct { const char *answer; int code; const char *said; } rows[] = {
    { "\xb7", 0, "" },
    { "\xb6", 1, "caladrius init: heartbeat: the byte 0xB7 did not come back: Protocol error (71)\n" },
    { "", 1, "caladrius init: heartbeat: the byte 0xB7 did not come back: No data available (61)\n" },
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    int pair[2];
    char said[512];
    uint8_t sent = 0;
    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
    CHECK(write_full(pair[1], rows[i].answer, strlen(rows[i].answer)) && shutdown(pair[1], SHUT_WR) == 0);
    CHECK(run_child(heart, pair[0], said) == rows[i].code && strcmp(said, rows[i].said) == 0);
    CHECK(read_full(pair[1], &sent, 1) && sent == 0xb7);
    close(pair[0]);
    close(pair[1]);
  }
  return 0;
}

static int check_lines(void) {
  static const struct { const char *text; size_t length; int lines; int error; } rows[] = {
    { "/usr/bin/node\n--permission\n\n", 28, 3, 0 }, { "", 0, 0, 0 }, { "no end", 6, -1, EBADMSG }, { "a\0b\n", 4, -1, EBADMSG },
  };
  static char buffer[FILE_BYTES], long_line[FILE_BYTES];
  char path[] = "/tmp/init-test-XXXXXX", *lines[MAX_LINES + 1];
  int fd = mkstemp(path);
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    CHECK(ftruncate(fd, 0) == 0 && pwrite(fd, rows[i].text, rows[i].length, 0) == (ssize_t)rows[i].length);
    CHECK(read_lines(path, buffer, lines) ? rows[i].error == 0 : errno == rows[i].error);
    int count = 0;
    while (rows[i].lines >= 0 && lines[count] != NULL) count++;
    CHECK(rows[i].lines < 0 || count == rows[i].lines);
  }
  for (int i = 0; i < MAX_LINES; i++) CHECK(pwrite(fd, "x\n", 2, 2 * i) == 2);
  CHECK(read_lines(path, buffer, lines) && lines[MAX_LINES - 1] != NULL && lines[MAX_LINES] == NULL);
  CHECK(pwrite(fd, "x\n", 2, 2 * MAX_LINES) == 2 && !read_lines(path, buffer, lines)); /* one line too many */
  memset(long_line, 'x', sizeof long_line);
  long_line[FILE_BYTES - 2] = '\n';
  CHECK(ftruncate(fd, 0) == 0 && pwrite(fd, long_line, FILE_BYTES - 1, 0) == FILE_BYTES - 1 && read_lines(path, buffer, lines));
  CHECK(ftruncate(fd, FILE_BYTES) == 0 && !read_lines(path, buffer, lines) && errno == EFBIG);
  close(fd);
  unlink(path);
  CHECK(!read_lines(path, buffer, lines) && errno == ENOENT);
  CHECK(!read_lines("/tmp", buffer, lines) && errno == EISDIR);
  return 0;
}

/* 1 MiB one way through two socket pairs, then an answer after the half-close. */
static int check_relay(void) {
  int left, right;
  static uint32_t block[1024];
  pid_t relaying = start_relay(&left, &right);
  CHECK(relaying > 0);
  pid_t writing = fork();
  if (writing == 0) {
    close(right);
    for (uint32_t i = 0; i < 256; i++) {
      for (uint32_t at = 0; at < 1024; at++) block[at] = i << 16 | at;
      if (!write_full(left, block, sizeof block)) _exit(1);
    }
    shutdown(left, SHUT_WR);
    char answer[4];
    _exit(read_full(left, answer, 4) && memcmp(answer, "done", 4) == 0 && !read_full(left, answer, 1) ? 0 : 2);
  }
  close(left);
  for (uint32_t i = 0; i < 256; i++) {
    CHECK(read_full(right, block, sizeof block));
    for (uint32_t at = 0; at < 1024; at++) CHECK(block[at] == (i << 16 | at));
  }
  CHECK(!read_full(right, block, 1) && write_full(right, "done", 4));
  close(right);
  CHECK(ends(writing) && ends(relaying));
  return 0;
}

/* Until the relay waits without spinning; alarm() ends this where it never does. */
static void wait_for_rest(void) {
  unsigned before;
  do {
    before = __atomic_load_n(polls, __ATOMIC_SEQ_CST);
    nanosleep(&(struct timespec){ .tv_nsec = 20000000 }, NULL);
  } while (__atomic_load_n(polls, __ATOMIC_SEQ_CST) != before);
}

/* Both ways at once while one side reads nothing for a while: the other way goes on, and nobody waits by spinning. */
static int check_slow_peer(void) {
  int left, right;
  pid_t relaying = start_relay(&left, &right);
  CHECK(relaying > 0);
  static uint8_t block[RELAY_BYTES], got[5];
  fcntl(left, F_SETFL, O_NONBLOCK);
  size_t stuck = 0;
  for (int idle = 0; idle < 20;) {
    ssize_t put = __real_write(left, block, sizeof block);
    if (put > 0) { stuck += (size_t)put; idle = 0; }
    else { idle++; nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL); }
  }
  fcntl(left, F_SETFL, 0);
  CHECK(stuck >= sizeof block && stuck < 16u << 20); /* the writer waits, the relay does not store */
  wait_for_rest();
  CHECK(write_full(right, "hello", 5) && read_full(left, got, 5) && memcmp(got, "hello", 5) == 0);
  CHECK(shutdown(left, SHUT_WR) == 0);
  for (size_t at = 0; at < stuck;) {
    size_t part = stuck - at < sizeof block ? stuck - at : sizeof block;
    CHECK(read_full(right, block, part));
    at += part;
  }
  CHECK(!read_full(right, got, 1));
  close(right);
  CHECK(!read_full(left, got, 1));
  close(left);
  CHECK(ends(relaying));
  return 0;
}

/* A peer that has gone altogether frees its place, though the other one never closes; its last bytes still arrive. */
static int check_gone_peer(void) {
  int left, right;
  char got[4];
  pid_t relaying = start_relay(&left, &right);
  CHECK(relaying > 0);
  CHECK(write_full(left, "last", 4));
  close(left);
  CHECK(read_full(right, got, 4) && memcmp(got, "last", 4) == 0 && !read_full(right, got, 1));
  CHECK(ends(relaying));
  close(right);

  relaying = start_relay(&left, &right); /* gone while the other one does not read: nobody spins meanwhile */
  CHECK(relaying > 0);
  static uint8_t block[RELAY_BYTES];
  unsigned before = __atomic_load_n(polls, __ATOMIC_SEQ_CST);
  pid_t writing = fork();
  if (writing == 0) {
    close(right);
    for (int i = 0; i < 32; i++) if (!write_full(left, block, sizeof block)) _exit(1);
    _exit(0);
  }
  close(left);
  wait_for_rest();
  for (int i = 0; i < 32; i++) {
    CHECK(read_full(right, block, sizeof block));
    if (i % 3 == 0) wait_for_rest();
  }
  CHECK(!read_full(right, got, 1) && ends(writing) && ends(relaying));
  CHECK(__atomic_load_n(polls, __ATOMIC_SEQ_CST) - before < 3000);
  close(right);

  relaying = start_relay(&left, &right); /* and one that writes to it is cut off */
  CHECK(relaying > 0);
  close(left);
  signal(SIGPIPE, SIG_IGN);
  while (write_full(right, "more", 4)) { /* until the relay has gone */ }
  CHECK(errno == EPIPE || errno == ECONNRESET);
  CHECK(ends(relaying));
  close(right);
  return 0;
}

static void too_long(int number) {
  char what[400];
  memset(what, 'x', sizeof what);
  what[sizeof what - 1] = 0;
  step = "step";
  say(what, number);
  say_number(what, number);
}

static int check_console(void) {
  char said[512];
  CHECK(run_child(too_long, ENOENT, said) == 0);
  CHECK(strlen(said) == 256 && said[255] == '\n' && memcmp(said, "caladrius init: step: xxx", 25) == 0);
  return 0;
}

int main(void) {
  signal(SIGPIPE, SIG_IGN);
  alarm(30); /* what waits for ever fails */
  polls = mmap(NULL, sizeof *polls, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (polls == MAP_FAILED) return 1;
  for (int round = 0; round < 2; round++) {
    if (check_nsm() || check_cut_frames() || check_random() || check_lines() || check_relay() || check_slow_peer() || check_gone_peer()) return 1;
    if (!interrupted && (check_entropy() || check_heartbeat() || check_console())) return 1;
    interrupted = true;
  }
  return 0;
}
