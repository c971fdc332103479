/* SPDX-License-Identifier: MIT */
#include "lib/vfs_hostile.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SECTOR_SIZE 512
#define PATH_SIZE   256

/* A file as SQLite holds it; the real one follows it in memory. */
struct file {
    sqlite3_file base;
    struct vfs_hostile *v;
    struct vfs_image *image; /* NULL: not recorded */
    bool is_main;
    sqlite3_file real[];
};

struct vfs_write {
    uint8_t *bytes; /* owned; NULL: cut to `at` */
    size_t size;
    size_t at;
};

static struct file *file_of(sqlite3_file *file)
{
    return (struct file *)file;
}

/* ---- failing ---- */

enum need { NEEDS_NOTHING, NEEDS_SPACE, NEEDS_SYNC };

static bool may_befall(enum vfs_fault fault, enum need need)
{
    switch (fault) {
    case VFS_FAULT_IO:
        return true;
    case VFS_FAULT_SYNC:
        return need == NEEDS_SYNC;
    default:
        return need == NEEDS_SPACE;
    }
}

static bool fails(struct vfs_hostile *v, enum need need)
{
    if (!may_befall(v->fault, need))
        return false;
    v->calls++;
    if (v->fail_at == 0 || v->calls < v->fail_at ||
        (v->calls > v->fail_at && !v->is_lasting))
        return false;
    v->failures++;
    v->last_errno = need == NEEDS_SPACE && v->fault != VFS_FAULT_IO ? ENOSPC : EIO;
    errno = v->last_errno;
    return true;
}

/* ---- noting ---- */

static void *copied(const void *bytes, size_t size)
{
    void *copy = malloc(size > 0 ? size : 1);
    assert(copy);
    return memcpy(copy, bytes, size);
}

static void *grown(void *bytes, size_t size)
{
    void *moved = realloc(bytes, size > 0 ? size : 1);
    assert(moved);
    return moved;
}

static void forget_writes(struct vfs_image *image)
{
    for (size_t i = 0; i < image->write_count; i++)
        free(image->writes[i].bytes);
    image->write_count = 0;
}

static void forget_image(struct vfs_image *image)
{
    forget_writes(image);
    free(image->writes);
    free(image->synced);
    free(image->path);
    *image = (struct vfs_image){0};
}

static struct vfs_image *find_image(struct vfs_hostile *v, const char *path)
{
    for (size_t i = 0; i < VFS_IMAGES_MAX; i++)
        if (v->images[i].path && strcmp(v->images[i].path, path) == 0)
            return &v->images[i];
    return NULL;
}

static struct vfs_image *make_image(struct vfs_hostile *v, const char *path)
{
    for (size_t i = 0; i < VFS_IMAGES_MAX; i++)
        if (!v->images[i].path) {
            v->images[i].path = copied(path, strlen(path) + 1);
            return &v->images[i];
        }
    assert(!"more files than VFS_IMAGES_MAX");
    return NULL;
}

/* What is there when recording meets a file counts as synced. */
static void note_open(struct file *f, const char *path)
{
    sqlite3_int64 size = 0;
    f->real->pMethods->xFileSize(f->real, &size);
    struct vfs_image *image = find_image(f->v, path);
    if (image && size == 0)
        forget_image(image), image = NULL; /* made anew, past SQLite */
    if (!image) {
        image = make_image(f->v, path);
        image->synced = grown(NULL, (size_t)size);
        image->synced_size = (size_t)size;
        f->real->pMethods->xRead(f->real, image->synced, (int)size, 0);
    }
    f->image = image;
}

static void note(struct vfs_image *image, struct vfs_write write)
{
    if (image->write_count == image->write_capacity) {
        image->write_capacity = image->write_capacity * 2 + 8;
        image->writes =
            grown(image->writes, image->write_capacity * sizeof *image->writes);
    }
    image->writes[image->write_count++] = write;
}

static void tell_change(const struct file *f)
{
    if (f->image)
        f->v->on_change(f->v->ctx);
}

/* The bytes from `from` to `to` of a write arrive. */
static void apply(uint8_t **bytes, size_t *size, const struct vfs_write *write,
                  size_t from, size_t to)
{
    size_t end = write->bytes ? write->at + to : write->at;
    if (end > *size || !write->bytes) {
        *bytes = grown(*bytes, end);
        if (end > *size)
            memset(*bytes + *size, 0, end - *size);
        *size = end;
    }
    if (write->bytes)
        memcpy(*bytes + write->at + from, write->bytes + from, to - from);
}

static void note_sync(struct vfs_image *image)
{
    for (size_t i = 0; i < image->write_count; i++)
        apply(&image->synced, &image->synced_size, &image->writes[i], 0,
              image->writes[i].size);
    forget_writes(image);
}

/* ---- a power cut ---- */

enum remains { NOTHING, ALL, BEGINNING, SECTORS, REMAINS };

