/*
 * The whole of init.c as process 1 of a pid namespace, over a folder that is laid out like the two ramdisks: the linker
 * hands vsock to Unix sockets, /dev to a tmpfs, and the hardware's ioctls and the reboot to this file.
 *
 *   init-boot FOLDER    FOLDER has dev, rootfs, cmd, env and vsock; vsock/<port> stands for CID 3, vsock/guest-5000 for init
 *
 * Where FOLDER/vsock/nsm is, it answers what the driver would: u32 length and request, u32 length and response, one each
 * connection. Else the driver answers every request with the same random bytes.
 * What init and the program write goes to FOLDER/console. Exit code 42 is a reboot.
 */
#define main init_main
#include "init.c"
#undef main

#include <arpa/inet.h>
#include <sched.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/sysmacros.h>

/* AF_VSOCK, for which this machine need not have a device, as AF_UNIX. */
int __real_socket(int family, int type, int protocol);
int __wrap_socket(int family, int type, int protocol);
int __wrap_socket(int family, int type, int protocol) { return __real_socket(family == AF_VSOCK ? AF_UNIX : family, type, protocol); }

static struct sockaddr_un stand_in(const struct sockaddr *address, bool listening) {
  const struct sockaddr_vm *vm = (const void *)address;
  char path[64];
  if (vm->svm_cid != (listening ? VMADDR_CID_ANY : 3u)) abort();
  snprintf(path, sizeof path, "/vsock/%s%u", listening ? "guest-" : "", vm->svm_port);
  return unix_address(path);
}

int __real_connect(int fd, const struct sockaddr *address, socklen_t length);
int __wrap_connect(int fd, const struct sockaddr *address, socklen_t length);
int __wrap_connect(int fd, const struct sockaddr *address, socklen_t length) {
  if (address->sa_family != AF_VSOCK) return __real_connect(fd, address, length);
  struct sockaddr_un other = stand_in(address, false);
  return __real_connect(fd, (struct sockaddr *)&other, sizeof other);
}

int __real_bind(int fd, const struct sockaddr *address, socklen_t length);
int __wrap_bind(int fd, const struct sockaddr *address, socklen_t length);
int __wrap_bind(int fd, const struct sockaddr *address, socklen_t length) {
  if (address->sa_family != AF_VSOCK) return __real_bind(fd, address, length);
  struct sockaddr_un other = stand_in(address, true);
  return __real_bind(fd, (struct sockaddr *)&other, sizeof other);
}

/* The devices of this machine are left alone: /dev is a tmpfs with what init opens. */
int __real_mount(const char *source, const char *target, const char *type, unsigned long flags, const void *data);
int __wrap_mount(const char *source, const char *target, const char *type, unsigned long flags, const void *data);
int __wrap_mount(const char *source, const char *target, const char *type, unsigned long flags, const void *data) {
  if (type == NULL || strcmp(type, "devtmpfs") != 0) return __real_mount(source, target, type, flags, data);
  if (__real_mount("tmpfs", target, "tmpfs", 0, NULL) != 0) return -1;
  for (const char *const *name = (const char *const[]){ "/dev/console", "/dev/nsm", "/dev/random", NULL }; *name != NULL; name++)
    if (mknod(*name, S_IFREG | 0600, 0) != 0) return -1;
  return __real_mount("/console", "/dev/console", NULL, MS_BIND, NULL);
}

int __real_statfs(const char *path, struct statfs *buffer);
int __wrap_statfs(const char *path, struct statfs *buffer);
int __wrap_statfs(const char *path, struct statfs *buffer) {
  int result = __real_statfs(path, buffer);
  if (access("/full", F_OK) == 0) buffer->f_bfree = 0; /* as a root is whose unpacking broke off */
  return result;
}

static bool has_module;

/* As the driver does: the response where the caller has room for it, and its length. */
static int ask_module(struct nsm_raw *raw) {
  int module = unix_connect("/vsock/nsm");
  if (module < 0) return -1;
  uint32_t head = htonl((uint32_t)raw->request.len);
  bool ok = write_full(module, &head, sizeof head) && write_full(module, (const void *)(uintptr_t)raw->request.addr, raw->request.len) &&
            read_full(module, &head, sizeof head) && ntohl(head) <= raw->response.len;
  if (ok) ok = read_full(module, (void *)(uintptr_t)raw->response.addr, raw->response.len = ntohl(head));
  close(module);
  return ok ? 0 : (errno = EIO, -1);
}

int __wrap_ioctl(int fd, unsigned long request, void *argument);
int __wrap_ioctl(int fd, unsigned long request, void *argument) {
  static const uint8_t random[] = "\xa1\x69" "GetRandom" "\xa1\x66" "random" "\x58\x20" "0123456789abcdef0123456789abcdef";
  if (fd < 0) return errno = EBADF, -1;
  const struct rand_pool_info *pool = argument;
  if (request == RNDADDENTROPY) return pool->buf_size >= 32 && pool->entropy_count == 8 * pool->buf_size ? 0 : (errno = EINVAL, -1);
  if (request == RNDRESEEDCRNG) return 0;
  if (request != NSM_IOCTL_RAW) return errno = ENOTTY, -1;
  struct nsm_raw *raw = argument;
  if (has_module) return ask_module(raw);
  memcpy((void *)(uintptr_t)raw->response.addr, random, raw->response.len = sizeof random - 1);
  return 0;
}

long __wrap_syscall(long number, ...);
long __wrap_syscall(long number, ...) {
  va_list list;
  va_start(list, number);
  int fd = va_arg(list, int);
  va_end(list);
  char module[8] = "";
  return number == SYS_finit_module && read(fd, module, 7) == 6 && memcmp(module, "MODULE", 6) == 0 ? 0 : (errno = ENOEXEC, -1);
}

int __wrap_reboot(int how);
int __wrap_reboot(int how) { _exit(how == RB_AUTOBOOT ? 42 : 43); }

int main(int count, char **words) {
  if (count != 2) return 2;
  int console = -1;
  if (chdir(words[1]) != 0 || (console = open("console", O_CREAT | O_RDWR | O_TRUNC, 0600)) < 0) return 3;
  dup2(console, STDERR_FILENO);
  has_module = access("vsock/nsm", F_OK) == 0;
  if (unshare(CLONE_NEWNS | CLONE_NEWPID) != 0) return 77; /* not allowed here */
  pid_t child = fork();
  if (child == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getpid() != 1 || __real_mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 || chroot(".") != 0) _exit(78);
    for (int fd = 3; fd < 1024; fd++) close(fd);
    umask(022);
    _exit(init_main());
  }
  int status;
  return waitpid(child, &status, 0) == child && WIFEXITED(status) ? WEXITSTATUS(status) : 79;
}
