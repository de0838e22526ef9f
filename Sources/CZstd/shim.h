// The system's libzstd (package libzstd-dev on Debian), as the module `CZstd`.
#include <zstd.h>
