/*
 * Process 1 of the enclave.
 *
 * It mounts, answers the heartbeat, seeds the kernel's entropy from the Nitro Security Module, and then stands between
 * the measured program, which knows three Unix sockets and nothing else, and the hardware:
 *
 *   run/caladrius/nsm    u32 length + NSM request / response  <->  ioctl on /dev/nsm
 *   run/caladrius/serve  the program listens                  <-   vsock port 5000, from the parent instance
 *   run/caladrius/kms    the program connects                  ->  vsock CID 3 port 8000, the parent's forwarder
 *
 * It never looks into what it relays. When the program ends, or anything that has to work does not, the enclave ends.
 * Static, no dependencies, one process per connection. Each line on the console is "caladrius init: STEP: WHAT", with the
 * system's reason behind a failure; nothing that it relays or that the program knows is ever in one.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <linux/random.h>
#include <linux/vm_sockets.h>

enum {
  PARENT_CID = 3, HEARTBEAT_PORT = 9000, SERVE_PORT = 5000, KMS_PORT = 8000,
  HEARTBEAT_BYTE = 0xB7, HEARTBEAT_SECONDS = 30, CONNECT_SECONDS = 10, NSM_WAIT_MS = 5000,
  PROGRAM_USER = 1000, RELAY_USER = 65534,
  NSM_MAX_REQUEST = 4096, NSM_MAX_RESPONSE = 12288, NSM_MAX_SKIPPED = 65536,
  RELAY_BYTES = 32768, /* larger writes collapse on vsock */
  RELAYS_EACH = 48,    /* connections at a time per socket, so that none starves another */
  FILE_BYTES = 16384, MAX_LINES = 64,
  ENTROPY_BYTES = 32, /* what the kernel's generator is keyed with */
};

#define SOCKETS "/rootfs/run/caladrius"

/* drivers/misc/nsm.c: struct nsm_raw, NSM_IOCTL_RAW */
struct nsm_iovec { uint64_t addr, len; };
struct nsm_raw { struct nsm_iovec request, response; };
#define NSM_IOCTL_RAW _IOWR(0x0A, 0x0, struct nsm_raw)
_Static_assert(NSM_IOCTL_RAW == 0xC0200A00, "the number of the ioctl is part of the driver's interface");

/* ---- the console, and the end --------------------------------------------------------------------------------- */

static const char *step = "start"; /* what is being done: every line says it */

/* One line, in one write: those of several processes do not mix. */
static void say(const char *what, int error) {
  char line[256];
  int length = error == 0 ? snprintf(line, sizeof line, "caladrius init: %s: %s\n", step, what)
                          : snprintf(line, sizeof line, "caladrius init: %s: %s: %s (%d)\n", step, what, strerror(error), error);
  if (length >= (int)sizeof line) line[(length = sizeof line) - 1] = '\n';
  if (write(STDERR_FILENO, line, (size_t)length) < 0) { /* there is nobody else to tell */ }
}

static void say_number(const char *what, int number) {
  char text[128];
  if (snprintf(text, sizeof text, "%s %d", what, number) < (int)sizeof text) say(text, 0);
}

static _Noreturn void end(void) {
  if (getpid() != 1) _exit(1);
  say("the enclave ends", 0);
  sync();
  reboot(RB_AUTOBOOT); /* on Nitro this ends the enclave */
  for (;;) pause();
}

/* For what sets errno. */
static void must(bool ok, const char *otherwise) {
  if (ok) return;
  say(otherwise, errno);
  end();
}

/* ---- reading and writing ------------------------------------------------------------------------------------- */

/* False when it breaks or ends before; errno says which (ENODATA: it ended). */
static bool read_full(int fd, void *to, size_t length) {
  for (size_t at = 0; at < length;) {
    ssize_t got = read(fd, (char *)to + at, length - at);
    if (got < 0 && errno == EINTR) continue;
    if (got == 0) errno = ENODATA;
    if (got <= 0) return false;
    at += (size_t)got;
  }
  return true;
}

