// What of OpenSSL 3 Swift cannot import: macros that are function calls or casts, and the typed stack accessors.
// One shim for each, named after what it stands for, and nothing decided here.
#ifndef COPENSSL_SHIMS_H
#define COPENSSL_SHIMS_H

// SHA256_Init and its sisters: deprecated in favour of EVP, which costs several times the hash of a short message.
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>
#undef OPENSSL_SUPPRESS_DEPRECATED

#include <openssl/bio.h>
#include <openssl/conf.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ocsp.h>
#include <openssl/params.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

// SSL_CTX_set_min_proto_version
static inline int COpenSSL_SSL_CTX_set_min_proto_version(SSL_CTX *ctx, int version) {
    return (int)SSL_CTX_set_min_proto_version(ctx, version);
}

// SSL_CTX_get_min_proto_version
static inline int COpenSSL_SSL_CTX_get_min_proto_version(SSL_CTX *ctx) {
    return (int)SSL_CTX_get_min_proto_version(ctx);
}

// SSL_CTX_set_max_proto_version
static inline int COpenSSL_SSL_CTX_set_max_proto_version(SSL_CTX *ctx, int version) {
    return (int)SSL_CTX_set_max_proto_version(ctx, version);
}

// SSL_CTX_set_mode
static inline long COpenSSL_SSL_CTX_set_mode(SSL_CTX *ctx, unsigned int mode) { return SSL_CTX_set_mode(ctx, mode); }

// SSL_CTX_set_session_cache_mode
static inline long COpenSSL_SSL_CTX_set_session_cache_mode(SSL_CTX *ctx, int mode) {
    return SSL_CTX_set_session_cache_mode(ctx, mode);
}

// SSL_CTX_set1_groups_list
static inline int COpenSSL_SSL_CTX_set1_groups_list(SSL_CTX *ctx, const char *list) {
    return (int)SSL_CTX_set1_groups_list(ctx, list);
}

// SSL_CTX_add1_chain_cert: takes a reference of its own
static inline int COpenSSL_SSL_CTX_add1_chain_cert(SSL_CTX *ctx, X509 *certificate) {
    return (int)SSL_CTX_add1_chain_cert(ctx, certificate);
}

// SSL_set_tlsext_host_name
static inline int COpenSSL_SSL_set_tlsext_host_name(SSL *ssl, const char *name) {
    return (int)SSL_set_tlsext_host_name(ssl, name);
}

// SSL_CTX_set_tlsext_servername_callback, SSL_CTX_set_tlsext_servername_arg
static inline void COpenSSL_SSL_CTX_set_tlsext_servername_callback(
    SSL_CTX *ctx, int (*callback)(SSL *, int *, void *), void *argument) {
    SSL_CTX_set_tlsext_servername_callback(ctx, callback);
    SSL_CTX_set_tlsext_servername_arg(ctx, argument);
}

// EVP_MAC_CTX_set_params with an array of OSSL_PARAM, which Swift can hardly build
static inline int COpenSSL_EVP_MAC_CTX_set_hmac_sha256(EVP_MAC_CTX *ctx, const void *key, size_t length) {
    OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, (void *)key, length),
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char *)"SHA256", 0),
        OSSL_PARAM_construct_end(),
    };
    return EVP_MAC_CTX_set_params(ctx, parameters);
}

// SSL_OP_… constants are casts of shifts
static inline uint64_t COpenSSL_SSL_OP_NO_COMPRESSION(void) { return SSL_OP_NO_COMPRESSION; }
static inline uint64_t COpenSSL_SSL_OP_NO_RENEGOTIATION(void) { return SSL_OP_NO_RENEGOTIATION; }
static inline uint64_t COpenSSL_SSL_OP_CIPHER_SERVER_PREFERENCE(void) { return SSL_OP_CIPHER_SERVER_PREFERENCE; }
static inline uint64_t COpenSSL_SSL_OP_PRIORITIZE_CHACHA(void) { return SSL_OP_PRIORITIZE_CHACHA; }

