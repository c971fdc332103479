/* SPDX-License-Identifier: MIT */
#include "base/name.h"

#include <stdlib.h>
#include <string.h>

#include <unicase.h>
#include <unictype.h>
#include <uninorm.h>

#include "base/utf8.h"
#include "kith/error.h"

enum {
    /* Before normalisation a character may take several code points: enough for any
     * 32, and a bound on what libunistring is given to chew on. */
    INPUT_SIZE_MAX = 4 * KITH_NAME_SIZE_MAX,
    NFC_SIZE_MAX = 3 * INPUT_SIZE_MAX, /* UTF-8 grows at most threefold under NFC */
    ID_PREFIX_MIN = 12,
    ZWNJ = 0x200C,
    ZWJ = 0x200D,
    BRAILLE_BLANK = 0x2800,
};

/* The name as characters, so that a check can look at the neighbours. */
struct characters {
    uint32_t at[KITH_NAME_CHARS_MAX];
    size_t count;
};

static bool is_space(uint32_t character)
{
    return uc_is_general_category_withtable(character, UC_CATEGORY_MASK_Zs);
}

/* Any run of spaces, whatever their width, becomes one. Returns the size in `out`. */
static size_t fold_spaces(struct kith_bytes text, uint8_t out[static INPUT_SIZE_MAX])
{
    const uint8_t *end = text.data + text.size;
    size_t size = 0;
    bool after_space = false;
    for (const uint8_t *at = text.data; at < end;) {
        const uint8_t *start = at;
        bool space = is_space(kith_utf8_next(&at, end));
        if (space && !after_space)
            out[size++] = ' ';
        for (; !space && start < at; start++)
            out[size++] = *start;
        after_space = space;
    }
    return size;
}

static bool has_category(uint32_t character, uint32_t mask)
{
    return uc_is_general_category_withtable(character, mask);
}

static bool is_invisible(uint32_t character)
{
    return kith_utf8_is_unsafe(character) || character == BRAILLE_BLANK ||
           uc_is_property_default_ignorable_code_point(character) ||
           has_category(character,
                        UC_CATEGORY_MASK_Cf | UC_CATEGORY_MASK_Zl | UC_CATEGORY_MASK_Zp);
}

/* The joining type of the nearest character in direction `step` from `index` that is
 * not transparent. */
static int joining_type(const struct characters *name, size_t index, int step)
{
    for (size_t i = index + (size_t)step; i < name->count; i += (size_t)step) {
        int type = uc_joining_type(name->at[i]);
        if (type != UC_JOINING_TYPE_T)
            return type;
    }
    return UC_JOINING_TYPE_U;
}

/* RFC 5892 appendix A.1 and A.2. */
static bool is_visible_joiner(const struct characters *name, size_t index)
{
    uint32_t character = name->at[index];
    if ((character != ZWNJ && character != ZWJ) || index == 0)
        return false;
    if (uc_combining_class(name->at[index - 1]) == UC_CCC_VR)
        return index + 1 < name->count;
    if (character == ZWJ)
        return false;
    int before = joining_type(name, index, -1);
    int after = joining_type(name, index, 1);
    return (before == UC_JOINING_TYPE_L || before == UC_JOINING_TYPE_D) &&
           (after == UC_JOINING_TYPE_R || after == UC_JOINING_TYPE_D);
}

static const char *character_fault(const struct characters *name, size_t index)
{
    uint32_t character = name->at[index];
    if (has_category(character, UC_CATEGORY_MASK_Cc))
        return "a name cannot contain control characters";
    if (is_invisible(character) && !is_visible_joiner(name, index))
        return "a name cannot contain invisible or direction-changing characters";
    if (has_category(character, UC_CATEGORY_MASK_Cn | UC_CATEGORY_MASK_Co))
        return "a name cannot contain private or unassigned characters";
    if (character < 0x80 && strchr("~#:/@", (int)character))
        return "a name cannot contain ~ # : / or @";
    if (index == 0 && has_category(character, UC_CATEGORY_MASK_M))
        return "a name cannot begin with a combining mark";
    return NULL;
}

static bool is_base32(uint32_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '2' && c <= '7');
}

static bool is_digit(uint32_t c)
{
    return c >= '0' && c <= '9';
}

