/* SPDX-License-Identifier: MIT */
/* One of the small files of a home. A byte says which, what follows stands in it. What is
 * read is what was written; anything else is refused in a sentence. */
#include "fuzz.h"

#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/utf8.h"
#include "kith/error.h"
#include "node/home.h"
#include "node/identity.h"
#include "node/network.h"
#include "node/place.h"
#include "node/token.h"
#include "scratch.h"
#include "store/lock.h"

/* True when it was read. */
static bool check(int error, const struct kith_problem *problem)
{
    assert(error == 0 || error == KITH_ECORRUPT);
    assert((error == 0) == (problem->text[0] == '\0'));
    return error == 0;
}

static struct kith_bytes read_back(const char *name, uint8_t out[static 512])
{
    char path[SCRATCH_PATH_SIZE];
    scratch_path(name, path);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t size = read(fd, out, 512);
    assert(size >= 0);
    close(fd);
    return kith_bytes(out, (size_t)size);
}

static void check_identity(struct kith_bytes content)
{
    struct kith_problem problem = {0};
    struct kith_identity identity;
    scratch_write(KITH_HOME_IDENTITY, content.data, content.size);
    if (check(kith_identity_load(scratch_folder(), &identity, &problem), &problem))
        assert(
            kith_bytes_equal(content, kith_bytes(identity.seed, sizeof(identity.seed))));
    else
        assert(content.size != KITH_IDENTITY_SEED_SIZE);
}

static void check_network(struct kith_bytes content)
{
    uint8_t text[512];
    struct kith_problem problem = {0};
    struct kith_network network;
    scratch_write(KITH_HOME_NETWORK, content.data, content.size);
    if (!check(kith_network_load(scratch_folder(), &network, &problem), &problem))
        return;
    int error = kith_network_save(scratch_folder(), &network, &problem);
    assert(error == 0);
    assert(kith_bytes_equal(content, read_back(KITH_HOME_NETWORK, text)));
}

static void check_token(struct kith_bytes content)
{
    struct kith_problem problem = {0};
    char token[KITH_TOKEN_TEXT_SIZE];
    scratch_write(KITH_HOME_TOKEN, content.data, content.size);
    if (!check(kith_token_load_or_make(scratch_folder(), token, &problem), &problem))
        return;
    assert(strlen(token) == KITH_TOKEN_TEXT_SIZE - 1);
    assert(content.size >= strlen(token) && content.size <= sizeof(token));
}

/* Who holds the lock is told by what stands in it. */
static void check_lock(struct kith_bytes content)
{
    char path[SCRATCH_PATH_SIZE], detail[256] = "";
    struct kith_lock lock;
    scratch_write("lock", content.data, content.size);
    scratch_path("lock", path);
    int holder = open(path, O_RDWR | O_CLOEXEC);
    int error = flock(holder, LOCK_EX | LOCK_NB);
    assert(error == 0);
    error = kith_lock_take(path, &lock, detail, sizeof(detail));
    assert(error == KITH_ELOCKED && strlen(detail) > 0);
    for (const char *at = detail; *at != '\0'; at++)
        assert(*at >= ' ' && *at <= '~');
    close(holder);
}

/* Whatever stands there, it is the same the next time and no other. */
static void check_origin(struct kith_bytes content)
{
    char path[SCRATCH_PATH_SIZE];
    uint8_t marker[KITH_MARKER_SIZE], again[KITH_MARKER_SIZE], other[KITH_MARKER_SIZE];
    scratch_write(KITH_HOME_DATABASE, "", 0);
    scratch_write(KITH_HOME_ORIGIN, content.data, content.size);
    scratch_path(KITH_HOME_DATABASE, path);
    int error = kith_home_marker(path, marker);
    assert(error == 0 && kith_home_marker(path, again) == 0);
    assert(memcmp(marker, again, sizeof(marker)) == 0);
    scratch_write(KITH_HOME_ORIGIN, "other", 5);
    error = kith_home_marker(path, other);
    assert(error == 0);
    assert((memcmp(marker, other, sizeof(marker)) == 0) ==
           kith_bytes_equal(content, kith_bytes("other", 5)));
}

void fuzz_input(const uint8_t *data, size_t size)
{
    static void (*const files[])(struct kith_bytes content) = {
        check_identity, check_network, check_token, check_lock, check_origin};
    if (size == 0)
        return;
    files[data[0] % (sizeof(files) / sizeof(files[0]))](kith_bytes(data + 1, size - 1));
    scratch_clear();
}
