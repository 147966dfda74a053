// Preloaded into a process whose disk is to fail: does what a control file says, from one call to the next.
//
//     FAILING_WATCH=folder FAILING_CONTROL=file LD_PRELOAD=failing.so program
//
// The control file holds one word: `sync` (fsync and fdatasync give EIO), `write` (writes give EIO), `full` (writes give
// ENOSPC), `short` (half of every write is done), or anything else for a disk in good health.
#define WATCH_VARIABLE "FAILING_WATCH"
#include "watch.h"

static unsigned short opened(const char *path, int descriptor, int is_new) {
    (void)path, (void)descriptor, (void)is_new;
    return 1;
}

static int is_told(const char *word) {
    char text[16] = "";
    const char *control = getenv("FAILING_CONTROL");
    int file = control ? REAL(open)(control, O_RDONLY | O_CLOEXEC) : -1;
    if (file < 0) return 0;
    int error = errno;
    ssize_t length = read(file, text, sizeof text - 1);
    REAL(close)(file);
    errno = error;
    return length > 0 && !strncmp(text, word, strlen(word));
}

static int fail(int error) {
    errno = error;
    return -1;
}

#define PWRITE(name, type)                                                                                             \
    ssize_t name(int descriptor, const void *data, size_t length, type offset) {                                       \
        if (file_of(descriptor)) {                                                                                     \
            if (is_told("write")) return fail(EIO);                                                                    \
            if (is_told("full")) return fail(ENOSPC);                                                                  \
            if (is_told("short") && length > 1) length /= 2;                                                           \
        }                                                                                                              \
        return REAL(name)(descriptor, data, length, offset);                                                           \
    }
PWRITE(pwrite, off_t)
PWRITE(pwrite64, off64_t)

ssize_t write(int descriptor, const void *data, size_t length) {
    if (file_of(descriptor)) {
        if (is_told("write")) return fail(EIO);
        if (is_told("full")) return fail(ENOSPC);
        if (is_told("short") && length > 1) length /= 2;
    }
    return REAL(write)(descriptor, data, length);
}

// After a failed sync Linux may drop the pages and let the next sync succeed: who believes that one has lost data.
int fsync(int descriptor) {
    return file_of(descriptor) && is_told("sync") ? fail(EIO) : REAL(fsync)(descriptor);
}

int fdatasync(int descriptor) {
    return file_of(descriptor) && is_told("sync") ? fail(EIO) : REAL(fdatasync)(descriptor);
}
