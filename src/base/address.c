/* SPDX-License-Identifier: MIT */
#include "base/address.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/utf8.h"
#include "kith/error.h"

enum {
    LABEL_SIZE_MAX = 63, /* RFC 1035 section 2.3.4 */
    ZONE_SIZE_MAX = 15,  /* an interface name on Linux */
};

/* The text cut at its colon and brackets, nothing checked yet. */
struct parts {
    struct kith_bytes host;
    struct kith_bytes port;
    bool has_port;
    bool must_be_ipv6;
};

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static size_t count_of(struct kith_bytes text, char wanted)
{
    size_t count = 0;
    for (size_t i = 0; i < text.size; i++)
        count += text.data[i] == (uint8_t)wanted;
    return count;
}

/* What is before the first `mark`, and in `after` what is behind it. */
static struct kith_bytes cut(struct kith_bytes text, char mark, struct kith_bytes *after)
{
    const uint8_t *at = text.size > 0 ? memchr(text.data, mark, text.size) : NULL;
    if (!at) {
        *after = kith_bytes(NULL, 0);
        return text;
    }
    size_t size = (size_t)(at - text.data);
    *after = kith_bytes(at + 1, text.size - size - 1);
    return kith_bytes(text.data, size);
}

static const char *split_brackets(struct kith_bytes text, struct parts *out)
{
    struct kith_bytes after;
    struct kith_bytes inside = kith_bytes(text.data + 1, text.size - 1);
    if (count_of(inside, ']') != 1)
        return "the bracket around the IPv6 address is not closed";
    *out = (struct parts){.host = cut(inside, ']', &after), .must_be_ipv6 = true};
    if (after.size == 0)
        return NULL;
    if (after.data[0] != ':')
        return "behind the bracket only a colon and a port may stand";
    out->has_port = true;
    out->port = kith_bytes(after.data + 1, after.size - 1);
    return NULL;
}

static const char *split(struct kith_bytes text, struct parts *out)
{
    if (text.size == 0)
        return "the address is empty";
    if (text.data[0] == '[')
        return split_brackets(text, out);
    if (count_of(text, ':') >= 2) {
        *out = (struct parts){.host = text, .must_be_ipv6 = true};
        return NULL;
    }
    *out = (struct parts){.has_port = count_of(text, ':') == 1};
    out->host = cut(text, ':', &out->port);
    return NULL;
}

static const char *parse_port(struct kith_bytes text, uint16_t *out)
{
    static const char fault[] = "a port is a number from 1 to 65535";
    if (text.size < 1 || text.size > 5)
        return fault;
    uint32_t port = 0;
    for (size_t i = 0; i < text.size; i++) {
        if (!is_digit(text.data[i]))
            return fault;
        port = port * 10 + (text.data[i] - '0');
    }
    if (port > UINT16_MAX)
        return fault;
    *out = (uint16_t)port;
    return NULL;
}

/* Bring the address to the form that inet_ntop writes. False if it is none. */
static bool parse_ip(int family, struct kith_bytes text, char *out)
{
    char string[INET6_ADDRSTRLEN];
    unsigned char binary[sizeof(struct in6_addr)];
    if (text.size >= sizeof string || memchr(text.data, '\0', text.size))
        return false;
    memcpy(string, text.data, text.size);
    string[text.size] = '\0';
    return inet_pton(family, string, binary) == 1 &&
           inet_ntop(family, binary, out, INET6_ADDRSTRLEN);
}

static const char *parse_ipv6(struct kith_bytes text, char *out)
{
    struct kith_bytes zone;
    struct kith_bytes ip = cut(text, '%', &zone);
    if (ip.size == 0 || !parse_ip(AF_INET6, ip, out))
        return "not an IPv6 address; one with a port is written [address]:port";
    if (ip.size == text.size)
        return NULL;
    if (zone.size < 1 || zone.size > ZONE_SIZE_MAX)
        return "behind % the name of an interface must stand";
    for (size_t i = 0; i < zone.size; i++)
        if (zone.data[i] <= ' ' || zone.data[i] >= 0x7F || strchr("%/:[]", zone.data[i]))
            return "behind % the name of an interface must stand";
    size_t ip_size = strlen(out);
    out[ip_size] = '%';
    memcpy(out + ip_size + 1, zone.data, zone.size);
    out[ip_size + 1 + zone.size] = '\0';
    return NULL;
}

