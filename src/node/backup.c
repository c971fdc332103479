/* SPDX-License-Identifier: MIT */
#include "node/backup.h"

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
#include "store/snapshot.h"
#include "store/store.h"

#define SECRET_SIZE_MAX 4096

/* The file being written. */
struct out {
    const struct kith_backup_job *job;
    struct kith_problem *problem;
    char *part; /* owned: its name until it is whole */
    int fd;
    bool is_nameless; /* it has none until it is whole */
    uint64_t size;
    struct kith_sealer *sealer;
};

static int out_of_memory(struct kith_problem *problem)
{
    return kith_problem_set(problem, KITH_ENOMEM,
                            "out of memory: sealing takes 256 MiB for a moment; close "
                            "something and try again");
}

static int failed_write(const struct out *out, int number)
{
    return kith_problem_set(out->problem, kith_place_error(number),
                            "the backup %s cannot be written: %s; make room, or choose "
                            "another place for it",
                            out->job->file, strerror(number));
}

static int write_out(void *ctx, struct kith_bytes bytes)
{
    struct out *out = ctx;
    out->size += bytes.size;
    while (bytes.size > 0) {
        ssize_t written = write(out->fd, bytes.data, bytes.size);
        if (written < 0 && errno != EINTR)
            return failed_write(out, errno);
        if (written > 0)
            bytes = kith_bytes(bytes.data + written, bytes.size - (size_t)written);
    }
    return 0;
}

/* ---- what goes in ---- */

static int begin_entry(struct out *out, const char *name, uint64_t size)
{
    struct kith_writer w = kith_writer(&kith_alloc_heap);
    kith_archive_begin(&w, name, size);
    int error = w.failed ? out_of_memory(out->problem)
                         : kith_sealer_put(out->sealer, kith_writer_view(&w));
    kith_writer_deinit(&w);
    return error;
}

static int put_entry(struct out *out, const char *name, struct kith_bytes content)
{
    int error = begin_entry(out, name, content.size);
    return error != 0 ? error : kith_sealer_put(out->sealer, content);
}

static int put_secret(struct out *out, const char *name, const char *what, bool is_needed)
{
    uint8_t content[SECRET_SIZE_MAX];
    size_t size = 0;
    char *path = kith_home_file(out->job->home, name);
    if (path == NULL)
        return out_of_memory(out->problem);
    struct kith_secret_file file = {out->job->home, path, what};
    int error =
        kith_secret_file_read(&file, content, sizeof(content), &size, out->problem);
    if (error == 0)
        error = put_entry(out, name, kith_bytes(content, size));
    else if (error == KITH_ENOTFOUND && !is_needed)
        error = 0;
    sodium_memzero(content, sizeof(content));
    free(path);
    return error;
}

static int explain_snapshot(struct out *out, int error, const char *detail)
{
    const char *home = out->job->home;
    if (error == KITH_ENOTFOUND)
        return kith_problem_set(
            out->problem, error,
            "there is no database in %s; `kith up` makes one, or tells "
            "what is missing",
            home);
    if (error == KITH_EFULL)
        return kith_problem_set(out->problem, error,
                                "there is no room in %s for a copy of the database, "
                                "which is needed for a moment; make room",
                                home);
    if (error == KITH_ECORRUPT && !out->job->takes_damaged)
        return kith_problem_set(out->problem, error,
                                "the database in %s is damaged (%s), so no backup of it "
                                "was made; `kith restore` an older one, or back it up as "
                                "it is with --damaged",
                                home, detail);
    return kith_problem_set(out->problem, error,
                            "the database in %s cannot be copied (%s); see whether the "
                            "home can be read and written to",
                            home, detail);
}

static int take_snapshot(struct out *out, int *fd)
{
    char detail[KITH_STORE_DETAIL_SIZE] = "";
    char *database = kith_home_file(out->job->home, KITH_HOME_DATABASE);
    if (database == NULL)
        return out_of_memory(out->problem);
    int error = kith_snapshot_take(database, out->job->takes_damaged, fd, detail);
    free(database);
    return error == 0 ? 0 : explain_snapshot(out, error, detail);
}

static int put_file(struct out *out, int fd, uint64_t size)
{
    uint8_t piece[16 * 1024];
    while (size > 0) {
        size_t wanted = size < sizeof(piece) ? (size_t)size : sizeof(piece);
        ssize_t got = read(fd, piece, wanted);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return kith_problem_set(out->problem, KITH_EIO,
                                    "the copy of the database cannot be read; look at "
                                    "the disk of %s",
                                    out->job->home);
        int error = kith_sealer_put(out->sealer, kith_bytes(piece, (size_t)got));
        if (error != 0)
            return error;
        size -= (uint64_t)got;
    }
    return 0;
}

static int put_database(struct out *out)
{
    struct stat is;
    int fd = -1;
    int error = take_snapshot(out, &fd);
    if (error != 0)
        return error;
    error = fstat(fd, &is) != 0
                ? failed_write(out, errno)
                : begin_entry(out, KITH_HOME_DATABASE, (uint64_t)is.st_size);
    if (error == 0)
        error = put_file(out, fd, (uint64_t)is.st_size);
    close(fd);
    return error;
}

static int put_end(struct out *out)
{
    static const uint8_t end[1] = {0};
    return kith_sealer_put(out->sealer, kith_bytes(end, sizeof(end)));
}

