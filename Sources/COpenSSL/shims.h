// What of OpenSSL 3 Swift cannot import: macros that are function calls or casts, and stack accessors.
#ifndef COPENSSL_SHIMS_H
#define COPENSSL_SHIMS_H

#include <openssl/ssl.h>
#include <openssl/err.h>

#endif
