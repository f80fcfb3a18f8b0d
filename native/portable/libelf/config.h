/* SPDX-License-Identifier: Apache-2.0 */
/* What libelf's configure would find, for the targets of ../Makefile. */
#define PACKAGE_NAME "elfutils"
#define HAVE_DECL_MEMPCPY 1
#define HAVE_DECL_MEMRCHR 1
#define HAVE_DECL_POWEROF2 1
#define HAVE_DECL_RAWMEMCHR 0
#define HAVE_DECL_REALLOCARRAY 1
#define HAVE_ERR_H 1
#define HAVE_FALLTHROUGH 1
#define HAVE_MREMAP 1
#define HAVE_VISIBILITY 1
#define SIZEOF_LONG 8
#define eu_static_assert(expression) _Static_assert(expression, "")
#include <eu-config.h>
