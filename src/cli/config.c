/* SPDX-License-Identifier: MIT */
#include "cli/config.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <ini.h>

#include "cli/suggest.h"
#include "kith/error.h"

const struct kith_knob kith_knobs[] = {
    {"name", "NAME", "what this node calls itself", "the stored one, else the login name",
     KITH_KNOB_ONE},
    {"listen", "[ADDR]:PORT", "accept peers there; several may be given",
     "every interface, port 4747 or the next free one", KITH_KNOB_LIST},
    {"peer", "ADDR", "dial this peer, at start and for ever after; several may be given",
     NULL, KITH_KNOB_LIST},
    {"tracker", "HOST[:PORT][/ID]",
     "register there and meet others of the network; several may be given", NULL,
     KITH_KNOB_LIST},
    {"relay-for-contacts", "yes|no",
     "pass on what contacts of this node say to one another, sealed, where they do not "
     "reach each other",
     "no", KITH_KNOB_SWITCH},
    {"network", "NAME", "whom to meet: nodes of the same network and passphrase only",
     "the one used last, else home", KITH_KNOB_ONE},
    {"network-passphrase-file", "FILE",
     "the network's passphrase is in there; kept as a key, so once is enough", NULL,
     KITH_KNOB_ONE},
    {"lan", "yes|no", "be found on the local network, and find; --no-lan is short for no",
     "yes", KITH_KNOB_ONE},
    {"port-mapping", "yes|no",
     "have the router hand the port on from outside; --no-port-mapping is short for no",
     "yes", KITH_KNOB_ONE},
    {"discovery-interval", "SECONDS",
     "the longest time between beacons, while nothing changes: 1 to 3600", "30",
     KITH_KNOB_ONE},
    {"discovery-port", "PORT", "UDP port of the local network's beacons", "4747",
     KITH_KNOB_ONE},
    {"http", "[ADDR]:PORT|no",
     "where programs and the page on this machine ask; no leaves only the socket",
     "127.0.0.1, port 8000 or the next free one", KITH_KNOB_ONE},
    {"http-insecure", "yes|no",
     "let --http take an address of the network: unencrypted, token and all", "no",
     KITH_KNOB_SWITCH},
    {"plain-api", "yes|no",
     "GET /peers, GET /messages and POST /send for every program here, without token",
     "no", KITH_KNOB_SWITCH},
    {"log", "LEVEL", "what to log on stderr: error, warn, info or debug", "info",
     KITH_KNOB_ONE},
    {"durability", "process|full",
     "what a stored message survives: the death of the process, or a power cut too",
     "process", KITH_KNOB_ONE},
    {0},
};

#define TEXT_SIZE_MAX (256 * 1024) /* 256 addresses, and a book of comments */

#define KNOBS (sizeof(kith_knobs) / sizeof(kith_knobs[0]) - 1)

/* The sources of one knob, nearest first; a nearer one wins whole. */
enum rank { RANK_FLAG, RANK_ENVIRONMENT, RANK_HOME, RANK_XDG, RANK_NONE };

struct setting {
    enum rank rank;
    char *source; /* owned; NULL when no source names it */
    char **values;
    size_t count;
};

struct kith_config {
    struct setting settings[KNOBS];
};

static size_t knob_index(const char *name)
{
    size_t index = 0;
    while (index < KNOBS && strcmp(kith_knobs[index].name, name) != 0)
        index++;
    return index;
}

const struct kith_knob *kith_knob_find(const char *name)
{
    size_t index = knob_index(name);
    return index < KNOBS ? &kith_knobs[index] : NULL;
}

static void setting_clear(struct setting *setting)
{
    for (size_t i = 0; i < setting->count; i++)
        free(setting->values[i]);
    free(setting->values);
    free(setting->source);
    *setting = (struct setting){.rank = RANK_NONE};
}

static struct kith_config *config_new(void)
{
    struct kith_config *config = calloc(1, sizeof(*config));
    for (size_t i = 0; config != NULL && i < KNOBS; i++)
        config->settings[i].rank = RANK_NONE;
    return config;
}

