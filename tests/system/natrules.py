# SPDX-License-Identifier: MIT
"""Kinds of places on the internet, in the words of RFC 4787, and the rules of nftables that
make a router behave so. Text only: natlab.py makes the machines.

The kernel's own translator keeps the port where it can and lets in what answers: that is
port-restricted. `fully-random` draws a port for each connection anew: symmetric. The other
cones remember in dynamic sets which host inside has which port, and whom it has sent to,
and translate inwards by them."""

from dataclasses import dataclass

# What a mapping depends on besides the address and port inside; and for filtering, what of
# an outside peer must have been sent to before it may send in.
NO_MAPPING = "none"  # the address inside is the public one
ENDPOINT = "endpoint"
ADDRESS = "address"
ADDRESS_AND_PORT = "address and port"


@dataclass(frozen=True)
class Kind:
    """What a place does with what its hosts send, and with what comes from outside."""
    mapping: str = ENDPOINT
    filtering: str = ADDRESS_AND_PORT
    routers: int = 1      # between its hosts and the internet, each translating
    ipv4: bool = True
    ipv6: bool = False    # public, without a router
    blocks_udp: bool = False

    @property
    def families(self):
        return {family for family, has in ((4, self.ipv4), (6, self.ipv6)) if has}


KINDS = {
    "open": Kind(NO_MAPPING, ENDPOINT, routers=0, ipv6=True),
    "full cone": Kind(ENDPOINT, ENDPOINT),
    "address restricted": Kind(ENDPOINT, ADDRESS),
    "port restricted": Kind(ENDPOINT, ADDRESS_AND_PORT),
    "symmetric": Kind(ADDRESS_AND_PORT, ADDRESS_AND_PORT),
    "double NAT": Kind(ENDPOINT, ADDRESS_AND_PORT, routers=2),
    "UDP blocked": Kind(ENDPOINT, ADDRESS_AND_PORT, blocks_udp=True),
    "inbound blocked": Kind(NO_MAPPING, ADDRESS_AND_PORT, routers=0, ipv6=True),
    "IPv6 only": Kind(NO_MAPPING, ENDPOINT, routers=0, ipv4=False, ipv6=True),
    "IPv4 only": Kind(NO_MAPPING, ENDPOINT, routers=0),
}

# How long a router remembers who sent to whom: longer than a case takes.
_REMEMBERED = "10m"
# Endpoints that a router remembers; at the brim it learns no more, as routers do.
_REMEMBERED_MAX = 16384

_TABLES = f"""
    map inside {{
        type inet_proto . inet_service : ipv4_addr
        flags dynamic,timeout; timeout {_REMEMBERED}; size {_REMEMBERED_MAX}
    }}
    set contacted {{
        type inet_proto . inet_service . ipv4_addr
        flags dynamic,timeout; timeout {_REMEMBERED}; size {_REMEMBERED_MAX}
    }}
    map forwarded {{
        type inet_proto . inet_service : ipv4_addr . inet_service
    }}
"""

# Before the source is translated; chains of type nat see the first packet only.
_REMEMBER = """
    chain remember {
        type filter hook postrouting priority srcnat - 1
        oifname != "wan" return
        meta l4proto { tcp, udp } update @inside { meta l4proto . th sport : ip saddr }
        meta l4proto { tcp, udp } update @contacted { meta l4proto . th sport . ip daddr }
    }
"""


def _table(name, body):
    """In place of what a table of that name held, in one go."""
    return f"table inet {name} {{}}\ndelete table inet {name}\ntable inet {name} {{{body}}}\n"


def _inward(kind, public, is_hairpin):
    """What is sent to a host inside though it answers nothing."""
    admitted = {
        ENDPOINT: "",
        ADDRESS: "meta l4proto . th dport . ip saddr @contacted",
    }
    by_host = "dnat ip to meta l4proto . th dport map @inside"
    lines = ['iifname "wan" dnat ip addr . port to meta l4proto . th dport map @forwarded']
    if kind.filtering in admitted:
        lines.append(f'iifname "wan" {admitted[kind.filtering]} {by_host}')
    if is_hairpin:
        lines.append(f'iifname "lan" ip daddr {public} {by_host}')
    return lines


def _outward(kind, public, is_hairpin):
    masquerade = "masquerade fully-random" if kind.mapping == ADDRESS_AND_PORT else "masquerade"
    lines = [f'oifname "wan" meta nfproto ipv4 {masquerade}']
    if is_hairpin:  # seen inside as from outside (RFC 4787, REQ-9)
        lines.append(f'iifname "lan" oifname "lan" ct status dnat snat ip to {public}')
    return lines


def _forward(kind, ipv6):
    lines = ["meta l4proto udp drop"] if kind.blocks_udp else []
    lines += ["ct state established,related accept", "ct status dnat accept",
              'iifname "lan" accept']
    if ipv6 == "open":
        lines.append("meta nfproto ipv6 accept")
    return lines


def _chain(name, head, lines):
    return f"    chain {name} {{\n        type {head}\n" + "".join(
        f"        {line}\n" for line in lines) + "    }\n"


def router(kind, public, is_hairpin=False, ipv6=None):
    """The rules of a router with the interfaces wan and lan. `public` is its address on wan;
    `ipv6`, where it routes that: "open", or "blocked" from outside. It refuses in silence: a
    reset would end a simultaneous open that has hardly begun."""
    return _table("router", "".join([
        _TABLES, _REMEMBER,
        _chain("prerouting", "nat hook prerouting priority dstnat",
               _inward(kind, public, is_hairpin)),
        _chain("forward", "filter hook forward priority filter; policy drop",
               _forward(kind, ipv6)),
        # What is let go by here leaves no trace: else a peer that knocked first would have
        # taken the port it knocked at.
        _chain("input", "filter hook input priority filter", ["meta l4proto { tcp, udp } drop"]),
        _chain("postrouting", "nat hook postrouting priority srcnat",
               _outward(kind, public, is_hairpin)),
    ]))


def firewall():
    """The rules of a host that lets in answers only."""
    return _table("firewall", _chain(
        "input", "filter hook input priority filter",
        ["ct state established,related accept", 'iifname != "lo" meta l4proto { tcp, udp } drop']))


def _loses(percent):
    return "drop" if percent >= 100 else f"numgen random mod 10000 < {round(percent * 100)} drop"


def loss(percents):
    """The rules of the internet that lose so many percent (`{port: percent}`) in each
    direction. Not those by which neighbours find one another: without them nothing would
    be sent for a second, which is no loss."""
    head = "table bridge loss {}\ndelete table bridge loss\n"
    chains = ""
    for hook, direction in (("prerouting", "iifname"), ("postrouting", "oifname")):
        chains += _chain(hook, f"filter hook {hook} priority 0", [
            "ether type != { ip, ip6 } accept",
            "icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept",
            *(f'{direction} "{port}" {_loses(percent)}'
              for port, percent in percents.items() if percent)])
    return head + f"table bridge loss {{\n{chains}}}\n"
