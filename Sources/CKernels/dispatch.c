// The public functions: each forwards to the chosen instruction set's form. The choice is made at the first call.
#include "kernel_table.h"
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

// A set this build does not have has no kernels.
#if defined(__x86_64__)
#define X86_KERNELS(table) &table
#else
#define X86_KERNELS(table) NULL
#endif
#if defined(__aarch64__)
#define ARM_KERNELS(table) &table
#else
#define ARM_KERNELS(table) NULL
#endif

typedef struct {
    const char *name;
    const kernel_table *kernels;
} instruction_set;

static const instruction_set SETS[4] = {
    [KB_PORTABLE] = {"portable", &kb_kernels_portable},
    [KB_AVX2] = {"avx2", X86_KERNELS(kb_kernels_avx2)},
    [KB_AVX512] = {"avx512", X86_KERNELS(kb_kernels_avx512)},
    [KB_NEON] = {"neon", ARM_KERNELS(kb_kernels_neon)},
};

static int available(int set) {
    if (set < 0 || set > KB_NEON || SETS[set].kernels == NULL) return 0;
#if defined(__x86_64__)
    if (set == KB_AVX2) return __builtin_cpu_supports("avx2") != 0;
    if (set == KB_AVX512)
        return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
               __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
#endif
    return 1;
}

static int choose(void) {
    static const int BEST_FIRST[4] = {KB_AVX512, KB_AVX2, KB_NEON, KB_PORTABLE};
    const char *wanted = getenv("PARTH_INSTRUCTION_SET");
    for (int set = 0; wanted != NULL && set < 4; set++)
        if (strcmp(wanted, SETS[set].name) == 0 && available(set)) return set;
    for (int i = 0; i < 4; i++)
        if (available(BEST_FIRST[i])) return BEST_FIRST[i];
    return KB_PORTABLE;
}

// -1 until chosen. Threads that race to choose all choose the same, so relaxed order is enough.
static atomic_int chosen = -1;

int kb_instruction_set(void) {
    int set = atomic_load_explicit(&chosen, memory_order_relaxed);
    if (__builtin_expect(set < 0, 0)) {
        set = choose();
        atomic_store_explicit(&chosen, set, memory_order_relaxed);
    }
    return set;
}

const char *kb_instruction_set_name(void) { return SETS[kb_instruction_set()].name; }

int kb_force_instruction_set(int set) {
    if (!available(set)) return -1;
    atomic_store_explicit(&chosen, set, memory_order_relaxed);
    return 0;
}

#define PUBLIC_FUNCTION(result, name, parameters, arguments) \
    result kb_##name parameters { return SETS[kb_instruction_set()].kernels->name arguments; }
KERNELS(PUBLIC_FUNCTION)
