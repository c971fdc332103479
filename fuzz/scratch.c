/* SPDX-License-Identifier: MIT */
#include "scratch.h"

#include "fuzz.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char folder[SCRATCH_PATH_SIZE];

static void end(void)
{
    scratch_clear();
    rmdir(folder);
}

const char *scratch_folder(void)
{
    if (folder[0] != '\0')
        return folder;
    const char *parent = getenv("TMPDIR");
    if (parent == NULL)
        parent = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    snprintf(folder, sizeof(folder), "%.80s/kith-fuzz-XXXXXX", parent);
    char *made = mkdtemp(folder);
    assert(made != NULL);
    atexit(end);
    return folder;
}

void scratch_path(const char *name, char out[static SCRATCH_PATH_SIZE])
{
    snprintf(out, SCRATCH_PATH_SIZE, "%.100s/%.24s", scratch_folder(), name);
}

void scratch_write(const char *name, const void *data, size_t size)
{
    char path[SCRATCH_PATH_SIZE];
    scratch_path(name, path);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert(fd >= 0);
    ssize_t written = write(fd, data, size);
    assert(written == (ssize_t)size);
    close(fd);
}

void scratch_clear(void)
{
    DIR *dir = opendir(scratch_folder());
    assert(dir != NULL);
    struct dirent *entry;
    while ((entry = readdir(dir)) != NULL)
        unlinkat(dirfd(dir), entry->d_name, 0);
    closedir(dir);
}
