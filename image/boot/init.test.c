/* Runs the parts of init.c that need no enclave: each check that fails ends this program with its line number. */
#define main init_main
#include "init.c"
#undef main

#include <stdio.h>
#include <stdlib.h>

#define CHECK(condition) do { if (!(condition)) { printf("init.test.c:%d: %s\n", __LINE__, #condition); return 1; } } while (0)

/* The linker gives us every ioctl (-Wl,--wrap=ioctl): a driver that echoes, refuses 0xff and is broken for 0xfe. */
int __wrap_ioctl(int fd, unsigned long request, struct nsm_raw *raw);
int __wrap_ioctl(int fd, unsigned long request, struct nsm_raw *raw) {
  const uint8_t *bytes = (const uint8_t *)(uintptr_t)raw->request.addr;
  if (fd != 77 || request != 0xC0200A00) return errno = EINVAL, -1;
  if (bytes[0] == 0xff) return errno = EMSGSIZE, -1;
  if (bytes[0] == 0xfe) return errno = ETIMEDOUT, -1;
  memcpy((void *)(uintptr_t)raw->response.addr, bytes, raw->request.len);
  raw->response.len = raw->request.len;
  return 0;
}

static int check_nsm(void) {
  int pair[2];
  CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
  pid_t child = fork();
  if (child == 0) { close(pair[0]); relay_nsm(pair[1], 77); _exit(0); }
  close(pair[1]);
  static uint8_t big[4 + 5000] = { 0, 0, 0x13, 0x88 };
  static const struct { const char *bytes; size_t length; const char *answer; size_t expected; } rows[] = {
    { "\0\0\0\x03" "abc", 7, "\0\0\0\x03" "abc", 7 },
    { "\0\0\0\x01\xff", 5, "\0\0\0\x15\xa1\x65" "Error" "\x6d" "InputTooLarge", 25 },
    { "\0\0\0\x01\xfe", 5, "\0\0\0\x15\xa1\x65" "Error" "\x6d" "InternalError", 25 },
    { (const char *)big, sizeof big, "\0\0\0\x15\xa1\x65" "Error" "\x6d" "InputTooLarge", 25 },
    { "\0\0\0\x01z", 5, "\0\0\0\x01z", 5 },
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    char answer[64];
    CHECK(write_full(pair[0], rows[i].bytes, rows[i].length) && read_full(pair[0], answer, rows[i].expected));
    CHECK(memcmp(answer, rows[i].answer, rows[i].expected) == 0);
  }
  char rest;
  CHECK(write_full(pair[0], "\xff\xff\xff\xff", 4) && read(pair[0], &rest, 1) == 0); /* 4 GiB: hang up */
  close(pair[0]);
  return waitpid(child, NULL, 0) == child ? 0 : 1;
}

static int check_random(void) {
  size_t count = 0;
  const uint8_t whole[] = "\xa1\x69" "GetRandom" "\xa1\x66" "random" "\x44" "abcd";
  const uint8_t two[] = "\xa1\x66" "random" "\x59\x01\x00" "abcd", one[] = "\xbf\x66" "random" "\x58\x02" "xy";
  const uint8_t *at = random_of(whole, sizeof whole - 1, &count);
  CHECK(at != NULL && count == 4 && memcmp(at, "abcd", 4) == 0);
  CHECK(random_of(one, sizeof one - 1, &count) != NULL && count == 2);
  CHECK(random_of(two, sizeof two - 1, &count) == NULL);             /* says 256, holds 4 */
  CHECK(random_of(whole, sizeof whole - 2, &count) == NULL);         /* one byte short */
  for (size_t cut = 0; cut < sizeof whole - 1; cut++) CHECK(random_of(whole, cut, &count) == NULL);
  return 0;
}

static int check_lines(void) {
  static const struct { const char *text; size_t length; int lines; } rows[] = {
    { "/usr/bin/node\n--permission\n\n", 28, 3 }, { "", 0, 0 }, { "no end", 6, -1 }, { "a\0b\n", 4, -1 },
  };
  char path[] = "/tmp/init-test-XXXXXX", buffer[FILE_BYTES], *lines[MAX_LINES + 1];
  int fd = mkstemp(path);
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    CHECK(ftruncate(fd, 0) == 0 && pwrite(fd, rows[i].text, rows[i].length, 0) == (ssize_t)rows[i].length);
    CHECK(read_lines(path, buffer, lines) == (rows[i].lines >= 0));
    int count = 0;
    while (rows[i].lines >= 0 && lines[count] != NULL) count++;
    CHECK(rows[i].lines < 0 || count == rows[i].lines);
  }
  for (int i = 0; i <= MAX_LINES; i++) CHECK(pwrite(fd, "x\n", 2, 2 * i) == 2);
  CHECK(!read_lines(path, buffer, lines)); /* one line too many */
  CHECK(ftruncate(fd, FILE_BYTES) == 0 && !read_lines(path, buffer, lines));
  unlink(path);
  CHECK(!read_lines(path, buffer, lines));
  return 0;
}

/* 1 MiB one way through two socket pairs, then an answer after the half-close. */
static int check_relay(void) {
  int left[2], right[2];
  CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, left) == 0 && socketpair(AF_UNIX, SOCK_STREAM, 0, right) == 0);
  pid_t relaying = fork();
  if (relaying == 0) { close(left[0]); close(right[0]); relay(left[1], right[1]); _exit(0); }
  pid_t writing = fork();
  if (writing == 0) {
    close(right[0]); close(right[1]); close(left[1]);
    for (uint32_t i = 0; i < 1 << 18; i++) if (!write_full(left[0], &i, sizeof i)) _exit(1);
    shutdown(left[0], SHUT_WR);
    char answer[4];
    _exit(read_full(left[0], answer, 4) && memcmp(answer, "done", 4) == 0 && read(left[0], answer, 1) == 0 ? 0 : 2);
  }
  close(left[0]); close(left[1]); close(right[1]);
  uint32_t got;
  for (uint32_t i = 0; i < 1 << 18; i++) CHECK(read_full(right[0], &got, sizeof got) && got == i);
  CHECK(read(right[0], &got, 1) == 0 && write_full(right[0], "done", 4));
  close(right[0]);
  int status;
  CHECK(waitpid(writing, &status, 0) == writing && status == 0);
  return waitpid(relaying, NULL, 0) == relaying ? 0 : 1;
}

int main(void) {
  signal(SIGPIPE, SIG_IGN);
  return check_nsm() || check_random() || check_lines() || check_relay();
}