static int append(struct setting *setting, const char *value, size_t size)
{
    if (setting->count == KITH_CONFIG_VALUES_MAX)
        return KITH_ELIMIT;
    char **grown = reallocarray(setting->values, setting->count + 1, sizeof(*grown));
    if (grown == NULL)
        return KITH_ENOMEM;
    setting->values = grown;
    grown[setting->count] = strndup(value, size);
    if (grown[setting->count] == NULL)
        return KITH_ENOMEM;
    setting->count++;
    return 0;
}

/* Append one value. A nearer rank drops what a farther one said; a farther one is not
 * heard. `source` is where the first value stands. */
static int setting_add(struct setting *setting, enum rank rank, const char *source,
                       const char *value, size_t size)
{
    if (setting->rank < rank)
        return 0;
    if (setting->rank > rank)
        setting_clear(setting);
    setting->rank = rank;
    if (setting->source == NULL && (setting->source = strdup(source)) == NULL)
        return KITH_ENOMEM;
    return append(setting, value, size);
}

static int explain(int error, const char *source, const char *knob,
                   char why[static KITH_CONFIG_WHY_SIZE])
{
    if (error == KITH_ELIMIT)
        snprintf(why, KITH_CONFIG_WHY_SIZE, "%s: '%s' has more than %d values", source,
                 knob, KITH_CONFIG_VALUES_MAX);
    else if (error != 0)
        snprintf(why, KITH_CONFIG_WHY_SIZE, "%s: %s", source, kith_error_text(error));
    return error;
}

/* ---- flags ---- */

static int read_flags(struct kith_config *config, const struct kith_config_flag *flags,
                      size_t flag_count, char why[static KITH_CONFIG_WHY_SIZE])
{
    for (size_t i = 0; i < flag_count; i++) {
        size_t index = knob_index(flags[i].name);
        if (index == KNOBS)
            continue;
        const char *value = flags[i].value != NULL ? flags[i].value : "yes";
        struct setting *setting = &config->settings[index];
        char source[64];
        snprintf(source, sizeof(source), "--%s", flags[i].name);
        if (kith_knobs[index].kind != KITH_KNOB_LIST)
            setting_clear(setting); /* of flags the last one counts */
        int error = setting_add(setting, RANK_FLAG, source, value, strlen(value));
        if (error != 0)
            return explain(error, source, flags[i].name, why);
    }
    return 0;
}

/* ---- environment ---- */

void kith_knob_variable(const struct kith_knob *knob,
                        char out[static KITH_KNOB_VARIABLE_SIZE])
{
    snprintf(out, KITH_KNOB_VARIABLE_SIZE, "KITH_%s", knob->name);
    for (; *out != '\0'; out++)
        *out = *out == '-' ? '_' : (char)toupper((unsigned char)*out);
}

static int add_variable(struct setting *setting, const struct kith_knob *knob,
                        const char *variable, const char *text)
{
    if (knob->kind != KITH_KNOB_LIST)
        return setting_add(setting, RANK_ENVIRONMENT, variable, text, strlen(text));
    int error = 0;
    while (error == 0 && *(text += strspn(text, ", \t")) != '\0') {
        size_t size = strcspn(text, ", \t");
        error = setting_add(setting, RANK_ENVIRONMENT, variable, text, size);
        text += size;
    }
    return error;
}

static int read_environment(struct kith_config *config,
                            char why[static KITH_CONFIG_WHY_SIZE])
{
    for (size_t i = 0; i < KNOBS; i++) {
        char variable[KITH_KNOB_VARIABLE_SIZE];
        kith_knob_variable(&kith_knobs[i], variable);
        const char *text = getenv(variable);
        if (text == NULL || text[0] == '\0')
            continue;
        int error = add_variable(&config->settings[i], &kith_knobs[i], variable, text);
        if (error != 0)
            return explain(error, variable, kith_knobs[i].name, why);
    }
    return 0;
}

/* ---- files ---- */

