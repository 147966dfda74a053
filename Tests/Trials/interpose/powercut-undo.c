// powercut-undo FOLDER [SEED]: takes back what was not synced, as the logs in the folder say, and empties it.
//
// With a seed other than 0 each write is taken back or kept by the toss of a coin: a disk that lost power has written
// some of what it was told, in any order. Prints how many writes were taken back.
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "powercut.h"

static unsigned long undone;
static unsigned int seed;

static void undo(const char *name) {
    FILE *file = fopen(name, "rb");
    if (!file) return;
    static long offsets[1 << 22];
    size_t count = 0;
    char path[PATH_MAX] = "";
    int is_new = 0;
    struct record record;
    long at = 0;
    while (fread(&record, sizeof record, 1, file) == 1 && record.magic == MAGIC) {
        if (record.kind == PATH) {
            if (record.length >= sizeof path || fread(path, 1, record.length, file) != record.length) break;
            path[record.length] = 0;
        } else {
            if (record.kind == CREATED) is_new = 1;
            if (record.kind == NAMED) is_new = 0;
            if (record.kind == WRITTEN && count < sizeof offsets / sizeof *offsets) offsets[count++] = at;
            if (fseek(file, record.length, SEEK_CUR)) break;
        }
        at = ftell(file);
    }
    if (is_new && (!seed || rand_r(&seed) & 1)) {
        if (!unlink(path)) undone++;
        count = 0;
    }
    int target = count ? open(path, O_WRONLY) : -1;
    while (target >= 0 && count--) {
        if (seed && rand_r(&seed) & 1) continue;
        if (fseek(file, offsets[count], SEEK_SET) || fread(&record, sizeof record, 1, file) != 1) exit(1);
        char *old = malloc(record.length + 1);
        if (!old || fread(old, 1, record.length, file) != record.length) { free(old); continue; }
        if (record.length && pwrite(target, old, record.length, record.offset) != (ssize_t)record.length) exit(1);
        // With a seed a later write that was kept may stand behind this size.
        if (!seed && ftruncate(target, record.size)) exit(1);
        free(old);
        undone++;
    }
    if (target >= 0) close(target);
    fclose(file);
}

int main(int argc, char **argv) {
    if (argc < 2 || argc > 3) return fprintf(stderr, "usage: powercut-undo FOLDER [SEED]\n"), 2;
    seed = argc == 3 ? (unsigned)strtoul(argv[2], NULL, 10) : 0;
    DIR *folder = opendir(argv[1]);
    if (!folder) return perror(argv[1]), 1;
    struct dirent *entry;
    while ((entry = readdir(folder))) {
        if (entry->d_name[0] == '.') continue;
        char name[PATH_MAX];
        snprintf(name, sizeof name, "%s/%s", argv[1], entry->d_name);
        undo(name);
        unlink(name);
    }
    closedir(folder);
    printf("%lu\n", undone);
    return 0;
}
