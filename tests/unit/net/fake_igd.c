/* SPDX-License-Identifier: MIT */
#include "fake_igd.h"

#include <stdio.h>
#include <stdlib.h>

#include "fake_natpmp.h"
#include "lib/unit.h"

#define SSDP_PORT  1900
#define SSDP_GROUP "239.255.255.250"
#define TEXT_SIZE  4096

#define SERVICE "urn:schemas-upnp-org:service:WANIPConnection:1"

struct visit { /* one connection, one request */
    uv_tcp_t tcp;
    uv_write_t write;
    struct fake_igd *fake;
    char in[TEXT_SIZE];
    size_t in_size;
    char out[TEXT_SIZE];
};

/* ---- HTTP ---- */

static void on_visit_closed(uv_handle_t *handle)
{
    free(handle->data);
}

static void end_visit(struct visit *visit)
{
    if (!uv_is_closing((uv_handle_t *)&visit->tcp))
        uv_close((uv_handle_t *)&visit->tcp, on_visit_closed);
}

static void on_written(uv_write_t *write, int status)
{
    end_visit(write->data);
}

static void reply(struct visit *visit, const char *status, const char *body)
{
    int size = snprintf(visit->out, sizeof visit->out,
                        "HTTP/1.1 %s\r\nContent-Type: text/xml\r\nConnection: close\r\n"
                        "Content-Length: %zu\r\n\r\n%s",
                        status, strlen(body), body);
    uv_buf_t buffer = uv_buf_init(visit->out, (unsigned)size);
    visit->write.data = visit;
    uv_write(&visit->write, (uv_stream_t *)&visit->tcp, &buffer, 1, on_written);
}

static void reply_soap(struct visit *visit, const char *status, const char *inside)
{
    char body[TEXT_SIZE / 2];
    snprintf(
        body, sizeof body,
        "<?xml version=\"1.0\"?><s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/"
        "envelope/\"><s:Body>%s</s:Body></s:Envelope>",
        inside);
    reply(visit, status, body);
}

static void reply_fault(struct visit *visit, unsigned code)
{
    char inside[TEXT_SIZE / 4];
    snprintf(
        inside, sizeof inside,
        "<s:Fault><faultcode>s:Client</faultcode><faultstring>UPnPError</faultstring>"
        "<detail><UPnPError><errorCode>%u</errorCode><errorDescription>no"
        "</errorDescription></UPnPError></detail></s:Fault>",
        code);
    reply_soap(visit, "500 Internal Server Error", inside);
}

static void reply_description(struct visit *visit)
{
    struct fake_igd *fake = visit->fake;
    char body[TEXT_SIZE / 2];
    fake->descriptions++;
    snprintf(
        body, sizeof body,
        "<?xml version=\"1.0\"?><root xmlns=\"urn:schemas-upnp-org:device-1-0\">"
        "<device><deviceType>urn:schemas-upnp-org:device:InternetGatewayDevice:1"
        "</deviceType><deviceList><device><deviceType>urn:schemas-upnp-org:device:"
        "WANDevice:1</deviceType><deviceList><device><deviceType>"
        "urn:schemas-upnp-org:device:WANConnectionDevice:1</deviceType><serviceList>"
        "<service><serviceType>" SERVICE "</serviceType><serviceId>a</serviceId>"
        "<controlURL>%s</controlURL><eventSubURL>/e</eventSubURL><SCPDURL>/s</SCPDURL>"
        "</service></serviceList></device></deviceList></device></deviceList></device>"
        "</root>",
        fake->control ? fake->control : "/control");
    reply(visit, "200 OK", fake->description ? fake->description : body);
}

/* ---- actions ---- */

/* The text of an element; empty when there is none. */
static void element(const struct visit *visit, const char *name, char *out, size_t size)
{
    char tag[64];
    snprintf(tag, sizeof tag, "<%s>", name);
    const char *at = strstr(visit->in, tag);
    out[0] = '\0';
    if (at != NULL) {
        at += strlen(tag);
        snprintf(out, size, "%.*s", (int)strcspn(at, "<"), at);
    }
}

static unsigned number(const struct visit *visit, const char *name)
{
    char text[64];
    element(visit, name, text, sizeof text);
    return (unsigned)strtoul(text, NULL, 10);
}

static void reply_mapped(struct visit *visit)
{
    reply_soap(visit, "200 OK", "<u:AddPortMappingResponse xmlns:u=\"" SERVICE "\"/>");
}

static void do_map(struct visit *visit)
{
    struct fake_igd *fake = visit->fake;
    unsigned port = number(visit, "NewExternalPort");
    fake->mappings++;
    fake->mapped_at = uv_now(fake->http.loop);
    fake->inner_port = (uint16_t)number(visit, "NewInternalPort");
    fake->wished_s = number(visit, "NewLeaseDuration");
    element(visit, "NewInternalClient", fake->client, sizeof fake->client);
    if (fake->error != 0) {
        reply_fault(visit, fake->error);
    } else if (fake->is_permanent_only && fake->wished_s != 0) {
        reply_fault(visit, 725);
    } else if (port <= fake->taken_port) {
        reply_fault(visit, 718);
    } else {
        fake->held_port = (uint16_t)port;
        if (fake->hangs_on_mapping)
            fake->hung = visit;
        else
            reply_mapped(visit);
    }
}

void fake_igd_release(struct fake_igd *fake)
{
    reply_mapped(fake->hung);
    fake->hung = NULL;
}