struct file {
    struct kith_config *config;
    enum rank rank;
    const char *path;
    FILE *stream;
    char *line;
    size_t line_capacity;
    int line_no;
    unsigned seen; /* bit per knob, for what may stand once */
    int error;
    char *why; /* KITH_CONFIG_WHY_SIZE bytes */
};

_Static_assert(KNOBS <= 32, "struct file keeps a bit per knob");

static int refuse(struct file *file, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static int refuse(struct file *file, const char *format, ...)
{
    if (file->error != 0)
        return file->error;
    file->error = KITH_EINVALID;
    int used =
        snprintf(file->why, KITH_CONFIG_WHY_SIZE, "%s:%d: ", file->path, file->line_no);
    if (used < 0 || used >= KITH_CONFIG_WHY_SIZE)
        return file->error;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(file->why + used, KITH_CONFIG_WHY_SIZE - (size_t)used, format, arguments);
    va_end(arguments);
    return file->error;
}

/* libinih takes a comment for the end of a value from the first " ;" on. */
static bool has_inline_comment(const char *line)
{
    if (line[0] == ';' || line[0] == '#')
        return false;
    for (const char *at = line; (at = strchr(at, ';')) != NULL; at++)
        if (at > line && isspace((unsigned char)at[-1]))
            return true;
    return false;
}

/* Hands libinih the next line without its indentation, which would make it a continuation
 * of the line before. What libinih would silently cut or split is refused here. */
static char *next_line(char *out, int size, void *stream)
{
    struct file *file = stream;
    ssize_t got =
        file->error != 0 ? -1 : getline(&file->line, &file->line_capacity, file->stream);
    if (got < 0)
        return NULL;
    file->line_no++;
    const char *line = file->line + strspn(file->line, " \t");
    if (strlen(file->line) != (size_t)got)
        refuse(file, "a zero byte; the file has to be text");
    else if (strlen(line) >= (size_t)size)
        refuse(file, "a line of more than %d bytes; give long lists one value a line",
               size - 1);
    else if (has_inline_comment(line))
        refuse(file, "a comment after a value; comments need a line of their own "
                     "(\";\" after a blank cannot be part of a value)");
    if (file->error != 0)
        return NULL;
    snprintf(out, (size_t)size, "%s", line);
    return out;
}

static int refuse_knob(struct file *file, const char *name)
{
    struct kith_suggest suggest;
    kith_suggest_init(&suggest, name);
    for (size_t i = 0; i < KNOBS; i++)
        kith_suggest_offer(&suggest, kith_knobs[i].name);
    if (suggest.best != NULL)
        return refuse(file, "unknown knob '%s'; did you mean '%s'?", name, suggest.best);
    return refuse(file, "unknown knob '%s'; `kith help config` lists them all", name);
}

static int add_line(struct file *file, const char *name, const char *value)
{
    size_t index = knob_index(name);
    if (index == KNOBS)
        return refuse_knob(file, name);
    if (value == NULL || value[0] == '\0')
        return refuse(file, "'%s' has no value", name);
    if (kith_knobs[index].kind != KITH_KNOB_LIST && (file->seen & (1u << index)) != 0)
        return refuse(file, "'%s' is set a second time", name);
    file->seen |= 1u << index;
    char source[KITH_CONFIG_WHY_SIZE];
    snprintf(source, sizeof(source), "%s:%d", file->path, file->line_no);
    int error = setting_add(&file->config->settings[index], file->rank, source, value,
                            strlen(value));
    if (error == KITH_ELIMIT)
        return refuse(file, "'%s' has more than %d values", name, KITH_CONFIG_VALUES_MAX);
    return file->error = error;
}

/* libinih's handler: non-zero goes on. */
static int on_line(void *user, const char *section, const char *name, const char *value)
{
    struct file *file = user;
    if (section[0] != '\0')
        refuse(file, "unknown section '[%s]'; knobs stand without one", section);
    else
        add_line(file, name, value);
    return file->error == 0;
}

static int read_file(struct kith_config *config, enum rank rank, const char *path,
                     char why[static KITH_CONFIG_WHY_SIZE])
{
    struct file file = {.config = config, .rank = rank, .path = path, .why = why};
    file.stream = fopen(path, "re");
    if (file.stream == NULL && (errno == ENOENT || errno == ENOTDIR))
        return 0;
    if (file.stream == NULL) {
        snprintf(why, KITH_CONFIG_WHY_SIZE, "%s cannot be read: %s", path,
                 strerror(errno));
        return KITH_EIO;
    }
    int line = ini_parse_stream(next_line, &file, on_line, &file);
    if (line > 0 && file.error == 0) {
        file.line_no = line;
        refuse(&file, "neither a comment nor `knob = value`");
    } else if (line == -2 && file.error == 0) {
        file.error = explain(KITH_ENOMEM, path, "", why);
    } else if (ferror(file.stream) && file.error == 0) {
        snprintf(why, KITH_CONFIG_WHY_SIZE, "%s cannot be read", path);
        file.error = KITH_EIO;
    }
    if (file.error == KITH_ENOMEM)
        explain(KITH_ENOMEM, path, "", why);
    free(file.line);
    fclose(file.stream);
    return file.error;
}

static char *file_of(const char *directory, const char *rest)
{
    char *path = NULL;
    return asprintf(&path, "%s/%s", directory, rest) < 0 ? NULL : path;
}

/* Of the user, for all homes; NULL: none, or (`*failed`) memory ran out. */
static char *user_file(bool *failed)
{
    const char *xdg = getenv("XDG_CONFIG_HOME");
    const char *login = getenv("HOME");
    char *path = NULL;
    bool has_xdg = xdg != NULL && xdg[0] == '/';
    if (!has_xdg && (login == NULL || login[0] != '/'))
        return NULL;
    path = has_xdg ? file_of(xdg, "kith/kith.conf")
                   : file_of(login, ".config/kith/kith.conf");
    *failed = path == NULL;
    return path;
}

static int read_files(struct kith_config *config, const char *home,
                      char why[static KITH_CONFIG_WHY_SIZE])
{
    bool failed = false;
    char *own = file_of(home, "kith.conf"), *user = user_file(&failed);
    int error = own == NULL || failed ? explain(KITH_ENOMEM, home, "", why) : 0;
    if (error == 0)
        error = read_file(config, RANK_HOME, own, why);
    if (error == 0 && user != NULL)
        error = read_file(config, RANK_XDG, user, why);
    free(own);
    free(user);
    return error;
}

/* ---- as one text ---- */

static int failed_text(const char *path, const char *reason,
                       char why[static KITH_CONFIG_WHY_SIZE])
{
    snprintf(why, KITH_CONFIG_WHY_SIZE,
             "the configuration %s cannot be read: %s; correct that, or move it away",
             path, reason);
    return KITH_EIO;
}

static int read_open(int fd, const char *path, struct kith_config_text *out,
                     char why[static KITH_CONFIG_WHY_SIZE])
{
    struct stat is;
    if (fstat(fd, &is) != 0 || !S_ISREG(is.st_mode))
        return failed_text(path, "it is no file", why);
    if (is.st_size > TEXT_SIZE_MAX)
        return failed_text(path, "it is far too long", why);
    out->text = malloc((size_t)is.st_size + 1);
    if (out->text == NULL)
        return explain(KITH_ENOMEM, path, "", why);
    ssize_t got = read(fd, out->text, (size_t)is.st_size);
    if (got < 0)
        return failed_text(path, strerror(errno), why);
    out->size = (size_t)got;
    return 0;
}

static int read_text(const char *path, struct kith_config_text *out,
                     char why[static KITH_CONFIG_WHY_SIZE])
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return errno == ENOENT || errno == ENOTDIR
                   ? 0
                   : failed_text(path, strerror(errno), why);
    int error = read_open(fd, path, out, why);
    close(fd);
    return error;
}