static const char *shape_fault(const struct characters *name)
{
    size_t base32 = 0, digits = 0, dots = 0;
    for (size_t i = 0; i < name->count; i++) {
        base32 += is_base32(name->at[i]);
        digits += is_digit(name->at[i]);
        dots += name->at[i] == '.';
    }
    if (name->count >= ID_PREFIX_MIN && base32 == name->count && digits > 0)
        return "a name cannot look like an id: 12 or more letters and digits in one "
               "piece";
    if (digits > 0 && dots > 0 && digits + dots == name->count)
        return "a name cannot look like an address";
    return NULL;
}

static const char *name_fault(struct kith_bytes text)
{
    struct characters name = {.count = 0};
    const uint8_t *end = text.data + text.size;
    for (const uint8_t *at = text.data; at < end;) {
        if (name.count == KITH_NAME_CHARS_MAX)
            return "a name has at most 32 characters";
        name.at[name.count++] = kith_utf8_next(&at, end);
    }
    for (size_t i = 0; i < name.count; i++) {
        const char *fault = character_fault(&name, i);
        if (fault)
            return fault;
    }
    return shape_fault(&name);
}

/* Returns what is wrong with `text`, or NULL and fills `out`. */
static const char *parse(struct kith_bytes text, struct kith_name *out)
{
    if (!kith_utf8_is_valid(text))
        return "a name must be valid UTF-8";
    struct kith_bytes trimmed = kith_utf8_trim(text);
    if (trimmed.size == 0)
        return "a name cannot be empty";
    if (trimmed.size > INPUT_SIZE_MAX)
        return "a name has at most 32 characters";

    uint8_t folded[INPUT_SIZE_MAX];
    uint8_t normal[NFC_SIZE_MAX];
    size_t normal_size = sizeof normal;
    size_t folded_size = fold_spaces(trimmed, folded);
    uint8_t *result =
        u8_normalize(UNINORM_NFC, folded, folded_size, normal, &normal_size);
    if (result != normal) {
        free(result);
        return "a name cannot be a heap of combining marks";
    }

    const char *fault = name_fault(kith_bytes(normal, normal_size));
    if (fault)
        return fault;
    *out = (struct kith_name){{0}};
    memcpy(out->text, normal, normal_size);
    return NULL;
}

int kith_name_parse(struct kith_bytes text, struct kith_name *out, const char **why)
{
    const char *fault = parse(text, out);
    if (!fault)
        return 0;
    if (why)
        *why = fault;
    return KITH_ENAME;
}

int kith_name_parse_room(struct kith_bytes text, struct kith_name *out, const char **why)
{
    struct kith_name name;
    uint8_t folded[NFC_SIZE_MAX];
    size_t folded_size = sizeof folded;
    if (text.size > 0 && text.data[0] == '#')
        text = kith_bytes(text.data + 1, text.size - 1);
    int error = kith_name_parse(text, &name, why);
    if (error != 0)
        return error;
    uint8_t *result = u8_casefold((const uint8_t *)name.text, strlen(name.text), NULL,
                                  UNINORM_NFC, folded, &folded_size);
    if (result != folded) { /* memory ran out: a name's folded form fits */
        free(result);
        folded_size = 0;
    }
    return kith_name_parse(kith_bytes(folded, folded_size), out, why);
}

struct kith_name kith_name_default(const char *login)
{
    struct kith_name name;
    if (login && kith_name_parse(kith_bytes(login, strlen(login)), &name, NULL) == 0)
        return name;
    return (struct kith_name){"anonymous"};
}

bool kith_name_matches(const char *a, const char *b)
{
    size_t a_size = strlen(a);
    size_t b_size = strlen(b);
    if (a_size == b_size && memcmp(a, b, a_size) == 0)
        return true;
    if (a_size > INPUT_SIZE_MAX || b_size > INPUT_SIZE_MAX)
        return false;
    if (!kith_utf8_is_valid(kith_bytes(a, a_size)) ||
        !kith_utf8_is_valid(kith_bytes(b, b_size)))
        return false;
    int difference;
    return u8_casecmp((const uint8_t *)a, a_size, (const uint8_t *)b, b_size, NULL,
                      UNINORM_NFC, &difference) == 0 &&
           difference == 0;
}
