/* SPDX-License-Identifier: MIT */
#include "cli/home.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *set_or_null(const char *name)
{
    const char *value = getenv(name);
    return value != NULL && value[0] != '\0' ? value : NULL;
}

static char *join(const char *directory, const char *rest)
{
    char *path = NULL;
    return asprintf(&path, "%s/%s", directory, rest) < 0 ? NULL : path;
}

static char *absolute(const char *path, const char **why)
{
    if (path[0] == '/')
        return strdup(path);
    char *cwd = getcwd(NULL, 0);
    if (cwd == NULL) {
        *why = "the working directory is gone; give --home with an absolute path";
        return NULL;
    }
    char *joined = join(cwd, path);
    free(cwd);
    return joined;
}

/* A program that links the library may have threads that look up users, too. */
static const char *login_directory(struct passwd *entry, char *buffer, size_t size)
{
    struct passwd *found = NULL;
    const char *home = set_or_null("HOME");
    if (home != NULL)
        return home;
    int error = getpwuid_r(getuid(), entry, buffer, size, &found);
    return error != 0 || found == NULL ? NULL : found->pw_dir;
}

char *kith_cli_home_path(const char *option, const char **why)
{
    if (option == NULL)
        option = set_or_null("KITH_HOME");
    if (option != NULL && option[0] == '\0') {
        *why = "the home's directory has an empty name; give --home a directory";
        return NULL;
    }
    if (option != NULL)
        return absolute(option, why);
    const char *data = set_or_null("XDG_DATA_HOME");
    if (data != NULL && data[0] == '/') /* the specification: relative ones are ignored */
        return join(data, "kith");
    struct passwd entry;
    char buffer[16 * 1024]; /* directories of large sites have long entries */
    const char *login = login_directory(&entry, buffer, sizeof(buffer));
    if (login == NULL) {
        *why = "neither --home, KITH_HOME nor HOME is set; give --home a directory";
        return NULL;
    }
    char *usual = join(login, ".local/share/kith");
    char *path = usual != NULL ? absolute(usual, why) : NULL;
    free(usual);
    return path;
}