/* Without blanks: no line gets longer than it was. */
static void print_rank(const struct kith_config *config, enum rank rank, FILE *to)
{
    for (size_t i = 0; i < KNOBS; i++)
        for (size_t j = 0; j < config->settings[i].count; j++)
            if (config->settings[i].rank == rank)
                fprintf(to, "%s=%s\n", kith_knobs[i].name, config->settings[i].values[j]);
}

/* What only the user's file says goes behind what the home's own does. */
static int append_user(const char *home, const char *user, struct kith_config_text *own,
                       char why[static KITH_CONFIG_WHY_SIZE])
{
    struct kith_config *config = config_new();
    struct kith_config_text both = {NULL, 0};
    FILE *to = open_memstream(&both.text, &both.size);
    int error = config == NULL || to == NULL ? explain(KITH_ENOMEM, home, "", why)
                                             : read_files(config, home, why);
    if (error == 0) {
        fwrite(own->text, 1, own->size, to);
        fprintf(to, "\n# of %s:\n", user);
        print_rank(config, RANK_XDG, to);
    }
    if (to != NULL && fclose(to) != 0 && error == 0)
        error = explain(KITH_ENOMEM, home, "", why);
    kith_config_free(config);
    free(error == 0 ? own->text : both.text);
    if (error == 0)
        *own = both;
    return error;
}

