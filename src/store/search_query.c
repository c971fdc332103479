/* SPDX-License-Identifier: MIT */
/* From what a person typed to a query of FTS5 that cannot be wrong.
 *
 * Only the tokens of the text go into the query, each part in quotes, so nothing in it is
 * an operator. FTS5 answers an unfinished word by gathering all that begins with it: 50
 * ms where a common word is among a million messages (bench/bench_search). So the words
 * that it may become are looked up and asked for one by one, which FTS5 reads latest
 * first. */
#include "store/search_query.h"

#include <string.h>

#include "base/writer.h"

enum {
    UNFINISHED_SIZE_MIN = 3, /* bytes: "con", or one character of Chinese */
    WORDS_MAX = 100,         /* that an unfinished one may become; past it FTS5 gathers */
};

struct making {
    struct kith_store *store;
    fts5_tokenizer tokenizer;
    Fts5Tokenizer *instance;
    struct kith_writer part; /* tokens of the part at hand, a space between each */
    size_t last_at;          /* where the last of them begins */
    struct kith_writer *out;
};

/* ---- tokens ---- */

static int add_token(void *ctx, int flags, const char *token, int size, int begin,
                     int end)
{
    struct making *making = ctx;
    (void)begin, (void)end;
    if (flags & FTS5_TOKEN_COLOCATED)
        return SQLITE_OK;
    if (making->part.size > 0)
        kith_writer_u8(&making->part, ' ');
    making->last_at = making->part.size;
    for (int i = 0; i < size; i++) {
        if (token[i] == '"')
            kith_writer_u8(&making->part, '"');
        kith_writer_u8(&making->part, (uint8_t)token[i]);
    }
    return SQLITE_OK;
}

static fts5_api *find_api(sqlite3 *db)
{
    fts5_api *api = NULL;
    sqlite3_stmt *s = NULL;
    if (sqlite3_prepare_v2(db, "SELECT fts5(?1)", -1, &s, NULL) == SQLITE_OK) {
        sqlite3_bind_pointer(s, 1, &api, "fts5_api_ptr", NULL);
        sqlite3_step(s);
    }
    sqlite3_finalize(s);
    return api;
}

/* The same that the index was made with. */
static bool open_tokenizer(struct making *making)
{
    const char *arguments[] = {"remove_diacritics", "2"};
    void *data = NULL;
    fts5_api *api = find_api(making->store->db);
    return api &&
           api->xFindTokenizer(api, "unicode61", &data, &making->tokenizer) ==
               SQLITE_OK &&
           making->tokenizer.xCreate(data, arguments, 2, &making->instance) == SQLITE_OK;
}

/* ---- the unfinished word ---- */

static void add_quoted(struct making *making, const char *last, size_t last_size)
{
    kith_writer_u8(making->out, '"');
    kith_writer_bytes(making->out, making->part.data, making->last_at);
    kith_writer_bytes(making->out, last, last_size);
    kith_writer_u8(making->out, '"');
}

static sqlite3_stmt *words_statement(struct kith_store *store)
{
    if (sqlite3_exec(store->db,
                     "CREATE VIRTUAL TABLE IF NOT EXISTS temp.words"
                     " USING fts5vocab(main, search, instance)",
                     NULL, NULL, NULL) != SQLITE_OK)
        return NULL;
    return kith_db_statement(store, KITH_SQL_SEARCH_WORDS,
                             "SELECT term FROM temp.words WHERE term >= ?1 LIMIT 1");
}

/* The first word from `from` on that begins with `beginning`: 1, and it replaces `from`.
 * 0: there is none. */
static int next_word(struct kith_store *store, struct kith_bytes beginning,
                     struct kith_writer *from)
{
    sqlite3_stmt *s = words_statement(store);
    if (!s)
        return kith_db_failed(store, "read the words of the search index");
    sqlite3_bind_text(s, 1, (const char *)from->data, (int)from->size, SQLITE_STATIC);
    int rc = kith_db_step(store, s, "read the words of the search index");
    if (rc != 1)
        return rc;
    struct kith_bytes word = kith_db_bytes(s, 0);
    bool is_one = word.size >= beginning.size &&
                  memcmp(word.data, beginning.data, beginning.size) == 0;
    struct kith_writer found = kith_writer(&kith_alloc_heap);
    kith_writer_bytes(&found, word.data, is_one ? word.size : 0);
    sqlite3_reset(s);
    kith_writer_deinit(from);
    *from = found;
    return found.failed ? KITH_ENOMEM : is_one;
}

