# SPDX-License-Identifier: MIT
"""An internet for tests, and sites on it behind routers of every kind.

    lab = Lab(scene)                                    # goes with the scene
    home, office = lab.sites("port restricted", "symmetric")
    family = lab.site("full cone", hosts=3, is_hairpin=True, ipv6="blocked")
    node = home.host.node(scene, "alice")               # a kith that runs there
    home.public_ipv4, lab.tracker.ipv4                  # as everybody sees them

    home.delay(450); home.loss(5); home.rate(2000)      # what its way to the internet is like
    home.readdress(); home.unplug(); home.plug()        # what happens to that

Kinds and what they mean are in natrules.KINDS. The internet is a bridge in a namespace: the
machines on it have addresses of 198.51.100.0/24 and 2001:db8::/64, which nobody has (RFC 5737
and 3849), and for what is elsewhere a default route to where it vanishes in silence. Behind
routers every site has the same addresses, 192.168.1.0/24, as at home; they are public again
only by translation. IPv6 is there where a kind says so, and behind a router if asked for.

As in netns.py, no namespace has a name, none outlives the test, and `become_root()` comes
first. What is started by `Machine.node` ends with the thread that started it, at the latest.
"""

import os
import subprocess

from kithlib import Skip
from natrules import ENDPOINT, KINDS, firewall, loss, router
from netns import INTERFACE, Namespace

NETWORK_IPV4, NETWORK_IPV6 = "198.51.100.", "2001:db8::"
TRACKER, GATEWAY = 1, 254        # numbers of machines on the internet; sites are between
HOME, CARRIER = "192.168.1.", "100.64.0."
FIRST_HOST = 10                  # at home; the router is 1

# Ports that the hosts of one site draw are not the same, so that none takes another's at
# the router. Whoever asks for a port by its number sees to that himself.
_PORTS_FIRST, _PORTS_EACH = 20000, 2000
_HOSTS_MAX = 16

_TICKET = "0x" + b"kithrly1".hex()  # the magic in front of it

# What a bridge passes on is no business of the router's rules, whatever the machine's own
# bridges do.
_BRIDGE = {f"bridge/bridge-nf-call-{which}tables": 0 for which in ("ip", "ip6", "arp")}
_FORWARDING = {**_BRIDGE, "ipv4/ip_forward": 1, "ipv4/conf/all/send_redirects": 0,
               "ipv4/conf/default/send_redirects": 0, "ipv6/conf/all/forwarding": 1}


class Machine(Namespace):
    """A host or a router. `ipv4` and `ipv6` are its addresses on the way out; None if none."""

    def __init__(self, name, has_ipv6=True):
        super().__init__(has_ipv6)
        self.name, self.has_ipv6 = name, has_ipv6
        self.ipv4 = self.ipv6 = None
        # What we start there goes with us, even if we are killed.
        self.prefix = ("setpriv", "--pdeathsig", "KILL", *self.prefix)

    def node(self, scene, name, *flags, host="", **options):
        """A kith that is to be started there; on every interface by default."""
        return scene.make(name, *flags, host=host, prefix=self.prefix, **options)

    def address(self, family):
        return self.ipv4 if family == 4 else self.ipv6

    def _configure(self, settings, lines, rules):
        """Begin to set it up: `/proc/sys/net`, lines of ip(8), rules of nft(8)."""
        if not self.has_ipv6:
            settings = {name: value for name, value in settings.items() if "ipv6" not in name}
        # One that this kernel lacks rules over nothing.
        script = "".join(f"[ ! -e /proc/sys/net/{name} ] || "
                         f"echo '{value}' > /proc/sys/net/{name} || exit 1\n"
                         for name, value in settings.items())
        for command, text in (("ip -batch -", "\n".join(lines)), ("nft -f -", rules)):
            if text:
                script += f"{command} << 'END' || exit 1\n{text}\nEND\n"
        process = self.popen("sh", "-s", stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT, text=True)
        process.stdin.write(script)
        process.stdin.close()
        return process, script


