// Which descriptors belong to files under a watched folder. Included once by each preloaded library.
//
// SQLite opens, writes and syncs by the plain calls of libc, so these are what is interposed. Its shared-memory file is
// mapped, not written, and is made anew after a crash: it needs no care.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MOST_DESCRIPTORS 65536

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned short watched[MOST_DESCRIPTORS]; // 0, or what `opened` returned

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static const char *folder(void) {
    static const char *path;
    if (!path) path = getenv(WATCH_VARIABLE);
    return path && *path ? path : NULL;
}

static int is_watched(const char *path) {
    const char *in = folder();
    size_t length = in ? strlen(in) : 0;
    return in && !strncmp(path, in, length) && (path[length] == '/' || !path[length]);
}

// Called with the lock held for a file of the folder; says what to keep for the descriptor, 0 for nothing.
static unsigned short opened(const char *path, int descriptor, int is_new);

static int take(const char *path, int descriptor, int is_new) {
    if (descriptor < 0 || descriptor >= MOST_DESCRIPTORS) return descriptor;
    int error = errno;
    pthread_mutex_lock(&lock);
    watched[descriptor] = opened(path, descriptor, is_new);
    pthread_mutex_unlock(&lock);
    errno = error;
    return descriptor;
}

#define OPEN(name)                                                                                                     \
    int name(const char *path, int flags, ...) {                                                                       \
        va_list list;                                                                                                  \
        va_start(list, flags);                                                                                         \
        mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(list, mode_t) : 0;                                        \
        va_end(list);                                                                                                  \
        if (!is_watched(path)) return REAL(name)(path, flags, mode);                                                   \
        int is_new = flags & O_CREAT && access(path, F_OK) != 0;                                                       \
        return take(path, REAL(name)(path, flags, mode), is_new);                                                      \
    }
OPEN(open)
OPEN(open64)

int close(int descriptor) {
    if (descriptor >= 0 && descriptor < MOST_DESCRIPTORS) watched[descriptor] = 0;
    return REAL(close)(descriptor);
}

static unsigned short file_of(int descriptor) {
    return descriptor >= 0 && descriptor < MOST_DESCRIPTORS ? watched[descriptor] : 0;
}
