// The kernels for 64-bit ARM, where NEON is always there: four elements a vector.
#if defined(__aarch64__)
#include <arm_neon.h>
#include <string.h>
#define TABLE kb_kernels_neon
#include "vector_neon.h"
#include "kernels.h"
#endif
