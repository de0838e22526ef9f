// The kernels for x86-64 with AVX2: eight elements a vector.
#if defined(__x86_64__)
#include <immintrin.h>
#include <string.h>
#pragma clang attribute push(__attribute__((target("avx2"))), apply_to = function)
#define TABLE kb_kernels_avx2
#include "vector_avx2.h"
#include "kernels.h"
#pragma clang attribute pop
#endif
