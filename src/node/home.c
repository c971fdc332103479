/* SPDX-License-Identifier: MIT */
#include "node/home.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

#include "kith/error.h"

char *kith_home_file(const char *home, const char *name)
{
    char *path = NULL;
    return asprintf(&path, "%s/%s", home, name) < 0 ? NULL : path;
}

/* ---- making it ---- */

static int explain(struct kith_problem *problem, const char *home, int number)
{
    static const char elsewhere[] = "choose another place with --home DIR";
    switch (number) {
    case EROFS:
        return kith_problem_set(problem, KITH_EREADONLY,
                                "the home %s lies on a read-only file system; %s", home,
                                elsewhere);
    case EACCES:
    case EPERM:
        return kith_problem_set(problem, KITH_EREADONLY,
                                "the home %s cannot be written to by this user; correct "
                                "its permissions or %s",
                                home, elsewhere);
    case ENOTDIR:
    case EEXIST:
        return kith_problem_set(problem, KITH_EINVALID,
                                "the home %s is not a directory; %s", home, elsewhere);
    case ENOSPC:
    case EDQUOT:
        return kith_problem_set(problem, KITH_EFULL,
                                "the disk is full, so the home %s cannot be made; make "
                                "room or %s",
                                home, elsewhere);
    default:
        return kith_problem_set(problem, KITH_EIO, "the home %s cannot be made: %s; %s",
                                home, strerror(number), elsewhere);
    }
}

/* As mkdir -p; every directory it makes is private, as the XDG specification asks. */
static int make_all(char *path)
{
    for (char *at = path + 1; (at = strchr(at, '/')) != NULL; at++) {
        *at = '\0';
        bool failed = mkdir(path, 0700) != 0 && errno != EEXIST && errno != EACCES &&
                      errno != EROFS && errno != EPERM; /* it may be there all the same */
        *at = '/';
        if (failed)
            return errno;
    }
    return mkdir(path, 0700) != 0 && errno != EEXIST ? errno : 0;
}

int kith_home_make(const char *home, struct kith_problem *problem)
{
    struct stat is;
    int number = 0;
    if (stat(home, &is) != 0) {
        char *path = strdup(home);
        if (path == NULL)
            return kith_problem_set(problem, KITH_ENOMEM, "out of memory");
        number = make_all(path);
        free(path);
        if (number == 0 && stat(home, &is) != 0)
            number = errno;
    }
    if (number == 0 && !S_ISDIR(is.st_mode))
        number = ENOTDIR;
    if (number == 0 && access(home, W_OK | X_OK) != 0)
        number = errno;
    return number == 0 ? 0 : explain(problem, home, number);
}

/* ---- the marker ---- */

/* Feeds a small file and its size; false when it cannot be read. */
static bool hash_file(crypto_generichash_state *hash, const char *path)
{
    uint8_t text[256];
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return false;
    ssize_t got = read(file, text, sizeof(text));
    close(file);
    if (got <= 0)
        return false;
    uint8_t size[2] = {(uint8_t)(got >> 8), (uint8_t)got};
    crypto_generichash_update(hash, size, sizeof(size));
    crypto_generichash_update(hash, text, (unsigned long long)got);
    return true;
}

/* Beside the database; most homes have none. */
static void hash_origin(crypto_generichash_state *hash, const char *database)
{
    char *path = NULL;
    const char *slash = strrchr(database, '/');
    int size = slash != NULL ? (int)(slash - database) : 1;
    if (asprintf(&path, "%.*s/" KITH_HOME_ORIGIN, size, slash != NULL ? database : ".") <
        0)
        return;
    hash_file(hash, path);
    free(path);
}

int kith_home_marker(const char *database, uint8_t out[static KITH_MARKER_SIZE])
{
    struct stat is;
    crypto_generichash_state hash;
    if (stat(database, &is) != 0)
        return KITH_EIO;
    crypto_generichash_init(&hash, NULL, 0, KITH_MARKER_SIZE);
    if (!hash_file(&hash, "/proc/sys/kernel/random/boot_id")) {
        randombytes_buf(out, KITH_MARKER_SIZE);
        return 0;
    }
    if (!hash_file(&hash, "/etc/machine-id")) /* containers often have none */
        crypto_generichash_update(&hash, (const uint8_t *)"\0\0", 2);
    uint64_t place[2] = {(uint64_t)is.st_dev, (uint64_t)is.st_ino};
    crypto_generichash_update(&hash, (const uint8_t *)place, sizeof(place));
    hash_origin(&hash, database);
    crypto_generichash_final(&hash, out, KITH_MARKER_SIZE);
    return 0;
}