static bool write_full(int fd, const void *from, size_t length) {
  for (size_t at = 0; at < length;) {
    ssize_t put = write(fd, (const char *)from + at, length - at);
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) return false;
    at += (size_t)put;
  }
  return true;
}

/* Split a file of lines in place; every line has to end with \n. False when it is missing, too long or not of that form. */
static bool read_lines(const char *path, char buffer[FILE_BYTES], char *lines[MAX_LINES + 1]) {
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  size_t length = 0;
  ssize_t got = 1;
  while (length < FILE_BYTES && got != 0) {
    got = read(fd, buffer + length, FILE_BYTES - length);
    if (got < 0 && errno != EINTR) break;
    if (got > 0) length += (size_t)got;
  }
  close(fd);
  if (got < 0) return false;
  errno = EFBIG;
  if (length == FILE_BYTES) return false;
  errno = EBADMSG;
  if ((length > 0 && buffer[length - 1] != '\n') || memchr(buffer, 0, length) != NULL) return false;
  size_t count = 0;
  for (char *line = buffer, *stop; line < buffer + length; line = stop + 1) {
    stop = memchr(line, '\n', (size_t)(buffer + length - line));
    if (count == MAX_LINES) return false;
    *stop = 0;
    lines[count++] = line;
  }
  lines[count] = NULL;
  return true;
}

/* ---- sockets ------------------------------------------------------------------------------------------------- */

static int vsock_connect(unsigned cid, unsigned port, time_t seconds) {
  int fd = socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  struct timeval limit = { .tv_sec = seconds };
  setsockopt(fd, AF_VSOCK, SO_VM_SOCKETS_CONNECT_TIMEOUT, &limit, sizeof limit);
  struct sockaddr_vm address = { .svm_family = AF_VSOCK, .svm_cid = cid, .svm_port = port };
  if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0) return fd;
  int error = errno;
  close(fd);
  errno = error;
  return -1;
}

static int vsock_listen(unsigned port) {
  int fd = socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  struct sockaddr_vm address = { .svm_family = AF_VSOCK, .svm_cid = VMADDR_CID_ANY, .svm_port = port };
  must(fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof address) == 0 && listen(fd, RELAYS_EACH) == 0, "cannot listen on vsock port 5000");
  return fd;
}

static struct sockaddr_un unix_address(const char *path) {
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  strncpy(address.sun_path, path, sizeof address.sun_path - 1);
  return address;
}

static int unix_connect(const char *path) {
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  struct sockaddr_un address = unix_address(path);
  if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) == 0) return fd;
  int error = errno;
  if (fd >= 0) close(fd);
  errno = error;
  return -1;
}

/* A socket that the program alone may connect to. */
static int unix_listen(const char *path) {
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  struct sockaddr_un address = unix_address(path);
  must(fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof address) == 0 && listen(fd, RELAYS_EACH) == 0 &&
           chown(path, PROGRAM_USER, PROGRAM_USER) == 0 && chmod(path, 0600) == 0, path);
  return fd;
}

/* ---- relays, each in a process of its own -------------------------------------------------------------------- */

/* Give up every privilege, for good: leaving user 0 empties the capabilities, and no exec brings one back. */
static void become(uid_t user) {
  struct rlimit none = { 0, 0 };
  must(setrlimit(RLIMIT_CORE, &none) == 0 && setgroups(0, NULL) == 0 && setresgid(user, user, user) == 0 &&
           setresuid(user, user, user) == 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0, "cannot give up privileges");
}

struct flow { int from, to; size_t at, length; bool ended, closed; char bytes[RELAY_BYTES]; };