int kith_config_text(const char *home, struct kith_config_text *out,
                     char why[static KITH_CONFIG_WHY_SIZE])
{
    bool failed = false;
    char *own = file_of(home, "kith.conf"), *user = user_file(&failed);
    struct kith_config_text owns = {NULL, 0}, users = {NULL, 0};
    int error = own == NULL || failed ? explain(KITH_ENOMEM, home, "", why) : 0;
    if (error == 0)
        error = read_text(own, &owns, why);
    if (error == 0 && user != NULL)
        error = read_text(user, &users, why);
    if (error == 0 && owns.text != NULL && users.text != NULL)
        error = append_user(home, user, &owns, why);
    if (error == 0) {
        struct kith_config_text *chosen = owns.text != NULL ? &owns : &users;
        *out = *chosen;
        chosen->text = NULL;
    }
    free(owns.text);
    free(users.text);
    free(own);
    free(user);
    return error;
}

/* ---- all together ---- */

int kith_config_new(const char *home, const struct kith_config_flag *flags,
                    size_t flag_count, struct kith_config **out,
                    char why[static KITH_CONFIG_WHY_SIZE])
{
    struct kith_config *config = config_new();
    if (config == NULL)
        return explain(KITH_ENOMEM, "configuration", "", why);
    int error = read_flags(config, flags, flag_count, why);
    if (error == 0)
        error = read_environment(config, why);
    if (error == 0)
        error = read_files(config, home, why);
    if (error != 0)
        kith_config_free(config);
    else
        *out = config;
    return error;
}

void kith_config_free(struct kith_config *config)
{
    if (config == NULL)
        return;
    for (size_t i = 0; i < KNOBS; i++)
        setting_clear(&config->settings[i]);
    free(config);
}

static const struct setting *setting_of(const struct kith_config *config,
                                        const char *knob)
{
    static const struct setting none = {.rank = RANK_NONE};
    size_t index = knob_index(knob);
    return index < KNOBS ? &config->settings[index] : &none;
}

const char *kith_config_value(const struct kith_config *config, const char *knob)
{
    return kith_config_value_at(config, knob, 0);
}

size_t kith_config_count(const struct kith_config *config, const char *knob)
{
    return setting_of(config, knob)->count;
}

const char *kith_config_value_at(const struct kith_config *config, const char *knob,
                                 size_t index)
{
    const struct setting *setting = setting_of(config, knob);
    return index < setting->count ? setting->values[index] : NULL;
}

int kith_config_add(struct kith_config *config, const char *knob, const char *value)
{
    struct setting *setting = &config->settings[knob_index(knob)];
    for (size_t i = 0; i < setting->count; i++)
        if (strcmp(setting->values[i], value) == 0)
            return 0;
    int error = append(setting, value, strlen(value));
    if (error != 0)
        return error;
    free(setting->source);
    setting->source = NULL;
    return 0;
}

const char *kith_config_source(const struct kith_config *config, const char *knob)
{
    return setting_of(config, knob)->source;
}