static void apply_sectors(uint8_t **bytes, size_t *size, const struct vfs_write *write,
                          const struct kith_rng *rng)
{
    size_t to;
    for (size_t from = 0; from < write->size; from = to) {
        to = from + SECTOR_SIZE - (write->at + from) % SECTOR_SIZE;
        to = to < write->size ? to : write->size;
        if (kith_rng_below(rng, 2) == 0)
            apply(bytes, size, write, from, to);
    }
}

static void save(const char *folder, const struct vfs_image *image, const uint8_t *bytes,
                 size_t size)
{
    char path[PATH_SIZE];
    snprintf(path, sizeof path, "%s%s", folder, strrchr(image->path, '/'));
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert(file >= 0);
    ssize_t written = write(file, bytes, size);
    assert(written >= 0 && (size_t)written == size);
    close(file);
}

static void cut_image(const struct vfs_image *image, const char *folder,
                      const struct kith_rng *rng)
{
    size_t size = image->synced_size;
    uint8_t *bytes = copied(image->synced, size);
    enum remains remains = (enum remains)kith_rng_below(rng, REMAINS);
    size_t count = image->write_count;
    if (remains == NOTHING)
        count = 0;
    else if (remains == BEGINNING)
        count = (size_t)kith_rng_below(rng, count + 1);
    for (size_t i = 0; i < count; i++)
        if (remains == SECTORS && image->writes[i].bytes)
            apply_sectors(&bytes, &size, &image->writes[i], rng);
        else
            apply(&bytes, &size, &image->writes[i], 0, image->writes[i].size);
    save(folder, image, bytes, size);
    free(bytes);
}

void vfs_hostile_cut_power(const struct vfs_hostile *v, const char *folder,
                           const struct kith_rng *rng)
{
    for (size_t i = 0; i < VFS_IMAGES_MAX; i++)
        if (v->images[i].path)
            cut_image(&v->images[i], folder, rng);
}

/* ---- files ---- */

#define REAL(f) (file_of(f)->real->pMethods)

static int close_file(sqlite3_file *file)
{
    return REAL(file)->xClose(file_of(file)->real);
}

static int read_file(sqlite3_file *file, void *out, int size, sqlite3_int64 at)
{
    if (fails(file_of(file)->v, NEEDS_NOTHING))
        return SQLITE_IOERR_READ;
    return REAL(file)->xRead(file_of(file)->real, out, size, at);
}

static int write_file(sqlite3_file *file, const void *bytes, int size, sqlite3_int64 at)
{
    struct file *f = file_of(file);
    if (fails(f->v, NEEDS_SPACE)) {
        if (f->v->fault == VFS_FAULT_SHORT)
            f->real->pMethods->xWrite(f->real, bytes, size / 2, at);
        return f->v->fault == VFS_FAULT_IO ? SQLITE_IOERR_WRITE : SQLITE_FULL;
    }
    tell_change(f);
    if (f->image)
        note(f->image, (struct vfs_write){.bytes = copied(bytes, (size_t)size),
                                          .size = (size_t)size,
                                          .at = (size_t)at});
    return f->real->pMethods->xWrite(f->real, bytes, size, at);
}

static int truncate_file(sqlite3_file *file, sqlite3_int64 size)
{
    struct file *f = file_of(file);
    if (fails(f->v, NEEDS_NOTHING))
        return SQLITE_IOERR_TRUNCATE;
    tell_change(f);
    if (f->image)
        note(f->image, (struct vfs_write){.at = (size_t)size});
    return f->real->pMethods->xTruncate(f->real, size);
}

static int sync_file(sqlite3_file *file, int flags)
{
    struct file *f = file_of(file);
    (void)flags;
    f->v->syncs++;
    f->v->syncs_main += f->is_main;
    if (fails(f->v, NEEDS_SYNC))
        return SQLITE_IOERR_FSYNC;
    tell_change(f);
    if (f->image)
        note_sync(f->image);
    return SQLITE_OK;
}

static int file_size(sqlite3_file *file, sqlite3_int64 *out)
{
    if (fails(file_of(file)->v, NEEDS_NOTHING))
        return SQLITE_IOERR_FSTAT;
    return REAL(file)->xFileSize(file_of(file)->real, out);
}

static int lock_file(sqlite3_file *file, int level)
{
    if (fails(file_of(file)->v, NEEDS_NOTHING))
        return SQLITE_IOERR_LOCK;
    return REAL(file)->xLock(file_of(file)->real, level);
}

static int unlock_file(sqlite3_file *file, int level)
{
    return REAL(file)->xUnlock(file_of(file)->real, level);
}

static int check_lock(sqlite3_file *file, int *out)
{
    return REAL(file)->xCheckReservedLock(file_of(file)->real, out);
}

static int control_file(sqlite3_file *file, int what, void *argument)
{
    return REAL(file)->xFileControl(file_of(file)->real, what, argument);
}

static int sector_size(sqlite3_file *file)
{
    return REAL(file)->xSectorSize(file_of(file)->real);
}

