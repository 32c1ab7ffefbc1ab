/* Lets writes to some files fail, once told to by fail_writes(), or reads by fail_reads(). Loaded with LD_PRELOAD. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

static char part[256];           /* of the paths that are meant */
static atomic_int error, after;  /* which errno; how many calls go well before */
static atomic_int times, struck; /* how many calls fail; how many did */
static atomic_int reading;       /* whether reads are meant, or writes */

static void fail(const char *of, int with, int first, int many, int reads) {
    error = 0;
    snprintf(part, sizeof part, "%s", of);
    after = first;
    times = many;
    struck = 0;
    reading = reads;
    error = with;
}

void fail_writes(const char *of, int with, int first, int many) { fail(of, with, first, many, 0); }
void fail_reads(const char *of, int with, int first, int many) { fail(of, with, first, many, 1); }
int failed(void) { return struck; }

static int fails(int fd, int reads) {
    if (!error || reads != reading) return 0;
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    if (!strstr(path, part) || after-- > 0 || struck >= times) return 0;
    struck++;
    errno = error;
    return 1;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

ssize_t write(int fd, const void *data, size_t size) { return fails(fd, 0) ? -1 : REAL(write)(fd, data, size); }
ssize_t pwrite(int fd, const void *data, size_t size, off_t at) { return fails(fd, 0) ? -1 : REAL(pwrite)(fd, data, size, at); }
ssize_t pwrite64(int fd, const void *data, size_t size, off64_t at) { return fails(fd, 0) ? -1 : REAL(pwrite64)(fd, data, size, at); }
int ftruncate(int fd, off_t size) { return fails(fd, 0) ? -1 : REAL(ftruncate)(fd, size); }
int ftruncate64(int fd, off64_t size) { return fails(fd, 0) ? -1 : REAL(ftruncate64)(fd, size); }

ssize_t read(int fd, void *data, size_t size) { return fails(fd, 1) ? -1 : REAL(read)(fd, data, size); }
ssize_t pread(int fd, void *data, size_t size, off_t at) { return fails(fd, 1) ? -1 : REAL(pread)(fd, data, size, at); }
ssize_t pread64(int fd, void *data, size_t size, off64_t at) { return fails(fd, 1) ? -1 : REAL(pread64)(fd, data, size, at); }

/* What is not synced survives all but a crash of the machine, and the tests are quicker. */
int fsync(int fd) { return fails(fd, 0) ? -1 : 0; }
int fdatasync(int fd) { return fails(fd, 0) ? -1 : 0; }
