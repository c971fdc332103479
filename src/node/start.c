/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "node/home.h"
#include "node/inside.h"
#include "node/secret_file.h"
#include "node/token.h"
#include "proto/frame.h"

#define KITH_PORTS_TRIED                                                                 \
    64 /* from the default one on: as many nodes as one host bears                       \
        */

/* ---- the store ---- */

static int explain_store(const struct kith_runtime *runtime, int error,
                         const char *detail, struct kith_problem *problem)
{
    const char *home = runtime->home;
    switch (error) {
    case KITH_ELOCKED:
        return kith_problem_set(problem, error,
                                "another kith already runs on the home %s; stop it with "
                                "`kith down`, or give this one a home of its own with "
                                "--home DIR",
                                home);
    case KITH_ENEWER:
        return kith_problem_set(problem, error,
                                "the database %s was written by a newer kith (%s); run "
                                "that one, or use another home with --home DIR",
                                runtime->database, detail);
    case KITH_ECORRUPT:
        return kith_problem_set(problem, error,
                                "the database %s is damaged (%s); restore it from a "
                                "backup, or move it and %s-wal away to begin with an "
                                "empty one",
                                runtime->database, detail, runtime->database);
    case KITH_ENOTFOUND:
        return kith_problem_set(
            problem, error,
            "the database %s is missing or empty, and %s-wal beside it has "
            "what was said last, or all of it; put the database "
            "back, or move that away too to begin with an empty one",
            runtime->database, runtime->database);
    case KITH_EREADONLY:
    case KITH_EACCESS:
        return kith_problem_set(problem, error,
                                "the database %s cannot be written to (%s); correct the "
                                "permissions of the home, or use another with --home DIR",
                                runtime->database, detail);
    case KITH_EFULL:
        return kith_problem_set(problem, error,
                                "the disk is full, so the database %s cannot be opened; "
                                "make room and try again",
                                runtime->database);
    default:
        return kith_problem_set(problem, error,
                                "the database %s cannot be opened: %s (%s); look at the "
                                "disk, the memory and `ulimit -n`, and try again",
                                runtime->database, kith_error_text(error), detail);
    }
}

static int explain_owner(const struct kith_runtime *runtime, const char *detail,
                         struct kith_problem *problem)
{
    return kith_problem_set(
        problem, KITH_EINVALID,
        "%s/" KITH_HOME_IDENTITY " is another identity than that of "
        "the database %s (%s); put that one back, or `kith restore` "
        "a backup; to begin with an empty database move " KITH_HOME_DATABASE " away",
        runtime->home, runtime->database, detail);
}

static int open_store(struct kith_runtime *runtime,
                      const struct kith_runtime_config *config,
                      struct kith_problem *problem)
{
    char detail[KITH_STORE_DETAIL_SIZE] = "";
    struct kith_store_config store = {.path = runtime->database,
                                      .self = runtime->identity.id,
                                      .is_durable_full = config->is_durable};
    int error = kith_store_open(&store, &runtime->store, detail);
    if (error == KITH_EINVALID)
        return explain_owner(runtime, detail, problem);
    return error == 0 ? 0 : explain_store(runtime, error, detail, problem);
}

/* ---- the core ---- */

static int restore(void *ctx, const struct kith_record *record)
{
    struct kith_runtime *runtime = ctx;
    if (record->type == KITH_RECORD_META)
        runtime->arrival_committed = record->meta.arrival_next;
    if (record->type == KITH_RECORD_LOG && record->log.is_damaged)
        kith_health_read(runtime, KITH_ECORRUPT);
    return kith_node_restore(runtime->node, record);
}

static int choose_name(const struct kith_runtime_config *config, struct kith_name *out,
                       struct kith_problem *problem)
{
    const char *why = "";
    if (config->name == NULL)
        return 0;
    int error =
        kith_name_parse(kith_bytes(config->name, strlen(config->name)), out, &why);
    if (error == 0)
        return 0;
    return kith_problem_set(
        problem, error, "the name '%s' cannot be used: %s; choose another with --name",
        config->name, why);
}