/* Move what can be moved without waiting. False when the connection is broken. */
static bool move_bytes(struct flow *flow) {
  if (flow->at == flow->length && !flow->ended) {
    ssize_t got = read(flow->from, flow->bytes, sizeof flow->bytes);
    if (got < 0 && errno != EAGAIN && errno != EINTR) return false;
    if (got == 0) flow->ended = true;
    flow->at = 0;
    flow->length = got > 0 ? (size_t)got : 0;
  }
  if (flow->at < flow->length) {
    ssize_t put = send(flow->to, flow->bytes + flow->at, flow->length - flow->at, MSG_NOSIGNAL);
    if (put < 0 && errno != EAGAIN && errno != EINTR) return false;
    if (put > 0) flow->at += (size_t)put;
  }
  if (flow->ended && flow->at == flow->length && !flow->closed) {
    flow->closed = true;
    shutdown(flow->to, SHUT_WR); /* the other direction may go on */
  }
  return true;
}

/*
 * Relay two sockets until both directions have ended or one breaks; neither is read faster than the other writes. Where a
 * peer is wholly gone, what was on its way to it is dropped: nobody would ever say that it may end.
 */
static void relay(int a, int b) {
  static struct flow flows[2];
  memset(flows, 0, sizeof flows);
  flows[0].from = flows[1].to = a;
  flows[0].to = flows[1].from = b;
  fcntl(a, F_SETFL, O_NONBLOCK);
  fcntl(b, F_SETFL, O_NONBLOCK);
  while (!flows[0].closed || !flows[1].closed) {
    struct pollfd wait[2] = { { .fd = a }, { .fd = b } };
    for (int i = 0; i < 2; i++) {
      bool full = flows[i].at < flows[i].length;
      if (full) wait[1 - i].events |= POLLOUT;
      else if (!flows[i].ended) wait[i].events |= POLLIN;
    }
    for (int i = 0; i < 2; i++) {
      /* a hung-up side is told at once and for ever: look at it only where that changes something */
      bool watched = wait[i].events != 0 || (flows[i].ended && !flows[1 - i].closed);
      if (!watched) wait[i].fd = -1;
    }
    if (poll(wait, 2, -1) < 0 && errno != EINTR) return;
    for (int i = 0; i < 2; i++) {
      if ((wait[i].revents & (POLLHUP | POLLERR)) == 0 || !flows[i].ended || flows[1 - i].closed) continue;
      flows[1 - i].ended = flows[1 - i].closed = true;
      flows[1 - i].at = flows[1 - i].length = 0;
    }
    if (!move_bytes(&flows[0]) || !move_bytes(&flows[1])) return;
  }
}

static const char TOO_LARGE[] = "\xa1\x65" "Error" "\x6d" "InputTooLarge";
static const char FAILED[] = "\xa1\x65" "Error" "\x6d" "InternalError";

/* One NSM command; returns the length of the response. What the driver does not answer becomes an answer of its kind. */
static size_t nsm_command(int nsm, const void *request, size_t length, uint8_t response[NSM_MAX_RESPONSE]) {
  struct nsm_raw raw = { { (uintptr_t)request, length }, { (uintptr_t)response, NSM_MAX_RESPONSE } };
  const char *failure = FAILED;
  int error = EMSGSIZE;
  if (length <= NSM_MAX_REQUEST) {
    do error = ioctl(nsm, NSM_IOCTL_RAW, &raw) == 0 ? 0 : errno; while (error == EINTR);
    if (error == 0 && raw.response.len > 0 && raw.response.len <= NSM_MAX_RESPONSE) return raw.response.len;
    if (error == 0) error = EPROTO;
  }
  if (error == EMSGSIZE) failure = TOO_LARGE;
  else say("the driver did not answer", error);
  memcpy(response, failure, sizeof FAILED - 1);
  return sizeof FAILED - 1;
}
_Static_assert(sizeof FAILED == sizeof TOO_LARGE, "both errors have one length");

/* Answer the program's NSM requests until it hangs up. The lengths come from the program. */
static void relay_nsm(int program, int nsm) {
  static uint8_t request[NSM_MAX_SKIPPED], response[4 + NSM_MAX_RESPONSE];
  uint8_t head[4];
  while (read_full(program, head, sizeof head)) {
    size_t length = (size_t)head[0] << 24 | (size_t)head[1] << 16 | (size_t)head[2] << 8 | head[3];
    if (length > sizeof request || !read_full(program, request, length)) return;
    size_t answer = nsm_command(nsm, request, length, response + 4);
    response[0] = response[1] = 0;
    response[2] = (uint8_t)(answer >> 8);
    response[3] = (uint8_t)answer;
    if (!write_full(program, response, 4 + answer)) return;
  }
}

