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
 * Static, no dependencies, one process per connection; what it writes to the console is fixed text.
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
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
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
};

#define SOCKETS "/rootfs/run/caladrius"

/* drivers/misc/nsm.c: struct nsm_raw, NSM_IOCTL_RAW */
struct nsm_iovec { uint64_t addr, len; };
struct nsm_raw { struct nsm_iovec request, response; };
#define NSM_IOCTL_RAW _IOWR(0x0A, 0x0, struct nsm_raw)
_Static_assert(NSM_IOCTL_RAW == 0xC0200A00, "the number of the ioctl is part of the driver's interface");

/* ---- the end ------------------------------------------------------------------------------------------------- */

static void say(const char *text) {
  char line[160] = "caladrius init: ";
  strncat(line, text, sizeof line - strlen(line) - 2);
  strcat(line, "\n");
  if (write(STDERR_FILENO, line, strlen(line)) < 0) { /* there is nobody else to tell */ }
}

static _Noreturn void end(const char *why) {
  say(why);
  if (getpid() != 1) _exit(1);
  sync();
  reboot(RB_AUTOBOOT); /* on Nitro this ends the enclave */
  for (;;) pause();
}

static void must(bool ok, const char *otherwise) {
  if (!ok) end(otherwise);
}

/* ---- reading and writing ------------------------------------------------------------------------------------- */

static bool read_full(int fd, void *to, size_t length) {
  for (size_t at = 0; at < length;) {
    ssize_t got = read(fd, (char *)to + at, length - at);
    if (got < 0 && errno == EINTR) continue;
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
static bool read_lines(const char *path, char *buffer, char *lines[MAX_LINES + 1]) {
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  size_t length = 0;
  for (ssize_t got; length < FILE_BYTES; length += (size_t)got) {
    got = read(fd, buffer + length, FILE_BYTES - length);
    if (got <= 0) break;
  }
  close(fd);
  if (length == FILE_BYTES || (length > 0 && buffer[length - 1] != '\n') || memchr(buffer, 0, length) != NULL) return false;
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
  close(fd);
  return -1;
}

static int vsock_listen(unsigned port) {
  int fd = socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  struct sockaddr_vm address = { .svm_family = AF_VSOCK, .svm_cid = VMADDR_CID_ANY, .svm_port = port };
  must(fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof address) == 0 && listen(fd, 16) == 0, "cannot listen on vsock");
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
  if (fd >= 0) close(fd);
  return -1;
}

/* A socket that the program alone may connect to. */
static int unix_listen(const char *path) {
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  struct sockaddr_un address = unix_address(path);
  must(fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof address) == 0 && listen(fd, 16) == 0 &&
           chown(path, PROGRAM_USER, PROGRAM_USER) == 0 && chmod(path, 0600) == 0, "cannot listen on a Unix socket");
  return fd;
}

/* ---- relays, each in a process of its own -------------------------------------------------------------------- */

static void become(uid_t user) {
  struct rlimit none = { 0, 0 };
  if (setrlimit(RLIMIT_CORE, &none) != 0 || setgroups(0, NULL) != 0 || setresgid(user, user, user) != 0 ||
      setresuid(user, user, user) != 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) _exit(1);
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

/* Relay two sockets until both directions have ended or one breaks; neither is read faster than the other writes. */
static void relay(int a, int b) {
  static struct flow flows[2];
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
    for (int i = 0; i < 2; i++) if (wait[i].events == 0) wait[i].fd = -1; /* or a hung-up side would spin */
    if (poll(wait, 2, -1) < 0 && errno != EINTR) return;
    if (!move_bytes(&flows[0]) || !move_bytes(&flows[1])) return;
  }
}

static const char TOO_LARGE[] = "\xa1\x65" "Error" "\x6d" "InputTooLarge";
static const char FAILED[] = "\xa1\x65" "Error" "\x6d" "InternalError";

/* One NSM command; returns the length of the response. */
static size_t nsm_command(int nsm, const void *request, size_t length, uint8_t response[NSM_MAX_RESPONSE]) {
  struct nsm_raw raw = { { (uintptr_t)request, length }, { (uintptr_t)response, NSM_MAX_RESPONSE } };
  const char *failure = FAILED;
  if (length <= NSM_MAX_REQUEST) {
    if (ioctl(nsm, NSM_IOCTL_RAW, &raw) == 0) return raw.response.len;
    if (errno == EMSGSIZE) failure = TOO_LARGE;
  } else {
    failure = TOO_LARGE;
  }
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
    if (answer > NSM_MAX_RESPONSE || !write_full(program, response, 4 + answer)) return;
  }
}

/* ---- start --------------------------------------------------------------------------------------------------- */

static void mount_all(void) {
  const unsigned long plain = MS_NOSUID | MS_NODEV | MS_NOEXEC;
  must(mount("devtmpfs", "/dev", "devtmpfs", MS_NOSUID | MS_NOEXEC, "mode=0755") == 0 || errno == EBUSY, "cannot mount /dev");
  int console = open("/dev/console", O_RDWR);
  for (int fd = 0; console >= 0 && fd < 3; fd++) dup2(console, fd);
  if (console > 2) close(console);
  /* What was measured stays as it is: the program's root is read-only but for its sockets. */
  must(mount("/rootfs", "/rootfs", NULL, MS_BIND, NULL) == 0, "no /rootfs: was the application ramdisk lost?");
  must(mount("proc", "/rootfs/proc", "proc", plain, "hidepid=2") == 0, "cannot mount proc");
  must(mount("tmpfs", "/rootfs/run", "tmpfs", plain, "mode=0755,size=1m") == 0, "cannot mount run");
  must(mount("tmpfs", "/rootfs/tmp", "tmpfs", plain, "mode=1777,size=1m") == 0, "cannot mount tmp");
  must(mount(NULL, "/rootfs", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV, NULL) == 0, "cannot protect the root");
  must(mkdir(SOCKETS, 0700) == 0 && chown(SOCKETS, PROGRAM_USER, PROGRAM_USER) == 0, "cannot make the sockets' folder");
}

