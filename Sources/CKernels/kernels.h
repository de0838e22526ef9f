// Every kernel, written once over the vector primitives, and the table of them. A kernels_*.c file includes this once,
// after its vector_*.h, with TABLE naming the table.
#include "extension.h"
#include "kernel_table.h"
#include <string.h>

#include "kernels_vector.h"
#include "kernels_ntt.h"
#include "kernels_poseidon2.h"
#include "kernels_program.h"

#if VW == 16
#include "poseidon2_single_avx512.h"
#else
static void kernel_poseidon2_permute(uint32_t state[16]) { kb_poseidon2_permute_scalar(state); }
#endif

#define TABLE_ENTRY(result, name, parameters, arguments) .name = kernel_##name,
const kernel_table TABLE = {KERNELS(TABLE_ENTRY)};
