/* SPDX-License-Identifier: MIT */
/* A home out of a backup.
 *
 * Happy path: the backup is opened and what is in it is written to HOME.restoring, each
 * file with `.part` behind its name; the database forgets where its logs were written;
 * the files get their names, and the directory its own.
 *
 * Ways to fail: whatever is wrong with the backup or the disk, HOME.restoring goes, and
 * nothing was where the home is to be. Killed half way it stays, and is taken over by
 * the next try; no node takes it for a home. */
#include "node/backup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

#include "kith/error.h"
#include "node/archive.h"
#include "node/home.h"
#include "node/network.h"
#include "node/place.h"
#include "node/secret_file.h"
#include "store/lock.h"
#include "store/snapshot.h"
#include "store/store.h"

#define ORIGIN_SIZE 32
#define LOCK_NAME   "lock"
#define PART        ".part"

/* What a backup may hold, and what it must. */
static const struct content {
    const char *name;
    bool is_needed;
} contents[] = {
    {KITH_HOME_IDENTITY, true},
    {KITH_HOME_NETWORK, false},
    {KITH_HOME_CONFIG, false},
    {KITH_HOME_DATABASE, true},
};
#define CONTENT_COUNT (sizeof(contents) / sizeof(contents[0]))

struct restore {
    const struct kith_restore_job *job;
    struct kith_problem *problem;
    char *home;    /* owned: without what leads to it by links */
    char *staging; /* owned */
    struct kith_lock lock;
    int source;
    int fd; /* the file being written; -1: none */
    struct kith_archive_reader archive;
    bool has[CONTENT_COUNT];
};

static int out_of_memory(struct kith_problem *problem)
{
    return kith_problem_set(problem, KITH_ENOMEM,
                            "out of memory: opening a backup takes 256 MiB for a "
                            "moment; close something and try again");
}

static int failed_write(const struct restore *r, int number)
{
    return kith_problem_set(r->problem, kith_place_error(number),
                            "%s cannot be written to: %s; make room, correct its "
                            "permissions, or restore elsewhere with --home DIR",
                            r->staging, strerror(number));
}

static int damaged(const struct restore *r)
{
    return kith_problem_set(r->problem, KITH_ECORRUPT,
                            "%s was sealed by kith, but what is inside makes no home; "
                            "use another backup",
                            r->job->file);
}

/* ---- what comes out ---- */

static char *part_path(const struct restore *r, const char *name, const char *more)
{
    char *path = NULL;
    return asprintf(&path, "%s/%s%s", r->staging, name, more) < 0 ? NULL : path;
}

static int open_part(struct restore *r, const char *name)
{
    char *path = part_path(r, name, PART);
    if (path == NULL)
        return out_of_memory(r->problem);
    r->fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    int error = r->fd < 0 ? failed_write(r, errno) : 0;
    free(path);
    return error;
}

static int on_begin(void *ctx, const char *name, uint64_t size)
{
    struct restore *r = ctx;
    (void)size;
    for (size_t i = 0; i < CONTENT_COUNT; i++) {
        if (strcmp(contents[i].name, name) != 0)
            continue;
        if (r->has[i])
            return damaged(r);
        r->has[i] = true;
        return open_part(r, name);
    }
    return kith_problem_set(r->problem, KITH_ENEWER,
                            "%s holds a file that this kith does not know (%s); restore "
                            "it with the kith that made it, or a newer one",
                            r->job->file, name);
}

static int on_data(void *ctx, struct kith_bytes bytes)
{
    struct restore *r = ctx;
    while (bytes.size > 0) {
        ssize_t written = write(r->fd, bytes.data, bytes.size);
        if (written < 0 && errno != EINTR)
            return failed_write(r, errno);
        if (written > 0)
            bytes = kith_bytes(bytes.data + written, bytes.size - (size_t)written);
    }
    return 0;
}

static int on_end(void *ctx)
{
    struct restore *r = ctx;
    int number = fsync(r->fd) == 0 ? 0 : errno;
    if (close(r->fd) != 0 && number == 0)
        number = errno;
    r->fd = -1;
    return number == 0 ? 0 : failed_write(r, number);
}

