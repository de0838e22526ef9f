// The kernels for x86-64 with AVX-512 F, DQ, BW and VL: sixteen elements a vector.
#if defined(__x86_64__)
#include <immintrin.h>
#include <string.h>
#pragma clang attribute push(__attribute__((target("avx512f,avx512dq,avx512bw,avx512vl"))), apply_to = function)
#define TABLE kb_kernels_avx512
#include "vector_avx512.h"
#include "kernels.h"
#pragma clang attribute pop
#endif
