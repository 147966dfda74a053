// libcrypt's reentrant interface, which the Glibc module leaves out. crypt(3).
#ifndef CCRYPT_SHIMS_H
#define CCRYPT_SHIMS_H

#include <crypt.h>

#endif