static int feed(void *ctx, struct kith_bytes bytes)
{
    struct restore *r = ctx;
    int error = kith_archive_feed(&r->archive, bytes);
    return error == KITH_ECORRUPT ? damaged(r) : error;
}

/* ---- what goes in ---- */

static int read_source(void *ctx, uint8_t *out, size_t size, size_t *out_size)
{
    struct restore *r = ctx;
    while (*out_size < size) {
        ssize_t got = read(r->source, out + *out_size, size - *out_size);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return kith_problem_set(r->problem, KITH_EIO, "%s cannot be read: %s",
                                    r->job->file, strerror(errno));
        if (got == 0)
            break;
        *out_size += (size_t)got;
    }
    return 0;
}

static int explain_fault(const struct restore *r, int fault)
{
    const char *file = r->job->file;
    switch (fault) {
    case KITH_SEAL_PASSPHRASE:
        return kith_problem_set(r->problem, KITH_EACCESS,
                                "%s was sealed under another passphrase; try again with "
                                "the one given to `kith backup`",
                                file);
    case KITH_SEAL_NEWER:
        return kith_problem_set(r->problem, KITH_ENEWER,
                                "%s was made by a newer kith; restore it with that one",
                                file);
    case KITH_SEAL_GREEDY:
        return kith_problem_set(r->problem, KITH_ECORRUPT,
                                "%s asks for more memory than any backup that kith "
                                "makes; use another copy of it",
                                file);
    case KITH_SEAL_SHORT:
        return kith_problem_set(r->problem, KITH_ECORRUPT,
                                "%s is cut short, or its end was tampered with; copy it "
                                "again from where it came, or use an older backup",
                                file);
    case KITH_SEAL_CHANGED:
        return kith_problem_set(r->problem, KITH_ECORRUPT,
                                "%s is damaged, or was tampered with; use another copy, "
                                "or an older backup",
                                file);
    default:
        return kith_problem_set(r->problem, KITH_ECORRUPT,
                                "%s is no backup that kith made; look at its name", file);
    }
}

static int unpack(struct restore *r)
{
    struct kith_unseal unseal = {
        .passphrase = r->job->passphrase,
        .source = read_source,
        .source_ctx = r,
        .sink = feed,
        .sink_ctx = r,
    };
    const struct kith_archive_handler handler = {on_begin, on_data, on_end, r};
    kith_archive_reader_init(&r->archive, &handler);
    int error = kith_seal_open(&unseal);
    if (error == KITH_ENOMEM)
        return out_of_memory(r->problem);
    if (error > 0)
        return explain_fault(r, error);
    for (size_t i = 0; error == 0 && i < CONTENT_COUNT; i++)
        if (contents[i].is_needed && !r->has[i])
            error = damaged(r);
    return error == 0 && !kith_archive_is_done(&r->archive) ? damaged(r) : error;
}

/* ---- making it a home ---- */

static int adopt_database(struct restore *r)
{
    char detail[KITH_STORE_DETAIL_SIZE] = "";
    char *path = part_path(r, KITH_HOME_DATABASE, PART);
    if (path == NULL)
        return out_of_memory(r->problem);
    int error = kith_snapshot_adopt(path, detail);
    free(path);
    if (error == 0)
        return 0;
    return kith_problem_set(r->problem, error,
                            "the database in %s cannot be used (%s); make room, or use "
                            "another backup",
                            r->job->file, detail);
}

/* Random, so that the logs that were written in this very inode before, if any, are not
 * gone on with. */
static int write_origin(struct restore *r)
{
    uint8_t origin[ORIGIN_SIZE];
    char *path = part_path(r, KITH_HOME_ORIGIN, "");
    if (path == NULL)
        return out_of_memory(r->problem);
    randombytes_buf(origin, sizeof(origin));
    struct kith_secret_file file = {r->staging, path, "origin"};
    int error = kith_secret_file_write(&file, kith_bytes(origin, sizeof(origin)), true,
                                       r->problem);
    free(path);
    return error;
}

