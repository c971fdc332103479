/* SPDX-License-Identifier: MIT */
/* Configuration: flags, then environment (KITH_<KNOB>), then kith.conf in the home, then
 * kith.conf in the XDG configuration directory, then defaults.
 *
 * One table, kith_knobs, stands behind all of them. The nearest source that names a knob
 * decides it alone: lists are not merged. Values are kept as text; who uses a knob judges
 * it. The file is INI without sections; libinih reads it. */
#ifndef KITH_CLI_CONFIG_H
#define KITH_CLI_CONFIG_H

#include <stdbool.h>
#include <stddef.h>

#define KITH_CONFIG_WHY_SIZE    512
#define KITH_KNOB_VARIABLE_SIZE 64
#define KITH_CONFIG_VALUES_MAX                                                           \
    256 /* of one list knob: as many addresses as a node dials */

enum kith_knob_kind {
    KITH_KNOB_ONE,    /* one value */
    KITH_KNOB_LIST,   /* many flags or lines; commas between values in the environment */
    KITH_KNOB_SWITCH, /* yes or no; the flag stands alone and means yes */
};

struct kith_knob {
    const char *name;     /* of the flag and in the file; in capitals after KITH_ */
    const char *value;    /* what stands for the value in help */
    const char *summary;  /* one clause */
    const char *fallback; /* the default, for people; NULL: none */
    enum kith_knob_kind kind;
};

extern const struct kith_knob kith_knobs[]; /* ends with an entry without a name */

const struct kith_knob *kith_knob_find(const char *name); /* NULL: no such knob */

/* The environment variable of a knob: "KITH_DISCOVERY_PORT". */
void kith_knob_variable(const struct kith_knob *knob,
                        char out[static KITH_KNOB_VARIABLE_SIZE]);

struct kith_config; /* opaque */

/* Flags as given on the command line: name and value, in order. */
struct kith_config_flag {
    const char *name;
    const char *value; /* NULL of a switch */
};

/* Reads all sources. `flags` whose name is no knob are skipped. Returns 0, KITH_ENOMEM,
 * KITH_EINVALID (a line of a file, or a variable, that makes no sense) or KITH_EIO (a
 * file that is there but cannot be read); `why` then holds a sentence naming file and
 * line. */
int kith_config_new(const char *home, const struct kith_config_flag *flags,
                    size_t flag_count, struct kith_config **out,
                    char why[static KITH_CONFIG_WHY_SIZE]);
void kith_config_free(struct kith_config *config);

/* The value of a knob; NULL when no source names it. Of a list: its first. Borrowed. */
const char *kith_config_value(const struct kith_config *config, const char *knob);

/* How many values, and the index-th (NULL past the last). */
size_t kith_config_count(const struct kith_config *config, const char *knob);
const char *kith_config_value_at(const struct kith_config *config, const char *knob,
                                 size_t index);

/* A value that came while the node ran, behind those of a list; no source says the whole
 * then. One that is there already changes nothing. Returns 0, KITH_ENOMEM or
 * KITH_ELIMIT. */
int kith_config_add(struct kith_config *config, const char *knob, const char *value);

/* What the files say, as one to be put into another home: the home's own, the user's, or
 * where both are there the own one and behind it the knobs that only the user's names. */
struct kith_config_text {
    char *text; /* heap; NULL: there is no file */
    size_t size;
};

/* Returns 0, or as kith_config_new; variables are not looked at. */
int kith_config_text(const char *home, struct kith_config_text *out,
                     char why[static KITH_CONFIG_WHY_SIZE]);

/* Where the value came from, for error messages: "--listen", "KITH_LISTEN",
 * "/home/sam/.local/share/kith/kith.conf:3"; NULL when no source names it. */
const char *kith_config_source(const struct kith_config *config, const char *knob);

#endif
