// The kernels in plain C, for processors without a vector form and as the reference of the others in tests.
#define TABLE kb_kernels_portable
#include "vector_portable.h"
#include "kernels.h"