static int put_all(struct out *out)
{
    int error = kith_sealer_new(out->job->passphrase, out->job->cost, write_out, out,
                                &out->sealer);
    if (error == KITH_ENOMEM)
        return out_of_memory(out->problem);
    if (error == 0)
        error = put_secret(out, KITH_HOME_IDENTITY, "identity", true);
    if (error == 0)
        error = put_secret(out, KITH_HOME_NETWORK, "network key", false);
    if (error == 0 && out->job->config.data != NULL)
        error = put_entry(out, KITH_HOME_CONFIG, out->job->config);
    if (error == 0)
        error = put_database(out);
    if (error == 0)
        error = put_end(out);
    return error != 0 ? error : kith_sealer_end(out->sealer);
}

/* ---- the file ---- */

static int already_there(const struct kith_backup_job *job, struct kith_problem *problem)
{
    return kith_problem_set(problem, KITH_EINVALID,
                            "%s is there already; give another name, or --force to "
                            "replace it",
                            job->file);
}

/* Before a passphrase is asked for. */
static int check_parent(const struct kith_backup_job *job, struct kith_problem *problem)
{
    char *parent = kith_place_parent(job->file);
    if (parent == NULL)
        return out_of_memory(problem);
    int number = access(parent, W_OK | X_OK) == 0 ? 0 : errno;
    free(parent);
    if (number == 0)
        return 0;
    return kith_problem_set(problem, kith_place_error(number),
                            "the backup %s cannot be written: %s; %schoose another place "
                            "for it",
                            job->file, strerror(number),
                            number == ENOENT ? "make its directory, or " : "");
}

int kith_backup_check(const struct kith_backup_job *job, struct kith_problem *problem)
{
    struct stat is;
    char *identity = kith_home_file(job->home, KITH_HOME_IDENTITY);
    if (identity == NULL)
        return out_of_memory(problem);
    bool is_home = access(identity, F_OK) == 0;
    free(identity);
    if (!is_home)
        return kith_problem_set(problem, KITH_ENOTFOUND,
                                "there is no identity in %s, so nothing to back up; "
                                "`kith up` makes one, --home DIR names another home",
                                job->home);
    if (kith_place_link_error(job->file) != 0)
        return kith_problem_set(problem, KITH_EINVALID,
                                "%s is a link to what is not there; make where it leads "
                                "to reachable, or remove the link",
                                job->file);
    if (stat(job->file, &is) != 0)
        return check_parent(job, problem);
    if (!S_ISREG(is.st_mode))
        return kith_problem_set(problem, KITH_EINVALID,
                                "%s is no file; give the name of one to be made",
                                job->file);
    return job->replaces ? 0 : already_there(job, problem);
}

/* Without a name, so that nothing stays of it whatever ends the process; where the file
 * system cannot, under its name of meanwhile. */
static int open_out(struct out *out)
{
    char *directory = strdup(out->part);
    if (directory == NULL)
        return ENOMEM;
    char *slash = strrchr(directory, '/');
    if (slash != NULL)
        slash[slash == directory ? 1 : 0] = '\0';
    out->fd =
        open(slash != NULL ? directory : ".", O_WRONLY | O_TMPFILE | O_CLOEXEC, 0600);
    free(directory);
    unlink(out->part); /* of a process that had this number and died half way */
    if (out->fd >= 0 && access("/proc/self/fd", X_OK) == 0) {
        out->is_nameless = true;
        return 0;
    }
    if (out->fd >= 0)
        close(out->fd);
    out->fd = open(out->part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    return out->fd >= 0 ? 0 : errno;
}

/* A link cannot replace, so that it has its name of meanwhile for a moment. */
static int name_out(struct out *out)
{
    char path[32];
    if (!out->is_nameless)
        return 0;
    snprintf(path, sizeof(path), "/proc/self/fd/%d", out->fd);
    return linkat(AT_FDCWD, path, AT_FDCWD, out->part, AT_SYMLINK_FOLLOW) == 0 ? 0
                                                                               : errno;
}

/* Durable, and only then under its name. */
static int finish(struct out *out)
{
    if (fsync(out->fd) != 0)
        return failed_write(out, errno);
    int number = name_out(out);
    if (number == 0)
        number = kith_place_put(out->part, out->job->file, out->job->replaces);
    if (number == EEXIST)
        return already_there(out->job, out->problem);
    if (number != 0)
        return failed_write(out, number);
    kith_place_sync_parent(out->job->file);
    return 0;
}

static int write_file(struct out *out)
{
    int number = open_out(out);
    if (number != 0)
        return failed_write(out, number);
    int error = put_all(out);
    if (error == 0)
        error = finish(out);
    if (close(out->fd) != 0 && error == 0)
        error = failed_write(out, errno);
    if (error != 0)
        unlink(out->part);
    return error;
}

/* What a link leads to is replaced, and not the link. */
int kith_backup(const struct kith_backup_job *job, uint64_t *out_size,
                struct kith_problem *problem)
{
    struct kith_backup_job own = *job;
    struct out out = {.job = &own, .problem = problem, .fd = -1};
    int error = kith_backup_check(job, problem);
    if (error != 0)
        return error;
    char *file = realpath(job->file, NULL); /* NULL: it is not there yet */
    if (file != NULL)
        own.file = file;
    if (asprintf(&out.part, "%s.%ld.part", own.file, (long)getpid()) < 0) {
        out.part = NULL;
        error = out_of_memory(problem);
    }
    if (error == 0)
        error = write_file(&out);
    kith_sealer_free(out.sealer);
    free(out.part);
    free(file);
    if (error == 0 && out_size != NULL)
        *out_size = out.size;
    return error;
}