def configure(*steps):
    """Set up machines side by side: of each the settings, lines of ip(8), rules of nft(8)."""
    begun = [machine._configure(settings, lines, rules)
             for machine, settings, lines, rules in steps]
    failed = []
    for process, script in begun:
        said = process.stdout.read()
        process.stdout.close()
        if process.wait() != 0:
            failed.append(f"{said}{script}")
    assert not failed, "\n".join(failed)


def bridge_line(name):
    """With a hardware address of its own: by default it is the lowest of the ports', and when
    a port comes that has a lower one, what neighbours know of the gateway is wrong."""
    return (f"link add {name} address 02:00:00:00:00:01 type bridge mcast_snooping 0 "
            "forward_delay 0")


class Uplink:
    """The way from a machine to the internet, and what it is like: one port of the bridge,
    and a delay line in between once that was asked for."""

    def __init__(self, lab, machine, number, interface):
        self.lab, self.machine, self.interface = lab, machine, interface
        self.number = number
        self.port = f"u{number}"  # at the bridge, whatever is in between
        self.wire = self.line = self.rate_kbit = None
        self.ipv4 = self.ipv6 = False

    def plug_lines(self):
        return [f"link add {self.port} type veth peer name {self.interface} "
                f"netns {self.machine.holder.pid}",
                f"link set {self.port} master internet up"]

    def address_lines(self):
        """The machine's, with nothing there before."""
        machine, device = self.machine, self.interface
        machine.ipv4 = f"{self.lab.network_ipv4}{self.number}" if self.ipv4 else None
        machine.ipv6 = f"{NETWORK_IPV6}{self.number:x}" if self.ipv6 else None
        lines = [f"link set {device} up"]
        if machine.ipv4:
            lines += [f"addr add {machine.ipv4}/24 brd + dev {device}",
                      f"route replace default via {self.lab.network_ipv4}{GATEWAY} "
                      f"dev {device}"]
        if machine.ipv6:
            lines += [f"addr add {machine.ipv6}/64 dev {device} nodad",
                      f"route replace ::/0 via {NETWORK_IPV6}{GATEWAY:x} dev {device}"]
        return lines

    def leave_lines(self):
        """Before it has another address. A router forgets what it translated to the old one."""
        lines = []
        if self.machine.ipv4:
            lines.append(f"addr del {self.machine.ipv4}/24 dev {self.interface}")
        if self.machine.ipv6:
            lines.append(f"addr del {self.machine.ipv6}/64 dev {self.interface}")
        return lines

    def _splice(self):
        """Put a wire of our own between the port and the machine."""
        path = os.environ.get("KITH_DELAY_LINE", "build-test/tests/system/delay_line")
        if not os.access(path, os.X_OK):
            raise Skip(f"no delay line at {path}: build it, or set KITH_DELAY_LINE")
        # Nothing in there may answer in the wire's place: it has no address at all.
        self.wire = Machine(f"wire of {self.machine.name}", has_ipv6=False)
        self.lab.namespaces.append(self.wire)
        self.wire.wait_ready()
        there = f"netns {self.wire.holder.pid}"
        self.lab.internet.ip(f"link set {self.port} down",
                             f"link set {self.port} nomaster",
                             f"link set {self.port} {there} name near",
                             f"link add {self.port} type veth peer name far {there}",
                             f"link set {self.port} master internet up")
        self.wire.ip("link set near up", "link set far up")
        self.line = self.wire.popen(path, "near", "far", str(self.number), text=True,
                                    stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.lab.closers.append(self._unsplice)
        self._line_says("ready")
        if self.rate_kbit:
            self.rate(self.rate_kbit)

    def _line_says(self, word):
        said = self.line.stdout.readline().split()
        assert said[:1] == [word], f"the delay line said {said}, wanted {word}"
        return said[1:]

    def _order(self, order, word):
        self.line.stdin.write(order + "\n")
        self.line.stdin.flush()
        return self._line_says(word)

    def _unsplice(self):
        self.line.stdin.close()
        self.line.stdout.close()
        self.line.wait()

    def delay(self, round_trip_ms, jitter_ms=0):
        if not self.line:
            self._splice()
        self._order(f"{round(round_trip_ms * 500)} {round(jitter_ms * 500)}", "set")

    def counts(self):
        """Of the delay line: frames it carried, and those that it had no room for."""
        return [int(word) for word in self._order("counts", "counts")]

    def rate(self, kbit):
        self.rate_kbit = kbit
        # Room for a hundredth of a second at once, for one frame at least, and for a tenth
        # to wait.
        burst = max(3200, kbit * 1000 // 8 // 100)
        queue = max(6400, kbit * 1000 // 8 // 10)
        for machine, device in ((self.lab.internet, self.port), (self.machine, self.interface)):
            machine.run("tc", "qdisc", "replace", "dev", device, "root", "tbf",
                        "rate", f"{kbit}kbit", "burst", str(burst), "limit", str(queue))


class Site:
    """Hosts, and the routers between them and the internet, outermost first. `edge` is what
    has the public addresses: a router, or the host itself."""

    def __init__(self, lab, name, hosts, is_hairpin, ipv6):
        self.lab, self.name, self.kind = lab, name, KINDS[name]
        self.is_hairpin, self.ipv6 = is_hairpin, ipv6
        kind = self.kind
        assert kind.routers or hosts == 1, f"{name}: no router that hosts could share"
        assert 1 <= hosts <= _HOSTS_MAX, hosts
        assert ipv6 is None or kind.routers == 1, f"{name}: routes no IPv6"
        has_ipv6 = kind.ipv6 or ipv6 is not None
        self.routers = [Machine(f"{name} router {n}", has_ipv6) for n in range(kind.routers)]
        self.hosts = [Machine(f"{name} host {n}", has_ipv6) for n in range(hosts)]
        self.edge = (self.routers or self.hosts)[0]
        self.uplink = Uplink(lab, self.edge, lab.take_number(), "wan" if self.routers
                             else INTERFACE)
        self.uplink.ipv4, self.uplink.ipv6 = kind.ipv4, has_ipv6
        # The network that hosts behind the router have of their own; it does not change.
        self.prefix_ipv6 = f"2001:db8:{self.uplink.number:x}::" if ipv6 else None

    def __repr__(self):
        return f"<{self.name} at {self.public_ipv4 or self.public_ipv6}>"

    @property
    def machines(self):
        return [*self.routers, *self.hosts]

    @property
    def host(self):
        return self.hosts[0]

    @property
    def public_ipv4(self):
        return self.edge.ipv4

    @property
    def public_ipv6(self):
        return self.edge.ipv6

    @property
    def families(self):
        """Those by which its hosts get out: 4, 6."""
        return self.kind.families | ({6} if self.ipv6 else set())

    # ---- how it is made ----

    def plug_steps(self):
        """Cables inside: each router has a bridge, lan, with what is behind it."""
        for index, machine in enumerate(self.routers):
            is_last = index == len(self.routers) - 1
            behind = self.hosts if is_last else [self.routers[index + 1]]
            lines = [bridge_line("lan"), "link set lan up"]
            for number, other in enumerate(behind):
                lines += [f"link add p{number} type veth peer name "
                          f"{INTERFACE if is_last else 'wan'} netns {other.holder.pid}",
                          f"link set p{number} master lan up"]
            yield machine, _FORWARDING, lines, ""

    def _rules(self, index):
        # Each of two routers does as the kind says: together they are as the stricter one.
        return router(self.kind, self.routers[index].ipv4, self.is_hairpin,
                      self.ipv6 if index == 0 else None)

    def _router_step(self, index):
        is_last = index == len(self.routers) - 1
        machine = self.routers[index]
        lines = [f"addr add {HOME if is_last else CARRIER}1/24 brd + dev lan"]
        if index == 0:
            lines += self.uplink.address_lines()
        else:
            machine.ipv4 = f"{CARRIER}2"
            lines += ["link set wan up", f"addr add {machine.ipv4}/24 brd + dev wan",
                      f"route add default via {CARRIER}1 dev wan"]
        if is_last and self.prefix_ipv6:
            lines.append(f"addr add {self.prefix_ipv6}1/64 dev lan nodad")
        return machine, {}, lines, self._rules(index)

    def _host_step(self, number):
        machine = self.hosts[number]
        first = _PORTS_FIRST + number * _PORTS_EACH
        settings = {"ipv4/ip_local_port_range": f"{first} {first + _PORTS_EACH - 1}"}
        if not self.routers:
            rules = firewall() if self.kind.filtering != ENDPOINT else ""
            return machine, settings, self.uplink.address_lines(), rules
        machine.ipv4 = f"{HOME}{FIRST_HOST + number}"
        lines = [f"link set {INTERFACE} up",
                 f"addr add {machine.ipv4}/24 brd + dev {INTERFACE}",
                 f"route add default via {HOME}1 dev {INTERFACE}"]
        if self.prefix_ipv6:
            machine.ipv6 = f"{self.prefix_ipv6}{FIRST_HOST + number:x}"
            lines += [f"addr add {machine.ipv6}/64 dev {INTERFACE} nodad",
                      f"route add ::/0 via {self.prefix_ipv6}1 dev {INTERFACE}"]
        return machine, settings, lines, ""

    def address_steps(self):
        for index in range(len(self.routers)):
            yield self._router_step(index)
        for number in range(len(self.hosts)):
            yield self._host_step(number)

    def route_lines(self):
        """The internet's, to what is behind the router."""
        if not self.prefix_ipv6:
            return []
        return [f"route replace {self.prefix_ipv6}/64 via {self.edge.ipv6} dev internet"]

    # ---- its way to the internet ----

    def delay(self, round_trip_ms, jitter_ms=0):
        """Every round trip takes this longer, and up to `jitter_ms` more, without a change of
        order. The first time the cable is cut for a moment."""
        self.uplink.delay(round_trip_ms, jitter_ms)

    def loss(self, percent):
        """Of what it sends to the internet so many packets get lost, and of what it is sent."""
        self.lab.lose(self.uplink.port, percent)

    def rate(self, kbit):
        """Kilobits per second, in each direction."""
        self.uplink.rate(kbit)

    def readdress(self):
        """Another public address, at once, as after a night: what was translated to the old
        one is forgotten, and what is sent to that is lost."""
        lines = self.uplink.leave_lines()
        self.uplink.number = self.lab.take_number()
        lines += self.uplink.address_lines()
        configure((self.edge, {}, lines, self._rules(0) if self.routers else ""))
        self.lab.internet.ip(*self.route_lines())

    def unplug(self):
        """Pull the cable to the internet."""
        self.lab.internet.ip(f"link set {self.uplink.port} down")

    def plug(self):
        self.lab.internet.ip(f"link set {self.uplink.port} up")

    def forward(self, protocol, port, host, host_port):
        """As somebody sets up by hand: `port` of the public address is that of this host."""
        assert len(self.routers) == 1, f"{self.name}: not one router"
        self.edge.run("nft", "add", "element", "inet", "router", "forwarded",
                      f"{{ {protocol} . {port} : {host.ipv4} . {host_port} }}")

    def unforward(self, protocol, port, is_silent=True):
        """No more of that, for what came in that way neither; it is refused if not in silence."""
        end = "drop" if is_silent else "reject with tcp reset"
        self.edge.run("nft", "-f", "-", stdin=(
            "flush map inet router forwarded\n"
            f"insert rule inet router forward meta l4proto {protocol} ct status dnat "
            f"ct original proto-dst {port} {end}\n"))

    def block(self, address):
        """Nothing goes there or comes from there any more."""
        family = "ip6" if ":" in address else "ip"
        self.edge.run("nft", "-f", "-", stdin="".join(
            f"insert rule inet router forward {family} {end} {address} drop\n"
            for end in ("saddr", "daddr")))

    def refuse_tickets(self, is_silent=True):
        """Nothing that begins with a ticket in the clear gets out: as where nothing but TLS
        does. Refused with a reset if not in silence."""
        end = "drop" if is_silent else "reject with tcp reset"
        # Behind the 32 bytes of a TCP header with timestamps.
        self.edge.run("nft", "insert", "rule", "inet", "router", "forward", "meta", "l4proto",
                      "tcp", "tcp", "doff", "8", "@th,256,64", _TICKET, "counter", *end.split())

    def refused_tickets(self):
        """How many that were."""
        rules = self.edge.run("nft", "list", "chain", "inet", "router", "forward")
        return sum(int(line.split("counter packets ")[1].split()[0])
                   for line in rules.splitlines() if "@th,256,64" in line)


class Lab:
    """The internet with a machine for a tracker. Skips the case where there cannot be any.
    `network_ipv4` is for programs that know which addresses nobody has."""

    def __init__(self, scene=None, network_ipv4=NETWORK_IPV4):
        self.network_ipv4 = network_ipv4
        self.namespaces, self.closers, self.lost = [], [], {}
        self.numbers = iter(range(FIRST_HOST, GATEWAY))
        if scene:
            scene.at_end(self.close)
        try:
            self.internet = self._added(Machine("internet"))
            self.tracker = self._added(Machine("tracker"))
        except FileNotFoundError as missing:
            raise Skip(f"no network namespace can be made here: {missing}") from missing
        for machine in self.namespaces:
            machine.wait_ready()
        uplink = Uplink(self, self.tracker, TRACKER, INTERFACE)
        uplink.ipv4 = uplink.ipv6 = True
        configure((self.internet, _FORWARDING, [
            bridge_line("internet"), "link set internet up",
            f"addr add {network_ipv4}{GATEWAY}/24 brd + dev internet",
            f"addr add {NETWORK_IPV6}{GATEWAY:x}/64 dev internet nodad",
            "route add blackhole default", "route add blackhole ::/0",
            *uplink.plug_lines()], ""))
        configure((self.tracker, {}, uplink.address_lines(), ""))

    def _added(self, machine):
        self.namespaces.append(machine)
        return machine

    def take_number(self):
        """Of a machine on the internet that nobody had before."""
        return next(self.numbers)

    def sites(self, *names, hosts=1, is_hairpin=False, ipv6=None):
        """A site of each of these kinds, made side by side. `hosts` share its router, and
        reach one another at its public address too if it `is_hairpin`; `ipv6` is what the
        router does with that: "open", "blocked" from outside, or None: not there."""
        made = [Site(self, name, hosts, is_hairpin, ipv6) for name in names]
        machines = [machine for site in made for machine in site.machines]
        self.namespaces += machines
        for machine in machines:
            machine.wait_ready()
        uplinks = [line for site in made for line in site.uplink.plug_lines()]
        configure((self.internet, {}, uplinks, ""),
                  *(step for site in made for step in site.plug_steps()))
        configure(*(step for site in made for step in site.address_steps()))
        if routes := [line for site in made for line in site.route_lines()]:
            self.internet.ip(*routes)
        return made

    def site(self, name, **options):
        return self.sites(name, **options)[0]

    def lose(self, port, percent):
        self.lost[port] = percent
        self.internet.run("nft", "-f", "-", stdin=loss(self.lost))

    def close(self):
        for function in reversed(self.closers):
            function()
        for namespace in self.namespaces:
            namespace.close()
        self.namespaces, self.closers = [], []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