// SSL_CTX_set_tlsext_status_cb, SSL_CTX_set_tlsext_status_arg
static inline void COpenSSL_SSL_CTX_set_tlsext_status_cb(SSL_CTX *ctx, int (*callback)(SSL *, void *), void *argument) {
    SSL_CTX_set_tlsext_status_cb(ctx, callback);
    SSL_CTX_set_tlsext_status_arg(ctx, argument);
}

// SSL_CTX_set_tlsext_status_type
static inline long COpenSSL_SSL_CTX_set_tlsext_status_type(SSL_CTX *ctx, int type) {
    return SSL_CTX_set_tlsext_status_type(ctx, type);
}

// SSL_set_tlsext_status_ocsp_resp: takes over the response
static inline long COpenSSL_SSL_set_tlsext_status_ocsp_resp(SSL *ssl, void *response, size_t length) {
    return SSL_set_tlsext_status_ocsp_resp(ssl, response, (long)length);
}

// SSL_get_tlsext_status_ocsp_resp: lends the response; -1 when there is none
static inline long COpenSSL_SSL_get_tlsext_status_ocsp_resp(SSL *ssl, const unsigned char **response) {
    return SSL_get_tlsext_status_ocsp_resp(ssl, response);
}

// sk_X509_new_null, sk_X509_push, sk_X509_free: typed stack accessors are macros
static inline STACK_OF(X509) *COpenSSL_sk_X509_new_null(void) { return sk_X509_new_null(); }
static inline int COpenSSL_sk_X509_push(STACK_OF(X509) *stack, X509 *certificate) {
    return sk_X509_push(stack, certificate);
}
static inline void COpenSSL_sk_X509_free(STACK_OF(X509) *stack) { sk_X509_free(stack); }

// sk_OPENSSL_STRING_num, sk_OPENSSL_STRING_value, X509_email_free: the last under the type of the others
static inline int COpenSSL_sk_OPENSSL_STRING_num(const STACK_OF(OPENSSL_STRING) *texts) {
    return sk_OPENSSL_STRING_num(texts);
}
static inline const char *COpenSSL_sk_OPENSSL_STRING_value(const STACK_OF(OPENSSL_STRING) *texts, int index) {
    return sk_OPENSSL_STRING_value(texts, index);
}
static inline void COpenSSL_X509_email_free(STACK_OF(OPENSSL_STRING) *texts) { X509_email_free(texts); }

// XN_FLAG_RFC2253: an expression the importer does not evaluate
static inline unsigned long COpenSSL_XN_FLAG_RFC2253(void) { return XN_FLAG_RFC2253; }

// BIO_set_retry_read, BIO_clear_retry_flags
static inline void COpenSSL_BIO_set_retry_read(BIO *bio) { BIO_set_retry_read(bio); }
static inline void COpenSSL_BIO_clear_retry_flags(BIO *bio) { BIO_clear_retry_flags(bio); }

// BIO_get_mem_data
static inline long COpenSSL_BIO_get_mem_data(BIO *bio, char **data) { return BIO_get_mem_data(bio, data); }

// sk_GENERAL_NAME_num, sk_GENERAL_NAME_value: typed stack accessors are macros
static inline int COpenSSL_sk_GENERAL_NAME_num(const GENERAL_NAMES *names) { return sk_GENERAL_NAME_num(names); }
static inline GENERAL_NAME *COpenSSL_sk_GENERAL_NAME_value(const GENERAL_NAMES *names, int index) {
    return sk_GENERAL_NAME_value(names, index);
}

// EVP_EC_gen, EVP_RSA_gen: the first is a macro over a variadic function, as is the second
static inline EVP_PKEY *COpenSSL_EVP_EC_gen(const char *curve) { return EVP_EC_gen(curve); }
static inline EVP_PKEY *COpenSSL_EVP_RSA_gen(unsigned int bits) { return EVP_RSA_gen((size_t)bits); }

// ERR_GET_LIB, ERR_GET_REASON: inline functions since 3.0, macros before
static inline int COpenSSL_ERR_GET_LIB(unsigned long code) { return ERR_GET_LIB(code); }
static inline int COpenSSL_ERR_GET_REASON(unsigned long code) { return ERR_GET_REASON(code); }

#endif
