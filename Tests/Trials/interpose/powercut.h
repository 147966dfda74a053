// The undo logs of powercut.c: records one after the other, each followed by `length` bytes.
#include <stdint.h>

#define MAGIC 0x756e646fu

enum kind {
    PATH,    // the bytes are the path of the file
    CREATED, // the file was not there before
    NAMED,   // its folder was synced: that it exists is no longer undone
    WRITTEN, // the bytes stood at `offset`, and the file was `size` long
};

struct record {
    uint32_t magic;
    uint32_t kind;
    int64_t offset;
    int64_t size;
    uint32_t length;
    uint32_t unused;
};