static int name_file(struct restore *r, const char *name)
{
    char *from = part_path(r, name, PART), *to = part_path(r, name, "");
    int number = from == NULL || to == NULL ? ENOMEM : kith_place_put(from, to, true);
    free(from);
    free(to);
    return number == 0 ? 0 : failed_write(r, number);
}

static void remove_file(const struct restore *r, const char *name, const char *more)
{
    char *path = part_path(r, name, more);
    if (path != NULL)
        unlink(path);
    free(path);
}

static int failed_place(const struct restore *r, int number)
{
    if (number == EBUSY || number == EXDEV)
        return kith_problem_set(r->problem, KITH_EINVALID,
                                "the home %s is a mount point, where nothing can be put "
                                "at once; restore to a directory in it with --home",
                                r->home);
    if (number == ENOTEMPTY || number == EEXIST)
        return kith_problem_set(r->problem, KITH_EINVALID,
                                "meanwhile something was put into %s; look there",
                                r->home);
    return failed_write(r, number);
}

static int put_in_place(struct restore *r)
{
    int error = write_origin(r);
    for (size_t i = 0; error == 0 && i < CONTENT_COUNT; i++)
        if (r->has[i])
            error = name_file(r, contents[i].name);
    if (error != 0)
        return error;
    remove_file(r, LOCK_NAME, "");
    kith_place_sync(r->staging);
    int number = kith_place_put(r->staging, r->home, true);
    if (number != 0)
        return failed_place(r, number);
    kith_place_sync_parent(r->home);
    return 0;
}

/* ---- the directory ---- */

/* What a restore may leave of a file. */
static const char *const traces[] = {"", PART, PART "-wal", PART "-shm", PART "-journal"};
#define TRACE_COUNT (sizeof(traces) / sizeof(traces[0]))

static void clear(const struct restore *r)
{
    for (size_t i = 0; i < CONTENT_COUNT; i++)
        for (size_t j = 0; j < TRACE_COUNT; j++)
            remove_file(r, contents[i].name, traces[j]);
    remove_file(r, KITH_HOME_ORIGIN, "");
    remove_file(r, KITH_HOME_ORIGIN, PART);
}

static bool is_trace(const char *name, const char *of, size_t trace)
{
    size_t size = strlen(of);
    return strncmp(name, of, size) == 0 && strcmp(name + size, traces[trace]) == 0;
}

/* Files get their names, without `.part`, once the origin has its own. */
static bool is_of_a_restore(const char *name, bool has_origin)
{
    if (strcmp(name, LOCK_NAME) == 0 || strcmp(name, KITH_HOME_ORIGIN) == 0 ||
        strcmp(name, KITH_HOME_ORIGIN PART) == 0)
        return true;
    for (size_t i = 0; i < CONTENT_COUNT; i++)
        for (size_t j = has_origin ? 0 : 1; j < TRACE_COUNT; j++)
            if (is_trace(name, contents[i].name, j))
                return true;
    return false;
}

/* False where somebody has a home, or anything else, under that name. */
static bool is_ours_to_clear(const struct restore *r)
{
    struct dirent *entry;
    char *origin = part_path(r, KITH_HOME_ORIGIN, "");
    DIR *at = opendir(r->staging);
    bool has_origin = origin != NULL && access(origin, F_OK) == 0;
    bool is_ours = origin != NULL && at != NULL;
    while (is_ours && (entry = readdir(at)) != NULL)
        is_ours = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
                  is_of_a_restore(entry->d_name, has_origin);
    if (at != NULL)
        closedir(at);
    free(origin);
    return is_ours;
}

/* 0 when there is nothing in it, else the errno. */
static int check_empty(const char *directory)
{
    struct dirent *entry;
    DIR *at = opendir(directory);
    if (at == NULL)
        return errno == ENOENT ? 0 : errno;
    int number = 0;
    while (number == 0 && (entry = readdir(at)) != NULL)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            number = ENOTEMPTY;
    closedir(at);
    return number;
}