/* The keys of networks that others may be in by mistake; no secrets, so not wiped. */
static int choose_neighbours(const struct kith_network *network,
                             struct kith_node_config *out)
{
    struct kith_network other = kith_network_default();
    if (strcmp(network->name.text, other.name.text) != 0)
        memcpy(out->default_key, other.key, sizeof(out->default_key));
    if (!network->has_passphrase)
        return 0;
    int error = kith_network_derive(&network->name, NULL, &other);
    if (error == 0)
        memcpy(out->open_key, other.key, sizeof(out->open_key));
    return error;
}

static int make_node(struct kith_runtime *runtime,
                     const struct kith_runtime_config *config,
                     struct kith_problem *problem)
{
    struct kith_node_config node = {
        .alloc = config->core_alloc != NULL ? config->core_alloc : &kith_alloc_heap,
        .rng = kith_random_rng(&runtime->random),
        .signer = kith_identity_signer(&runtime->identity),
        .id = runtime->identity.id,
        .name_default = kith_name_default(config->login),
        .has_beacon = config->has_lan,
        .beacon_interval = config->discovery_interval,
        .relays_for_contacts = config->relays_for_contacts,
    };
    int error = choose_name(config, &node.name, problem);
    if (error != 0)
        return error;
    memcpy(node.network_key, runtime->network.key, sizeof(node.network_key));
    error = kith_home_marker(runtime->database, runtime->marker);
    memcpy(node.marker, runtime->marker, sizeof(node.marker));
    if (error == 0)
        error = choose_neighbours(&runtime->network, &node);
    if (error == 0)
        error = kith_node_new(&node, &runtime->node);
    if (error == 0)
        error = kith_store_restore(runtime->store, restore, runtime);
    sodium_memzero(node.network_key, sizeof(node.network_key));
    return error == 0 ? 0
                      : explain_store(runtime, error, kith_store_detail(runtime->store),
                                      problem);
}

/* ---- the network ---- */

static void log_network(struct kith_runtime *runtime)
{
    const struct kith_network *network = &runtime->network;
    kith_logger_write(runtime->log, KITH_LOGGER_INFO, "network",
                      "another network from now on; what was said in the one before is "
                      "kept, its passphrase is not",
                      "network", network->name.text, "passphrase",
                      network->has_passphrase ? "yes" : "no", "fingerprint",
                      runtime->network_fingerprint, "before",
                      runtime->network_kept.name.text, NULL);
}

/* Under the lock of the store, so that two processes do not both choose. */
static int choose_network(struct kith_runtime *runtime,
                          const struct kith_runtime_config *config,
                          struct kith_problem *problem)
{
    struct kith_network_wish wish = {config->network, config->passphrase,
                                     config->drops_passphrase};
    int error = kith_network_choose(runtime->home, &wish, &runtime->network,
                                    &runtime->network_kept, problem);
    kith_network_fingerprint(&runtime->network, runtime->network_fingerprint);
    return error;
}

int kith_runtime_keep_network(struct kith_runtime *runtime, struct kith_problem *problem)
{
    if (!kith_network_equal(&runtime->network, &runtime->network_kept)) {
        int error = kith_network_save(runtime->home, &runtime->network, problem);
        if (error != 0)
            return error;
        log_network(runtime);
    }
    sodium_memzero(runtime->network.key, sizeof(runtime->network.key));
    runtime->network_kept = runtime->network;
    return 0;
}

/* ---- the net ---- */

static int make_net(struct kith_runtime *runtime, struct kith_problem *problem)
{
    struct kith_net_config net = {
        .seed = runtime->identity.seed,
        .id = runtime->identity.id,
        .alpn = "kith/1",
        /* The core closes one for each above its own limits; some still say goodbye. */
        .links_max = KITH_LINKS_MAX + KITH_STRANGERS_MAX + 2 * KITH_NET_LINGERS_MAX,
        .frame_size_initial = KITH_FRAME_STRANGER_MAX,
        .handler = kith_links_handler(runtime),
    };
    int error = kith_net_new(runtime->loop, &net, &runtime->net);
    return error == 0 ? 0
                      : kith_problem_set(problem, error, "the network cannot be used: %s",
                                         kith_error_text(error));
}

