// Preloaded into a process that is about to be killed: keeps what it takes to undo every write that was not synced.
//
//     POWERCUT_WATCH=folder POWERCUT_UNDO=folder [POWERCUT_LIE=1] LD_PRELOAD=powercut.so program
//
// Before a file under the watched folder is changed, what was there goes into a log in the other folder; a sync that
// succeeds empties the log. `powercut-undo` plays the logs backwards. A new file is undone too, until its folder was
// synced. With POWERCUT_LIE a sync says it succeeded and does nothing, as a lying disk does.
#define WATCH_VARIABLE "POWERCUT_WATCH"
#include "watch.h"

#include "powercut.h"

#define MOST_FILES 4096

static struct file {
    char path[PATH_MAX];
    int log;
    int is_folder;
    int is_new; // its folder was not synced since it was made
} files[MOST_FILES];
static unsigned short count = 1; // 0 is no file

static void note(struct file *file, struct record record, const void *old) {
    record.magic = MAGIC;
    // One write each, so that a kill leaves no half of a header.
    char *buffer = malloc(sizeof record + record.length);
    if (!buffer) abort();
    memcpy(buffer, &record, sizeof record);
    if (record.length) memcpy(buffer + sizeof record, old, record.length);
    size_t size = sizeof record + record.length;
    if (REAL(write)(file->log, buffer, size) != (ssize_t)size) abort();
    free(buffer);
}

static unsigned short opened(const char *path, int descriptor, int is_new) {
    size_t length = strlen(path);
    if (length > 4 && !strcmp(path + length - 4, "-shm")) return 0;
    if (length > 5 && !strcmp(path + length - 5, ".lock")) return 0;
    for (unsigned short i = 1; i < count; i++)
        if (!strcmp(files[i].path, path)) return i;
    if (count == MOST_FILES) abort();
    struct file *file = &files[count];
    struct stat status;
    strncpy(file->path, path, sizeof file->path - 1);
    file->is_folder = fstat(descriptor, &status) == 0 && S_ISDIR(status.st_mode);
    if (!file->is_folder) {
        char name[PATH_MAX];
        snprintf(name, sizeof name, "%s/%d-%d.undo", getenv("POWERCUT_UNDO"), (int)getpid(), count);
        file->log = REAL(open)(name, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
        if (file->log < 0) abort();
        struct record record = {.kind = PATH, .length = (uint32_t)length};
        note(file, record, path);
        file->is_new = is_new;
        if (is_new) note(file, (struct record){.kind = CREATED}, NULL);
    }
    return count++;
}

static void before_write(unsigned short index, int descriptor, off_t offset, size_t length) {
    struct file *file = &files[index];
    struct stat status;
    if (fstat(descriptor, &status)) abort();
    char *old = malloc(length ? length : 1);
    if (!old) abort();
    ssize_t there = REAL(pread)(descriptor, old, length, offset);
    if (there < 0) there = 0;
    note(file, (struct record){.kind = WRITTEN, .offset = offset, .size = status.st_size, .length = (uint32_t)there}, old);
    free(old);
}

#define PWRITE(name, type)                                                                                             \
    ssize_t name(int descriptor, const void *data, size_t length, type offset) {                                       \
        unsigned short index = file_of(descriptor);                                                                    \
        if (!index) return REAL(name)(descriptor, data, length, offset);                                               \
        pthread_mutex_lock(&lock);                                                                                     \
        before_write(index, descriptor, offset, length);                                                               \
        ssize_t result = REAL(name)(descriptor, data, length, offset);                                                 \
        pthread_mutex_unlock(&lock);                                                                                   \
        return result;                                                                                                 \
    }
PWRITE(pwrite, off_t)
PWRITE(pwrite64, off64_t)

ssize_t write(int descriptor, const void *data, size_t length) {
    unsigned short index = file_of(descriptor);
    if (!index) return REAL(write)(descriptor, data, length);
    pthread_mutex_lock(&lock);
    before_write(index, descriptor, lseek(descriptor, 0, SEEK_CUR), length);
    ssize_t result = REAL(write)(descriptor, data, length);
    pthread_mutex_unlock(&lock);
    return result;
}

#define TRUNCATE(name, type)                                                                                           \
    int name(int descriptor, type size) {                                                                              \
        unsigned short index = file_of(descriptor);                                                                    \
        if (!index) return REAL(name)(descriptor, size);                                                               \
        pthread_mutex_lock(&lock);                                                                                     \
        struct stat status;                                                                                            \
        if (fstat(descriptor, &status)) abort();                                                                       \
        before_write(index, descriptor, size, status.st_size > size ? (size_t)(status.st_size - size) : 0);            \
        int result = REAL(name)(descriptor, size);                                                                     \
        pthread_mutex_unlock(&lock);                                                                                   \
        return result;                                                                                                 \
    }
TRUNCATE(ftruncate, off_t)
TRUNCATE(ftruncate64, off64_t)

// What was logged of a file is on the disk now; of a new one, that it exists only once its folder was synced.
static void forget(struct file *file) {
    if (REAL(ftruncate)(file->log, 0)) abort();
    struct record path = {.kind = PATH, .length = (uint32_t)strlen(file->path)};
    note(file, path, file->path);
    if (file->is_new) note(file, (struct record){.kind = CREATED}, NULL);
}

static void folder_synced(const char *path) {
    size_t length = strlen(path);
    for (unsigned short i = 1; i < count; i++) {
        struct file *file = &files[i];
        if (file->is_folder || strncmp(file->path, path, length) || file->path[length] != '/') continue;
        if (strchr(file->path + length + 1, '/')) continue;
        file->is_new = 0;
        note(file, (struct record){.kind = NAMED}, NULL);
    }
}

static int synced(int descriptor, int (*sync)(int)) {
    unsigned short index = file_of(descriptor);
    if (!index) return sync(descriptor);
    if (getenv("POWERCUT_LIE")) return 0;
    pthread_mutex_lock(&lock);
    int result = sync(descriptor);
    if (result == 0) {
        if (files[index].is_folder) folder_synced(files[index].path);
        else forget(&files[index]);
    }
    pthread_mutex_unlock(&lock);
    return result;
}

int fsync(int descriptor) { return synced(descriptor, REAL(fsync)); }
int fdatasync(int descriptor) { return synced(descriptor, REAL(fdatasync)); }