static bool is_host_byte(uint8_t c)
{
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
           c == '_' || c >= 0x80;
}

static bool is_label(struct kith_bytes label)
{
    if (label.size < 1 || label.size > LABEL_SIZE_MAX)
        return false;
    for (size_t i = 0; i < label.size; i++)
        if (!is_host_byte(label.data[i]))
            return false;
    return label.data[0] != '-' && label.data[label.size - 1] != '-';
}

static bool is_number(struct kith_bytes label)
{
    for (size_t i = 0; i < label.size; i++)
        if (!is_digit(label.data[i]))
            return false;
    return label.size > 0;
}

static bool is_safe_text(struct kith_bytes text)
{
    const uint8_t *end = text.data + text.size;
    for (const uint8_t *at = text.data; at < end;)
        if (kith_utf8_is_unsafe(kith_utf8_next(&at, end)))
            return false;
    return kith_utf8_is_valid(text);
}

static const char *parse_name(struct kith_bytes text, char *out)
{
    static const char fault[] =
        "a host name is made of letters, digits, - and _ with dots between them";
    if (text.size > KITH_HOST_SIZE_MAX)
        return "a host name has at most 255 bytes";
    if (count_of(text, '/') > 0)
        return "an address is host:port, with nothing in front of it or behind it";
    if (!is_safe_text(text))
        return fault;
    struct kith_bytes label = {NULL, 0};
    struct kith_bytes rest = text;
    /* One dot may end the name: it makes it absolute. */
    while (rest.size > 0) {
        label = cut(rest, '.', &rest);
        if (!is_label(label))
            return fault;
    }
    if (is_number(label))
        return "an IPv4 address has four numbers from 0 to 255; a port stands behind a "
               "colon";
    for (size_t i = 0; i < text.size; i++) {
        bool is_upper = text.data[i] >= 'A' && text.data[i] <= 'Z';
        out[i] = (char)(is_upper ? text.data[i] + ('a' - 'A') : text.data[i]);
    }
    out[text.size] = '\0';
    return NULL;
}

static const char *parse_host(const struct parts *parts, bool allow_any, char *out)
{
    struct kith_bytes text = parts->host;
    if (parts->must_be_ipv6)
        return parse_ipv6(text, out);
    if (text.size == 0)
        return allow_any ? NULL : "the address names no host";
    if (parse_ip(AF_INET, text, out))
        return NULL;
    return parse_name(text, out);
}

static const char *parse(struct kith_bytes text, uint16_t port_default, bool allow_any,
                         struct kith_address *out)
{
    struct parts parts;
    const char *fault = split(text, &parts);
    if (fault)
        return fault;
    struct kith_address address = {.port = port_default};
    fault = parse_host(&parts, allow_any, address.host);
    if (!fault && parts.has_port)
        fault = parse_port(parts.port, &address.port);
    if (fault)
        return fault;
    if (address.port == 0 && !allow_any)
        return parts.has_port ? "nobody can be reached at port 0"
                              : "the address names no port";
    *out = address;
    return NULL;
}

int kith_address_parse(struct kith_bytes text, uint16_t port_default, bool allow_any,
                       struct kith_address *out, const char **why)
{
    const char *fault = parse(text, port_default, allow_any, out);
    if (!fault)
        return 0;
    if (why)
        *why = fault;
    return KITH_EADDRESS;
}

void kith_address_format(const struct kith_address *address,
                         char out[static KITH_ADDRESS_TEXT_SIZE])
{
    bool is_ipv6 = strchr(address->host, ':') != NULL;
    snprintf(out, KITH_ADDRESS_TEXT_SIZE, is_ipv6 ? "[%s]:%u" : "%s:%u", address->host,
             (unsigned)address->port);
}

bool kith_address_equal(const struct kith_address *a, const struct kith_address *b)
{
    return a->port == b->port && strcasecmp(a->host, b->host) == 0;
}