/* ---- start --------------------------------------------------------------------------------------------------- */

static void mount_console(void) {
  step = "console";
  must(mount("devtmpfs", "/dev", "devtmpfs", MS_NOSUID | MS_NOEXEC, "mode=0755") == 0 || errno == EBUSY, "cannot mount /dev");
  /* Without a console there is nobody to tell; but 0, 1 and 2 must be open, or a socket would become the program's stdout. */
  int console = open("/dev/console", O_RDWR | O_NOCTTY);
  if (console < 0) console = open("/dev/null", O_RDWR);
  must(console >= 0, "neither /dev/console nor /dev/null opens");
  for (int fd = 0; fd < 3; fd++) must(dup2(console, fd) == fd, "cannot become stdin, stdout and stderr");
  if (console > 2) close(console);
}

/*
 * A kernel whose memory is too small unpacks as much as fits, says so and goes on: a part of what was measured would run.
 * It stops where no page is left, and nothing has been removed since.
 */
static void need_whole_ramdisks(void) {
  struct statfs root;
  step = "ramdisks";
  must(statfs("/", &root) == 0, "cannot look at the root");
  errno = ENOSPC;
  must(root.f_blocks == 0 || root.f_bfree > 0, "they were not unpacked whole: the memory is too small");
}

/* What was measured stays as it is: the program's root is read-only but for its sockets. It gets no /dev and no /sys. */
static void mount_root(void) {
  const unsigned long plain = MS_NOSUID | MS_NODEV | MS_NOEXEC;
  step = "mounts";
  must(mount("/rootfs", "/rootfs", NULL, MS_BIND, NULL) == 0, "no /rootfs: was the application ramdisk lost?");
  must(mount("proc", "/rootfs/proc", "proc", plain, "hidepid=2") == 0, "cannot mount proc");
  must(mount("tmpfs", "/rootfs/run", "tmpfs", plain, "mode=0755,size=1m") == 0, "cannot mount run");
  must(mount("tmpfs", "/rootfs/tmp", "tmpfs", plain, "mode=1777,size=1m") == 0, "cannot mount tmp");
  must(mount(NULL, "/rootfs", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV, NULL) == 0, "cannot protect the root");
  must(mkdir(SOCKETS, 0700) == 0 && chown(SOCKETS, PROGRAM_USER, PROGRAM_USER) == 0, "cannot make the sockets' folder");
}

static char cmd_bytes[FILE_BYTES], env_bytes[FILE_BYTES];
static char *arguments[MAX_LINES + 1], *variables[MAX_LINES + 1];

/* Before the heartbeat: an image without its program then fails to start, and whoever started it is told. */
static void read_command(void) {
  step = "command";
  must(read_lines("/cmd", cmd_bytes, arguments), "cannot read /cmd: was the application ramdisk lost?");
  errno = EINVAL;
  must(arguments[0] != NULL, "/cmd is empty");
  must(read_lines("/env", env_bytes, variables), "cannot read /env: was the application ramdisk lost?");
  must(unlink("/cmd") == 0 && unlink("/env") == 0, "cannot remove /cmd and /env");
}

/* Kernels with the driver built in have no nsm.ko, and nothing is missing then. */
static void load_nsm(void) {
  step = "nsm.ko";
  int fd = open("/nsm.ko", O_RDONLY | O_CLOEXEC);
  if (fd < 0 && errno == ENOENT) return;
  must(fd >= 0, "cannot open it");
  must(syscall(SYS_finit_module, fd, "", 0) == 0 || errno == EEXIST, "the kernel does not load it");
  close(fd);
  must(unlink("/nsm.ko") == 0, "cannot remove it");
  say("loaded", 0);
}

