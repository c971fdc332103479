/* SPDX-License-Identifier: MIT */
/* Every error kith can name, in one list.
 *
 * Functions return 0 or one of these (all negative). The class tells whose
 * doing it is, and so what to do: a peer's fault closes its link, a shortage of
 * ours is retried or reported, a caller's mistake is explained to the caller. */
#ifndef KITH_ERROR_H
#define KITH_ERROR_H

/* The shared library hides everything else. */
#if defined(__GNUC__)
#define KITH_API __attribute__((visibility("default")))
#else
#define KITH_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

enum kith_error_class {
    KITH_CLASS_NONE,     /* 0, success */
    KITH_CLASS_PEER,     /* a peer sent what the protocol forbids */
    KITH_CLASS_RESOURCE, /* we lack something: memory, disk, descriptors, network */
    KITH_CLASS_CALLER,   /* what was asked for makes no sense as asked */
};

/* X(name, value, class, text). Values are part of the ABI and of the exit codes'
 * mapping: append, never renumber. */
#define KITH_ERRORS(X)                                                                   \
    X(EPROTO, -1, PEER, "the peer sent a malformed frame")                               \
    X(ETOOBIG, -2, PEER, "the peer sent more than the protocol allows")                  \
    X(EUNEXPECTED, -3, PEER, "the peer sent a frame that has no place here")             \
    X(EPROOF, -4, PEER, "the peer is of another network or has another passphrase")      \
    X(EIDENTITY, -5, PEER, "the peer is not the id that was dialled")                    \
    X(ESIGNATURE, -6, PEER, "the peer sent a forged signature")                          \
    X(ECHAIN, -7, PEER, "the peer sent a broken chain of events")                        \
    X(EVERSION, -8, PEER, "the peer speaks no version of the protocol that we speak")    \
    X(ETIMEDOUT, -9, PEER, "no answer in time")                                          \
    X(ECLOSED, -10, PEER, "the connection was closed")                                   \
    X(EHANDSHAKE, -11, PEER, "the TLS handshake failed")                                 \
    X(EREPLACED, -12, PEER, "another link to the same peer took over")                   \
    X(ESELF, -13, PEER, "that address leads to this node itself")                        \
    X(EREFUSED, -14, PEER, "nobody listens at that address")                             \
    X(EDISCONNECTED, -15, PEER, "disconnected by hand")                                  \
    X(EUNREACHABLE, -16, PEER, "no route to that address")                               \
    X(ENOMEM, -32, RESOURCE, "out of memory")                                            \
    X(EIO, -33, RESOURCE, "input or output failed")                                      \
    X(EFULL, -34, RESOURCE, "the disk is full")                                          \
    X(EREADONLY, -35, RESOURCE, "the home cannot be written to")                         \
    X(ECORRUPT, -36, RESOURCE, "the database is damaged")                                \
    X(ENEWER, -37, RESOURCE, "the database was written by a newer kith")                 \
    X(ELOCKED, -38, RESOURCE, "another kith already runs on this home")                  \
    X(EADDRINUSE, -39, RESOURCE, "the address is already in use")                        \
    X(ERESOLVE, -40, RESOURCE, "the host name cannot be resolved")                       \
    X(ELIMIT, -41, RESOURCE, "a limit of this node is reached")                          \
    X(EACCESS, -42, RESOURCE, "permission denied")                                       \
    X(EINVALID, -64, CALLER, "invalid argument")                                         \
    X(ENOTFOUND, -65, CALLER, "not found")                                               \
    X(EAMBIGUOUS, -66, CALLER, "more than one fits")                                     \
    X(ENAME, -67, CALLER, "not a usable name")                                           \
    X(ETEXT, -68, CALLER, "not a usable text")                                           \
    X(ETEXTSIZE, -69, CALLER, "a message holds at most 65536 bytes")                     \
    X(EADDRESS, -70, CALLER, "not a usable address")                                     \
    X(ENONODE, -71, CALLER, "no node is running on this home")                           \
    X(EBLOCKED, -72, CALLER, "this peer is blocked")

enum kith_error {
    KITH_OK = 0,
#define X(name, value, class_, text) KITH_##name = value,
    KITH_ERRORS(X)
#undef X
};

/* The name without prefix ("EPROTO"), "OK" for 0, "EUNKNOWN" for anything else. */
KITH_API const char *kith_error_name(int error);

/* One lower-case clause, no full stop: "the disk is full". */
KITH_API const char *kith_error_text(int error);

KITH_API enum kith_error_class kith_error_class(int error);

#ifdef __cplusplus
}
#endif
#endif
