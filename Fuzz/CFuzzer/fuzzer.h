#include <stddef.h>
#include <stdint.h>

/// libFuzzer as a library (llvm.org/docs/LibFuzzer.html): runs `test` over inputs it makes, as the arguments say.
int LLVMFuzzerRunDriver(int *argc, char ***argv, int (*test)(const uint8_t *data, size_t size));