static int open_nsm(void) {
  step = "nsm";
  for (int waited = 0; waited < NSM_WAIT_MS; waited += 10) {
    int fd = open("/dev/nsm", O_RDWR | O_CLOEXEC);
    if (fd >= 0) return fd;
    nanosleep(&(struct timespec){ .tv_nsec = 10000000 }, NULL);
  }
  must(false, "/dev/nsm does not open");
  return -1;
}

/* Write the byte and need the same one back; errno says why not. */
static bool beat(int fd) {
  uint8_t byte = HEARTBEAT_BYTE;
  struct timeval limit = { .tv_sec = HEARTBEAT_SECONDS };
  if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) != 0 || !write_full(fd, &byte, 1) || !read_full(fd, &byte, 1)) return false;
  errno = EPROTO;
  return byte == HEARTBEAT_BYTE;
}

/* The hypervisor waits for this byte from port 9000 of its own side, and ends enclaves that do not send it. */
static void heartbeat(void) {
  step = "heartbeat";
  int fd = vsock_connect(PARENT_CID, HEARTBEAT_PORT, HEARTBEAT_SECONDS);
  must(fd >= 0, "no connection to vsock CID 3 port 9000");
  must(beat(fd), "the byte 0xB7 did not come back");
  close(fd);
  say("answered", 0);
}

/* The byte string after the key "random" of a GetRandom response; NULL unless it is all there. */
static const uint8_t *random_of(const uint8_t *response, size_t length, size_t *count) {
  const uint8_t *key = memmem(response, length, "\x66" "random", 7);
  if (key == NULL) return NULL;
  const uint8_t *at = key + 7, *stop = response + length;
  if (stop - at < 3) return NULL;
  if (*at == 0x58) { *count = at[1]; at += 2; }
  else if (*at == 0x59) { *count = (size_t)at[1] << 8 | at[2]; at += 3; }
  else if (*at >= 0x40 && *at < 0x58) { *count = *at - 0x40u; at += 1; }
  else return NULL;
  return *count > 0 && *count <= (size_t)(stop - at) ? at : NULL;
}

/* Without this the kernel's pool holds what the host could guess; no key is made before it. */
static void seed_entropy(int nsm) {
  static uint8_t response[NSM_MAX_RESPONSE];
  static union { struct rand_pool_info info; uint8_t bytes[sizeof(struct rand_pool_info) + NSM_MAX_RESPONSE]; } pool;
  const char request[] = "\x69" "GetRandom";
  step = "entropy";
  size_t length = nsm_command(nsm, request, sizeof request - 1, response), count = 0;
  const uint8_t *random = random_of(response, length, &count);
  errno = EPROTO;
  must(random != NULL && count >= ENTROPY_BYTES, "the NSM gave less than 32 random bytes");
  pool.info.buf_size = (int)count;
  pool.info.entropy_count = (int)count * 8;
  memcpy(pool.bytes + offsetof(struct rand_pool_info, buf), random, count);
  int device = open("/dev/random", O_RDWR | O_CLOEXEC);
  must(device >= 0, "cannot open /dev/random");
  must(ioctl(device, RNDADDENTROPY, &pool) == 0, "the kernel does not take it");
  /* Where CPU or boot loader were trusted the generator runs already and would take the pool minutes later; 4.14 lacks this. */
  must(ioctl(device, RNDRESEEDCRNG, NULL) == 0 || errno == EINVAL, "the kernel does not use it");
  explicit_bzero(&pool, sizeof pool);
  explicit_bzero(response, sizeof response);
  close(device);
  say_number("bytes from the NSM:", (int)count);
}

static pid_t start_program(void) {
  step = "program";
  say_number("starts as user", PROGRAM_USER);
  pid_t child = fork();
  must(child >= 0, "cannot fork");
  if (child > 0) return child;
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  signal(SIGPIPE, SIG_DFL);
  setsid();
  must(chroot("/rootfs") == 0 && chdir("/") == 0, "cannot enter its root");
  become(PROGRAM_USER);
  execve(arguments[0], arguments, variables);
  must(false, "cannot execute it");
  return -1;
}

