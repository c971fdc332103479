# SPDX-License-Identifier: MIT
"""A router between two networks, with a real daemon that maps ports when asked.

    home = Home(scene, natpmp=True)
    node = home.inside.node(scene, "alice")     # behind the router
    home.mapped()                               # {4747: "10.47.1.1:4747"}

The outer network has addresses that nobody reserved, for the daemon maps no others; nothing
leads out of these networks."""

import os
import re
import shutil
import subprocess

from kithlib import Skip, wait_until
from netns import Network

OUTER = "81.47.2"
DAEMON = shutil.which("miniupnpd", path=os.environ["PATH"] + ":/usr/sbin:/sbin")

RULES = """
table inet nat {
  chain forward {
    type filter hook forward priority 0; policy drop;
    ct state established,related accept
    iifname "eth0" accept
    jump allowed
  }
  chain prerouting { type nat hook prerouting priority -100; jump mapped; }
  chain postrouting {
    type nat hook postrouting priority 100;
    jump masked
    oifname "eth1" masquerade
  }
  chain allowed { }
  chain mapped { }
  chain masked { }
}
"""

# The same beside the rules that a router of natlab.py has, which forward what was translated.
MAPPING_RULES = """
insert rule inet router input iifname "lan" accept
table inet nat {
  chain prerouting { type nat hook prerouting priority dstnat - 1; jump mapped; }
  chain postrouting { type nat hook postrouting priority srcnat - 1; jump masked; }
  chain allowed { }
  chain mapped { }
  chain masked { }
}
"""

CONFIG = """
ext_ifname={outside}
listening_ip={inside}
enable_natpmp={natpmp}
enable_upnp={upnp}
secure_mode=yes
upnp_table_name=nat
upnp_nat_table_name=nat
upnp_forward_chain=allowed
upnp_nat_chain=mapped
upnp_nat_postrouting_chain=masked
uuid=6b697468-2222-3333-4444-555555555555
allow 1024-65535 0.0.0.0/0 1024-65535
deny 0-65535 0.0.0.0/0 0-65535
"""


def yes(value):
    return "yes" if value else "no"


def _mapped(router):
    """Outer ports, and where each of them leads."""
    chain = router.run("nft", "list", "chain", "inet", "nat", "mapped")
    return {int(port): to for port, to in re.findall(r"dport (\d+) dnat ip to (\S+)", chain)}


def _run_daemon(scene, router, config):
    path = os.path.join(scene.path, f"miniupnpd{len(scene.closers)}")
    with open(f"{path}.conf", "w", encoding="utf-8") as file:
        file.write(config)
    with open(f"{path}.log", "wb") as log:
        daemon = router.popen(DAEMON, "-d", "-f", f"{path}.conf", "-P", f"{path}.pid",
                              stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    scene.at_end(lambda: (daemon.terminate(), daemon.wait()))
    wait_until("the daemon listens",
               lambda: "5351" in router.run("ss", "-lun") or
               "1900" in router.run("ss", "-lun") or daemon.poll() is not None)
    assert daemon.poll() is None, open(f"{path}.log", encoding="utf-8").read()


class Mapper:
    """The daemon in the router of a site of natlab.py, which then maps ports."""

    def __init__(self, scene, site, natpmp=False, upnp=False):
        if not DAEMON:
            raise Skip("no miniupnpd here; tools/deps test installs it")
        self.router = site.edge
        self.router.run("nft", "-f", "-", stdin=MAPPING_RULES)
        _run_daemon(scene, self.router, CONFIG.format(
            outside="wan", inside="lan", natpmp=yes(natpmp), upnp=yes(upnp)))

    def mapped(self):
        return _mapped(self.router)


class Home:
    """`inside`, its `router`, and `outside`, which can dial nothing but the router."""

    def __init__(self, scene, natpmp=False, upnp=False, is_behind=False, has_route=True):
        if not DAEMON:
            raise Skip("no miniupnpd here; tools/deps test installs it")
        self.scene = scene
        net = Network(scene)
        outer = net.bridge()
        self.inside = net.host(ipv6=False)
        self.router = net.host(net.bridges[0], outer, ipv6=False)
        self.outside = net.host(outer, ipv6=False)
        self.external = self.router.bridges[1].ipv4(self.router.number)
        if not is_behind:
            self.external = f"{OUTER}.7"
            self._readdress(self.router, "eth1", self.external)
            self._readdress(self.outside, "eth0", f"{OUTER}.9")
        self.router.run("sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward")
        self.router.run("nft", "-f", "-", stdin=RULES)
        if has_route:
            self.connect()
        if natpmp or upnp:
            _run_daemon(scene, self.router, CONFIG.format(
                outside="eth1", inside="eth0", natpmp=yes(natpmp), upnp=yes(upnp)))

    @staticmethod
    def _readdress(host, interface, address):
        host.ip(f"addr flush dev {interface}", f"addr add {address}/24 brd + dev {interface}")

    def connect(self):
        """The default route of the host inside."""
        self.inside.ip(f"route add default via {self.router.ipv4} dev eth0")

    def mapped(self):
        return _mapped(self.router)