static int explain_listen(const struct kith_address *address, int error,
                          struct kith_problem *problem)
{
    char text[KITH_ADDRESS_TEXT_SIZE];
    kith_address_format(address, text);
    const char *advice = "choose another with --listen";
    if (error == KITH_EADDRINUSE)
        advice = "perhaps by another kith; choose another port with --listen, or port 0 "
                 "for any free one";
    else if (error == KITH_EACCESS)
        advice = "ports below 1024 belong to root; choose another with --listen";
    else if (error == KITH_EUNREACHABLE)
        return kith_problem_set(problem, error,
                                "cannot listen on %s: this host has no such address; %s",
                                text, advice);
    return kith_problem_set(problem, error, "cannot listen on %s: %s%s%s", text,
                            kith_error_text(error),
                            error == KITH_EADDRINUSE ? ", " : "; ", advice);
}

static int listen_on(struct kith_runtime *runtime, const struct kith_address *address)
{
    if (runtime->listening_count == KITH_LISTEN_MAX)
        return KITH_ELIMIT;
    int error = kith_net_listen(runtime->net, address,
                                &runtime->listening[runtime->listening_count]);
    if (error == 0)
        runtime->listening_count++;
    return error;
}

static int listen_by_default(struct kith_runtime *runtime, struct kith_problem *problem)
{
    struct kith_address address = {.port = KITH_PORT_DEFAULT};
    int error = KITH_EADDRINUSE;
    for (int i = 0; i < KITH_PORTS_TRIED && error == KITH_EADDRINUSE; i++) {
        error = listen_on(runtime, &address);
        if (error == KITH_EADDRINUSE)
            address.port++;
    }
    return error == 0 ? 0 : explain_listen(&address, error, problem);
}

static int listen_all(struct kith_runtime *runtime,
                      const struct kith_runtime_config *config,
                      struct kith_problem *problem)
{
    if (config->listen_count == 0)
        return listen_by_default(runtime, problem);
    for (size_t i = 0; i < config->listen_count; i++) {
        int error = listen_on(runtime, &config->listen[i]);
        if (error != 0)
            return explain_listen(&config->listen[i], error, problem);
    }
    return 0;
}

/* ---- all together ---- */

/* Secrets that one who was killed did not put in place. */
static void clear_parts(const struct kith_runtime *runtime)
{
    static const char *const names[] = {KITH_HOME_IDENTITY, KITH_HOME_NETWORK,
                                        KITH_HOME_TOKEN};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char *path = kith_home_file(runtime->home, names[i]);
        if (path != NULL)
            kith_secret_file_clear(path);
        free(path);
    }
}

static int open_home(struct kith_runtime *runtime, const char *home,
                     struct kith_problem *problem)
{
    runtime->home = strdup(home);
    runtime->database = kith_home_file(home, KITH_HOME_DATABASE);
    if (runtime->home == NULL || runtime->database == NULL || sodium_init() < 0)
        return kith_problem_set(problem, KITH_ENOMEM, "out of memory");
    int error = kith_home_make(home, problem);
    return error != 0 ? error
                      : kith_identity_load_or_make(home, &runtime->identity, problem);
}

int kith_start(struct kith_runtime *runtime, const struct kith_runtime_config *config,
               struct kith_problem *problem)
{
    int error = open_home(runtime, config->home, problem);
    if (error == 0)
        error = open_store(runtime, config, problem);
    if (error == 0)
        clear_parts(runtime);
    if (error == 0)
        error = choose_network(runtime, config, problem);
    if (error == 0)
        error = make_node(runtime, config, problem);
    if (error == 0)
        error = make_net(runtime, problem);
    if (error == 0)
        error = listen_all(runtime, config, problem);
    return error;
}