static int device_traits(sqlite3_file *file)
{
    return REAL(file)->xDeviceCharacteristics(file_of(file)->real);
}

static int map_shm(sqlite3_file *file, int page, int size, int is_extending,
                   void volatile **out)
{
    if (fails(file_of(file)->v, is_extending ? NEEDS_SPACE : NEEDS_NOTHING))
        return SQLITE_IOERR_SHMSIZE;
    return REAL(file)->xShmMap(file_of(file)->real, page, size, is_extending, out);
}

static int lock_shm(sqlite3_file *file, int offset, int count, int flags)
{
    if (!(flags & SQLITE_SHM_UNLOCK) && fails(file_of(file)->v, NEEDS_NOTHING))
        return SQLITE_IOERR_SHMLOCK;
    return REAL(file)->xShmLock(file_of(file)->real, offset, count, flags);
}

static void shm_barrier(sqlite3_file *file)
{
    REAL(file)->xShmBarrier(file_of(file)->real);
}

static int unmap_shm(sqlite3_file *file, int is_deleting)
{
    return REAL(file)->xShmUnmap(file_of(file)->real, is_deleting);
}

static const sqlite3_io_methods methods = {
    .iVersion = 2,
    .xClose = close_file,
    .xRead = read_file,
    .xWrite = write_file,
    .xTruncate = truncate_file,
    .xSync = sync_file,
    .xFileSize = file_size,
    .xLock = lock_file,
    .xUnlock = unlock_file,
    .xCheckReservedLock = check_lock,
    .xFileControl = control_file,
    .xSectorSize = sector_size,
    .xDeviceCharacteristics = device_traits,
    .xShmMap = map_shm,
    .xShmLock = lock_shm,
    .xShmBarrier = shm_barrier,
    .xShmUnmap = unmap_shm,
};

/* ---- the disk ---- */

static struct vfs_hostile *disk_of(sqlite3_vfs *vfs)
{
    return vfs->pAppData;
}

static int open_file(sqlite3_vfs *vfs, sqlite3_filename path, sqlite3_file *file,
                     int flags, int *out_flags)
{
    struct vfs_hostile *v = disk_of(vfs);
    struct file *f = file_of(file);
    *f = (struct file){.v = v, .is_main = flags & SQLITE_OPEN_MAIN_DB};
    if (fails(v, flags & SQLITE_OPEN_CREATE ? NEEDS_SPACE : NEEDS_NOTHING))
        return SQLITE_CANTOPEN;
    int rc = v->real->xOpen(v->real, path, f->real, flags, out_flags);
    if (rc != SQLITE_OK)
        return rc;
    f->base.pMethods = &methods;
    const int kept = SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_WAL;
    if (v->is_recording && path && flags & kept)
        note_open(f, path);
    return SQLITE_OK;
}

static int delete_file(sqlite3_vfs *vfs, const char *path, int is_synced)
{
    struct vfs_hostile *v = disk_of(vfs);
    if (fails(v, NEEDS_NOTHING))
        return SQLITE_IOERR_DELETE;
    struct vfs_image *image = find_image(v, path);
    if (image)
        forget_image(image);
    return v->real->xDelete(v->real, path, is_synced);
}

static int access_file(sqlite3_vfs *vfs, const char *path, int flags, int *out)
{
    struct vfs_hostile *v = disk_of(vfs);
    if (fails(v, NEEDS_NOTHING))
        return SQLITE_IOERR_ACCESS;
    return v->real->xAccess(v->real, path, flags, out);
}

static int last_error(sqlite3_vfs *vfs, int size, char *out)
{
    (void)size, (void)out;
    return disk_of(vfs)->last_errno;
}

void vfs_hostile_init(struct vfs_hostile *v)
{
    *v = (struct vfs_hostile){.real = sqlite3_vfs_find(NULL)};
    v->vfs = *v->real;
    v->vfs.zName = "hostile";
    v->vfs.pAppData = v;
    v->vfs.szOsFile = (int)sizeof(struct file) + v->real->szOsFile;
    v->vfs.xOpen = open_file;
    v->vfs.xDelete = delete_file;
    v->vfs.xAccess = access_file;
    v->vfs.xGetLastError = last_error;
    int rc = sqlite3_vfs_register(&v->vfs, 1);
    assert(rc == SQLITE_OK);
}

void vfs_hostile_deinit(struct vfs_hostile *v)
{
    sqlite3_vfs_unregister(&v->vfs);
    for (size_t i = 0; i < VFS_IMAGES_MAX; i++)
        forget_image(&v->images[i]);
}

void vfs_hostile_arm(struct vfs_hostile *v, enum vfs_fault fault, size_t n,
                     bool is_lasting)
{
    v->fault = fault;
    v->calls = 0;
    v->fail_at = n;
    v->is_lasting = is_lasting;
}

void vfs_hostile_record(struct vfs_hostile *v, void (*on_change)(void *ctx), void *ctx)
{
    v->is_recording = true;
    v->on_change = on_change;
    v->ctx = ctx;
}