/* ---- the loop ------------------------------------------------------------------------------------------------ */

enum { NSM, SERVE, KMS, LISTENERS };
static pid_t relays[LISTENERS][RELAYS_EACH];

static const char *const RELAY_NAMES[LISTENERS] = { [NSM] = "nsm relay", [SERVE] = "serve relay", [KMS] = "kms relay" };

static void on_child(int signal_number) { (void)signal_number; } /* exists to interrupt ppoll */

static _Noreturn void program_ended(int status) {
  step = "program";
  if (WIFSIGNALED(status)) say_number("it was ended by signal", WTERMSIG(status));
  else say_number("it ended with exit code", WEXITSTATUS(status));
  end();
}

static void reap(pid_t program) {
  int status;
  for (pid_t gone; (gone = waitpid(-1, &status, WNOHANG)) > 0;) {
    if (gone == program) program_ended(status);
    for (int which = 0; which < LISTENERS; which++)
      for (int slot = 0; slot < RELAYS_EACH; slot++) if (relays[which][slot] == gone) relays[which][slot] = 0;
  }
}

static _Noreturn void run_relay(int which, int accepted, int nsm) {
  int other = which == SERVE ? unix_connect(SOCKETS "/serve") : which == KMS ? vsock_connect(PARENT_CID, KMS_PORT, CONNECT_SECONDS) : nsm;
  int error = errno;
  if (which != NSM) close(nsm);
  fcntl(accepted, F_SETFL, 0);
  become(RELAY_USER);
  if (other < 0) say(which == SERVE ? "the program does not listen" : "no connection to vsock CID 3 port 8000", error);
  else if (which == NSM) relay_nsm(accepted, nsm);
  else relay(accepted, other);
  _exit(0);
}

static void accept_one(int which, const struct pollfd *listeners, int nsm) {
  static bool full[LISTENERS]; /* said once until a place is free again */
  int accepted = accept4(listeners[which].fd, NULL, NULL, SOCK_CLOEXEC);
  if (accepted < 0) return;
  step = RELAY_NAMES[which];
  int slot = 0;
  while (slot < RELAYS_EACH && relays[which][slot] != 0) slot++;
  if (slot < RELAYS_EACH) {
    full[which] = false;
    pid_t child = fork();
    if (child == 0) {
      for (int i = 0; i < LISTENERS; i++) close(listeners[i].fd);
      run_relay(which, accepted, nsm);
    }
    if (child > 0) relays[which][slot] = child;
    else say("cannot fork", errno);
  } else if (!full[which]) {
    full[which] = true;
    say("every place is taken, further connections are closed", 0);
  }
  close(accepted);
}

int main(void) {
  if (getpid() != 1) {
    say("this is process 1 of an enclave, and nothing else", 0);
    return 1;
  }
  sigset_t child_signal, none;
  sigemptyset(&none);
  sigemptyset(&child_signal);
  sigaddset(&child_signal, SIGCHLD);
  sigprocmask(SIG_BLOCK, &child_signal, NULL);
  signal(SIGCHLD, on_child);
  signal(SIGPIPE, SIG_IGN);
  umask(077);

  mount_console();
  need_whole_ramdisks();
  mount_root();
  read_command();
  load_nsm();
  heartbeat();
  int nsm = open_nsm();
  seed_entropy(nsm);
  step = "sockets";
  struct pollfd listeners[LISTENERS] = {
    [NSM] = { .fd = unix_listen(SOCKETS "/nsm"), .events = POLLIN },
    [SERVE] = { .fd = vsock_listen(SERVE_PORT), .events = POLLIN },
    [KMS] = { .fd = unix_listen(SOCKETS "/kms"), .events = POLLIN },
  };
  pid_t program = start_program();
  for (;;) {
    reap(program);
    if (ppoll(listeners, LISTENERS, NULL, &none) <= 0) continue;
    for (int i = 0; i < LISTENERS; i++) if (listeners[i].revents & POLLIN) accept_one(i, listeners, nsm);
  }
}