static void do_unmap(struct visit *visit)
{
    struct fake_igd *fake = visit->fake;
    fake->removals++;
    if (number(visit, "NewExternalPort") == fake->held_port)
        fake->held_port = 0;
    reply_soap(visit, "200 OK", "<u:DeletePortMappingResponse xmlns:u=\"" SERVICE "\"/>");
}

static void do_tell_address(struct visit *visit)
{
    char inside[TEXT_SIZE / 4];
    snprintf(inside, sizeof inside,
             "<u:GetExternalIPAddressResponse xmlns:u=\"" SERVICE "\">"
             "<NewExternalIPAddress>%s</NewExternalIPAddress>"
             "</u:GetExternalIPAddressResponse>",
             visit->fake->external);
    reply_soap(visit, "200 OK", inside);
}

static void serve(struct visit *visit)
{
    if (strncmp(visit->in, "GET /description.xml ", 21) == 0)
        reply_description(visit);
    else if (strstr(visit->in, "#AddPortMapping\"") != NULL)
        do_map(visit);
    else if (strstr(visit->in, "#DeletePortMapping\"") != NULL)
        do_unmap(visit);
    else if (strstr(visit->in, "#GetExternalIPAddress\"") != NULL)
        do_tell_address(visit);
    else
        reply(visit, "404 Not Found", "");
}

static bool is_whole(const struct visit *visit)
{
    const char *end = strstr(visit->in, "\r\n\r\n");
    const char *length = strcasestr(visit->in, "content-length:");
    if (end == NULL)
        return false;
    size_t body = length && length < end ? strtoul(length + 15, NULL, 10) : 0;
    return visit->in_size >= (size_t)(end + 4 - visit->in) + body;
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
    struct visit *visit = handle->data;
    *buffer = uv_buf_init(visit->in + visit->in_size,
                          (unsigned)(sizeof visit->in - 1 - visit->in_size));
}

static void on_read(uv_stream_t *stream, ssize_t size, const uv_buf_t *buffer)
{
    struct visit *visit = stream->data;
    if (size < 0) {
        end_visit(visit);
        return;
    }
    visit->in_size += (size_t)size;
    visit->in[visit->in_size] = '\0';
    if (!visit->fake->is_hung && is_whole(visit))
        serve(visit);
}

static void on_connection(uv_stream_t *http, int status)
{
    struct visit *visit = calloc(1, sizeof *visit);
    assert_non_null(visit);
    visit->fake = http->data;
    visit->fake->connections++;
    uv_tcp_init(http->loop, &visit->tcp);
    visit->tcp.data = visit;
    assert_int_equal(uv_accept(http, (uv_stream_t *)&visit->tcp), 0);
    uv_read_start((uv_stream_t *)&visit->tcp, on_alloc, on_read);
}

/* ---- SSDP ---- */

static void on_search_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
    static char bytes[1024];
    *buffer = uv_buf_init(bytes, sizeof bytes - 1);
}

static void on_search(uv_udp_t *udp, ssize_t size, const uv_buf_t *in,
                      const struct sockaddr *from, unsigned flags)
{
    struct fake_igd *fake = udp->data;
    char text[512];
    if (from == NULL)
        return;
    in->base[size] = '\0';
    if (strstr(in->base, "device:InternetGatewayDevice:1") == NULL)
        return;
    fake->searches++;
    int length = snprintf(text, sizeof text,
                          "HTTP/1.1 200 OK\r\nST: urn:schemas-upnp-org:device:"
                          "InternetGatewayDevice:1\r\nUSN: uuid:1\r\nEXT:\r\n"
                          "LOCATION: http://%s:%u/description.xml\r\n\r\n",
                          fake->location ? fake->location : FAKE_ROUTER, fake->http_port);
    uv_buf_t out = uv_buf_init(text, (unsigned)length);
    assert_int_equal(uv_udp_try_send(udp, &out, 1, from), length);
}

/* ---- life ---- */

static void listen_for_http(struct fake_igd *fake, uv_loop_t *loop)
{
    struct sockaddr_in own;
    int size = sizeof own;
    uv_ip4_addr("0.0.0.0", 0, &own);
    uv_tcp_init(loop, &fake->http);
    fake->http.data = fake;
    assert_int_equal(uv_tcp_bind(&fake->http, (struct sockaddr *)&own, 0), 0);
    assert_int_equal(uv_listen((uv_stream_t *)&fake->http, 8, on_connection), 0);
    uv_tcp_getsockname(&fake->http, (struct sockaddr *)&own, &size);
    fake->http_port = ntohs(own.sin_port);
}

void fake_igd_start(struct fake_igd *fake, uv_loop_t *loop)
{
    struct sockaddr_in group;
    *fake = (struct fake_igd){.external = "203.0.113.7"};
    listen_for_http(fake, loop);
    uv_ip4_addr("0.0.0.0", SSDP_PORT, &group);
    uv_udp_init(loop, &fake->ssdp);
    fake->ssdp.data = fake;
    assert_int_equal(uv_udp_bind(&fake->ssdp, (struct sockaddr *)&group, 0), 0);
    assert_int_equal(
        uv_udp_set_membership(&fake->ssdp, SSDP_GROUP, FAKE_ROUTER, UV_JOIN_GROUP), 0);
    uv_udp_recv_start(&fake->ssdp, on_search_alloc, on_search);
}

static void close_visit(uv_handle_t *handle, void *fake)
{
    struct visit *visit = handle->data;
    if (handle->type == UV_TCP && visit != fake)
        end_visit(visit);
}

void fake_igd_stop(struct fake_igd *fake)
{
    uv_walk(fake->http.loop, close_visit, fake);
    uv_close((uv_handle_t *)&fake->ssdp, NULL);
    uv_close((uv_handle_t *)&fake->http, NULL);
}