/* Kernels with the driver built in have no nsm.ko, and nothing is missing then. */
static void load_nsm(void) {
  int fd = open("/nsm.ko", O_RDONLY | O_CLOEXEC);
  if (fd < 0) return;
  must(syscall(SYS_finit_module, fd, "", 0) == 0 || errno == EEXIST, "cannot load nsm.ko");
  close(fd);
  unlink("/nsm.ko");
}

static int open_nsm(void) {
  for (int waited = 0; waited < NSM_WAIT_MS; waited += 10) {
    int fd = open("/dev/nsm", O_RDWR | O_CLOEXEC);
    if (fd >= 0) return fd;
    nanosleep(&(struct timespec){ .tv_nsec = 10000000 }, NULL);
  }
  end("no /dev/nsm");
}

/* The hypervisor waits for this byte from port 9000 of its own side, and ends enclaves that do not send it. */
static void heartbeat(void) {
  uint8_t byte = HEARTBEAT_BYTE;
  int fd = vsock_connect(PARENT_CID, HEARTBEAT_PORT, HEARTBEAT_SECONDS);
  struct timeval limit = { .tv_sec = HEARTBEAT_SECONDS };
  if (fd >= 0) setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  must(fd >= 0 && write_full(fd, &byte, 1) && read_full(fd, &byte, 1) && byte == HEARTBEAT_BYTE, "no heartbeat");
  close(fd);
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
  int device = open("/dev/random", O_RDWR | O_CLOEXEC);
  size_t length = nsm_command(nsm, request, sizeof request - 1, response), count = 0;
  const uint8_t *random = length <= sizeof response ? random_of(response, length, &count) : NULL;
  must(device >= 0 && random != NULL && count >= 32, "no entropy from the NSM");
  pool.info.buf_size = (int)count;
  pool.info.entropy_count = (int)count * 8;
  memcpy(pool.bytes + offsetof(struct rand_pool_info, buf), random, count);
  must(ioctl(device, RNDADDENTROPY, &pool) == 0, "the kernel does not take the entropy");
  explicit_bzero(&pool, sizeof pool);
  explicit_bzero(response, sizeof response);
  close(device);
}

static pid_t start_program(void) {
  static char cmd[FILE_BYTES], env[FILE_BYTES];
  static char *arguments[MAX_LINES + 1], *variables[MAX_LINES + 1];
  must(read_lines("/cmd", cmd, arguments) && arguments[0] != NULL, "no /cmd: was the application ramdisk lost?");
  must(read_lines("/env", env, variables), "no /env: was the application ramdisk lost?");
  unlink("/cmd");
  unlink("/env");
  pid_t child = fork();
  must(child >= 0, "cannot fork");
  if (child > 0) return child;
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  signal(SIGPIPE, SIG_DFL);
  setsid();
  if (chroot("/rootfs") != 0 || chdir("/") != 0) _exit(1);
  become(PROGRAM_USER);
  execve(arguments[0], arguments, variables);
  _exit(127);
}

/* ---- the loop ------------------------------------------------------------------------------------------------ */

enum { NSM, SERVE, KMS, LISTENERS };
static pid_t relays[LISTENERS][RELAYS_EACH];

static void on_child(int signal_number) { (void)signal_number; } /* exists to interrupt ppoll */

static void reap(pid_t program) {
  for (pid_t gone; (gone = waitpid(-1, NULL, WNOHANG)) > 0;) {
    if (gone == program) end("the program has ended");
    for (int i = 0; i < LISTENERS * RELAYS_EACH; i++) if (relays[i / RELAYS_EACH][i % RELAYS_EACH] == gone) relays[i / RELAYS_EACH][i % RELAYS_EACH] = 0;
  }
}

static _Noreturn void run_relay(int which, int accepted, int nsm) {
  int other = which == SERVE ? unix_connect(SOCKETS "/serve") : which == KMS ? vsock_connect(PARENT_CID, KMS_PORT, CONNECT_SECONDS) : nsm;
  fcntl(accepted, F_SETFL, 0);
  become(RELAY_USER);
  if (other >= 0 && which == NSM) relay_nsm(accepted, nsm);
  else if (other >= 0) relay(accepted, other);
  _exit(0);
}

static void accept_one(int which, const struct pollfd *listeners, int nsm) {
  int accepted = accept4(listeners[which].fd, NULL, NULL, SOCK_CLOEXEC);
  if (accepted < 0) return;
  for (int slot = 0; slot < RELAYS_EACH; slot++) {
    if (relays[which][slot] != 0) continue;
    pid_t child = fork();
    if (child == 0) {
      for (int i = 0; i < LISTENERS; i++) close(listeners[i].fd);
      run_relay(which, accepted, nsm);
    }
    if (child > 0) relays[which][slot] = child;
    break;
  }
  close(accepted); /* and that is all when every slot is taken */
}

int main(void) {
  if (getpid() != 1) end("this is process 1 of an enclave, and nothing else");
  sigset_t child_signal, none;
  sigemptyset(&none);
  sigemptyset(&child_signal);
  sigaddset(&child_signal, SIGCHLD);
  sigprocmask(SIG_BLOCK, &child_signal, NULL);
  signal(SIGCHLD, on_child);
  signal(SIGPIPE, SIG_IGN);
  umask(077);

  mount_all();
  load_nsm();
  heartbeat();
  int nsm = open_nsm();
  seed_entropy(nsm);
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