/* All that the last token may become, or the token itself with FTS5's own mark. */
static int add_unfinished(struct making *making)
{
    struct kith_bytes part = kith_writer_view(&making->part);
    struct kith_bytes beginning =
        kith_bytes(part.data + making->last_at, part.size - making->last_at);
    struct kith_writer word = kith_writer(&kith_alloc_heap);
    size_t begin = making->out->size;
    size_t count = 0;
    int rc;
    kith_writer_bytes(&word, beginning.data, beginning.size);
    kith_writer_u8(making->out, '(');
    while ((rc = next_word(making->store, beginning, &word)) == 1 && count < WORDS_MAX) {
        if (count++ > 0)
            kith_writer_bytes(making->out, " OR ", 4);
        add_quoted(making, (const char *)word.data, word.size);
        kith_writer_u8(&word, '\0'); /* the least that is greater */
    }
    kith_writer_u8(making->out, ')');
    kith_writer_deinit(&word);
    if (rc < 0 || (rc == 0 && count > 0))
        return rc < 0 ? rc : 1;
    making->out->size = begin;
    add_quoted(making, (const char *)beginning.data, beginning.size);
    kith_writer_u8(making->out, '*');
    return 1;
}

/* ---- parts ---- */

static int add_part(struct making *making, struct kith_bytes text, bool is_unfinished)
{
    kith_writer_clear(&making->part);
    making->last_at = 0;
    int rc =
        making->tokenizer.xTokenize(making->instance, making, FTS5_TOKENIZE_QUERY,
                                    (const char *)text.data, (int)text.size, add_token);
    if (rc != SQLITE_OK || making->part.failed)
        return kith_db_fail(making->store, KITH_ENOMEM, "search");
    if (making->part.size == 0)
        return 0;
    if (making->out->size > 0)
        kith_writer_bytes(making->out, " AND ", 5);
    if (is_unfinished && making->part.size - making->last_at >= UNFINISHED_SIZE_MIN)
        return add_unfinished(making);
    add_quoted(making, (const char *)making->part.data + making->last_at,
               making->part.size - making->last_at);
    return 1;
}

static bool is_space(uint8_t byte)
{
    return byte <= ' ' || byte == 0x7f;
}

/* Cuts the next word or phrase off `text`. A phrase that is closed is finished. */
static struct kith_bytes next_part(struct kith_bytes *text, bool *is_closed)
{
    const uint8_t *at = text->data;
    const uint8_t *end = at + text->size;
    while (at < end && is_space(*at))
        at++;
    bool is_phrase = at < end && *at == '"';
    const uint8_t *begin = at += is_phrase;
    while (at < end && (is_phrase ? *at != '"' : !is_space(*at)))
        at++;
    *is_closed = is_phrase && at < end;
    struct kith_bytes part = kith_bytes(begin, (size_t)(at - begin));
    at += *is_closed;
    *text = kith_bytes(at, (size_t)(end - at));
    return part;
}

static bool is_blank(struct kith_bytes text)
{
    for (size_t i = 0; i < text.size; i++)
        if (!is_space(text.data[i]))
            return false;
    return true;
}

int kith_search_query(struct kith_store *store, struct kith_bytes text,
                      struct kith_writer *out)
{
    struct making making = {
        .store = store, .part = kith_writer(&kith_alloc_heap), .out = out};
    int rc = 0;
    if (text.size > KITH_STORE_QUERY_SIZE_MAX)
        text.size = KITH_STORE_QUERY_SIZE_MAX;
    if (!open_tokenizer(&making))
        return kith_db_fail(store, KITH_ENOMEM, "search");
    while (rc >= 0 && !is_blank(text)) {
        bool is_closed;
        struct kith_bytes part = next_part(&text, &is_closed);
        rc = add_part(&making, part, !is_closed && is_blank(text));
    }
    making.tokenizer.xDelete(making.instance);
    kith_writer_deinit(&making.part);
    if (rc < 0)
        return rc;
    return out->failed ? kith_db_fail(store, KITH_ENOMEM, "search") : out->size > 0;
}