static int begin(struct restore *r)
{
    char detail[KITH_STORE_DETAIL_SIZE] = "";
    int error = kith_home_make(r->staging, r->problem);
    if (error != 0)
        return error;
    char *path = part_path(r, LOCK_NAME, "");
    if (path == NULL)
        return out_of_memory(r->problem);
    error = kith_lock_take(path, &r->lock, detail, sizeof(detail));
    free(path);
    if (error == KITH_ELOCKED)
        return kith_problem_set(r->problem, error,
                                "another restore to %s is under way (%s); wait for it",
                                r->home, detail);
    if (error != 0)
        return kith_problem_set(r->problem, error, "%s cannot be used: %s", r->staging,
                                detail);
    if (!is_ours_to_clear(r))
        return kith_problem_set(r->problem, KITH_EINVALID,
                                "there are files in %s that no restore put there, "
                                "perhaps a home; move it away",
                                r->staging);
    clear(r); /* of one that was killed */
    return 0;
}

static void give_up(const struct restore *r)
{
    clear(r);
    remove_file(r, LOCK_NAME, "");
    rmdir(r->staging);
}

static int work(struct restore *r)
{
    int error = begin(r);
    if (error != 0)
        return error;
    error = unpack(r);
    if (error == 0)
        error = adopt_database(r);
    if (error == 0)
        error = put_in_place(r);
    if (r->fd >= 0)
        close(r->fd);
    if (error != 0)
        give_up(r);
    return error;
}

/* ---- before ---- */

int kith_restore_check(const struct kith_restore_job *job, struct kith_problem *problem)
{
    if (kith_place_link_error(job->home) == ENOENT)
        return kith_problem_set(problem, KITH_EINVALID,
                                "%s is a link to what is not there; make the directory "
                                "it leads to, or remove the link",
                                job->home);
    int number = check_empty(job->home);
    if (number == ENOTDIR || number == ENOTEMPTY)
        return kith_problem_set(problem, KITH_EINVALID,
                                "there is something in %s already; move it away, or "
                                "restore elsewhere with --home DIR",
                                job->home);
    if (number != 0)
        return kith_problem_set(problem, kith_place_error(number),
                                "%s cannot be looked into: %s; correct its permissions, "
                                "or restore elsewhere with --home DIR",
                                job->home, strerror(number));
    if (access(job->file, R_OK) == 0)
        return 0;
    return kith_problem_set(problem, errno == ENOENT ? KITH_ENOTFOUND : KITH_EACCESS,
                            "the backup %s cannot be read: %s", job->file,
                            strerror(errno));
}

/* Where it really is; what is not there yet has no links. Without slashes at the end. */
static char *resolve(const char *home)
{
    char *path = realpath(home, NULL);
    if (path == NULL)
        path = strdup(home);
    for (size_t size = path != NULL ? strlen(path) : 0; size > 1 && path[size - 1] == '/';
         size--)
        path[size - 1] = '\0';
    return path;
}

static int open_source(struct restore *r)
{
    r->source = open(r->job->file, O_RDONLY | O_CLOEXEC);
    return r->source >= 0 ? 0
                          : kith_problem_set(r->problem, KITH_EIO,
                                             "the backup %s cannot be read: %s",
                                             r->job->file, strerror(errno));
}

int kith_restore(const struct kith_restore_job *job, struct kith_problem *problem)
{
    struct restore r = {
        .job = job, .problem = problem, .lock = KITH_LOCK_NONE, .source = -1, .fd = -1};
    int error = kith_restore_check(job, problem);
    if (error != 0)
        return error;
    r.home = resolve(job->home);
    if (r.home == NULL || asprintf(&r.staging, "%s.restoring", r.home) < 0) {
        r.staging = NULL;
        error = out_of_memory(problem);
    }
    if (error == 0)
        error = open_source(&r);
    if (error == 0)
        error = work(&r);
    if (r.source >= 0)
        close(r.source);
    kith_lock_release(&r.lock);
    free(r.staging);
    free(r.home);
    return error;
}
