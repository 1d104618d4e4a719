/* Stands for the program: says what it finds about itself, then serves what it is asked. Exits with 7 when told to. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

extern char **environ;

static struct sockaddr_un at(const char *name) {
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  snprintf(address.sun_path, sizeof address.sun_path, "/run/caladrius/%s", name);
  return address;
}

static int reach(const char *name) {
  struct sockaddr_un address = at(name);
  int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0) { printf("connect %s %d\n", name, errno); exit(1); }
  return fd;
}

static void proc_line(const char *name) {
  char line[256];
  FILE *file = fopen("/proc/self/status", "r");
  while (file != NULL && fgets(line, sizeof line, file) != NULL) if (strncmp(line, name, strlen(name)) == 0) fputs(line, stdout);
  if (file != NULL) fclose(file);
}

static void tell(void) {
  for (int fd = 3; fd < 256; fd++) if (fcntl(fd, F_GETFD) >= 0) printf("inherits %d\n", fd);
  printf("ids %d %d %d %d groups %d session %d\n", getuid(), geteuid(), getgid(), getegid(), getgroups(0, NULL), getsid(0) == getpid());
  for (const char *const *name = (const char *const[]){ "CapEff", "CapPrm", "CapAmb", "NoNewPrivs", "SigBlk", "SigIgn", NULL }; *name; name++) proc_line(*name);
  for (const char *const *path = (const char *const[]){ "/new", "/app/new", "/proc/new", "/run/new", "/tmp/new", "/run/caladrius/new", NULL }; *path; path++) {
    int fd = open(*path, O_CREAT | O_EXCL | O_WRONLY, 0600);
    printf("write %s %s\n", *path, fd >= 0 ? "yes" : errno == EROFS ? "EROFS" : errno == ENOENT ? "ENOENT" : errno == EACCES ? "EACCES" : "?");
  }
  for (const char *const *path = (const char *const[]){ "/cmd", "/env", "/init", "/rootfs", "/dev/nsm", "/proc/1/status", NULL }; *path; path++)
    printf("see %s %s\n", *path, access(*path, F_OK) == 0 ? "yes" : "no");
  for (char **variable = environ; *variable != NULL; variable++) printf("env %s\n", *variable);
}

int main(int count, char **words) {
  for (int i = 0; i < count; i++) printf("argument %s\n", words[i]);
  tell();
  char bytes[4096];
  int nsm = reach("nsm");
  if (write(nsm, "\0\0\0\x0a\x69" "GetRandom", 14) != 14) return 2;
  printf("nsm %zd\n", recv(nsm, bytes, 4 + 53, MSG_WAITALL));
  int kms = reach("kms");
  if (send(kms, "to kms", 6, MSG_NOSIGNAL) != 6 && errno != EPIPE && errno != ECONNRESET) return 3; /* closed already where nobody forwards */
  shutdown(kms, SHUT_WR);
  ssize_t answered = recv(kms, bytes, 8, MSG_WAITALL);
  printf("kms %.*s\n", answered < 0 ? 0 : (int)answered, bytes);
  struct sockaddr_un address = at("serve");
  int server = socket(AF_UNIX, SOCK_STREAM, 0);
  if (bind(server, (struct sockaddr *)&address, sizeof address) != 0 || listen(server, 64) != 0 || chmod(address.sun_path, 0600) != 0) return 4;
  if (fork() == 0) { if (fork() == 0) { usleep(1000); _exit(5); } _exit(0); } /* an orphan, for init to reap */
  puts("listening");
  fflush(stdout);
  struct pollfd all[128] = { { .fd = server, .events = POLLIN } };
  int open_now = 1;
  for (;;) {
    poll(all, (nfds_t)open_now, -1);
    if (all[0].revents != 0 && open_now < 128) all[open_now++] = (struct pollfd){ .fd = accept(server, NULL, NULL), .events = POLLIN };
    for (int i = 1; i < open_now; i++) {
      if (all[i].revents == 0) continue;
      ssize_t got = read(all[i].fd, bytes, sizeof bytes);
      if (got == 4 && memcmp(bytes, "exit", 4) == 0) return 7;
      if (got == 4 && memcmp(bytes, "kill", 4) == 0) return raise(SIGSEGV);
      if (got > 0 && write(all[i].fd, bytes, (size_t)got) == got) continue;
      close(all[i].fd);
      all[i--] = all[--open_now];
    }
  }
}
