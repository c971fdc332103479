# SPDX-License-Identifier: MIT
"""What befalls nodes behind routers while they talk: a tracker that dies, ways that open and
close, new addresses, bad ways. Nothing that was said is lost, shown twice or out of order."""

import os
import struct
import time

from badpeerlib import PONG, BadPeer, frame, id_bytes, ping
from discoverylib import meshed, note
from kithlib import DONE, case, is_soak, main, same, wait_until
from liarlib import (Liar, Listener, entry, peers, ring_to_be_relayed, ring_to_meet,
                     signed_record)
from natlab import Lab
from natmatrix import (DIRECT, RELAYED, Tracker, expected, linked, path_class, paths, run_pair,
                       start)
from netns import become_root
from routerlib import OUTER, Mapper
from talklib import Talk
from trackerlib import Tracker as LoopbackTracker
from trackerlib import PEERS, record

# What is printed is what a person waits; what is asserted holds on a machine many times
# slower.
BACK_S = 60
MAPPING = {"KITH_PORT_MAPPING": "yes"}
SILENCE_S = 120  # a way that dies in silence is given up after 45


def took(what, seconds):
    note(f"{what}: {seconds:.1f} s")


def all_come(conditions, within_s, what):
    """Wait until all of these are true (`{words: function}`), each in its own time, which is
    printed."""
    begin, waiting = time.monotonic(), dict(conditions)

    def none_is_left():
        for words in [words for words, condition in waiting.items() if condition()]:
            took(f"{words}: {what} after", time.monotonic() - begin)
            del waiting[words]
        return not waiting
    wait_until(f"{what}: {list(waiting)}", none_is_left, within_s)


def is_linked(pair, wanted):
    return lambda: all(path_class(path) == wanted for path in paths(*pair))


def is_registered(node, tracker):
    _, answer = node.request("GET", "/trackers")
    return any(t["address"] == tracker.address and t["state"] == "registered"
               for t in answer["trackers"])


def ring_until_relayed(liar, carol, before):
    """It waits while another dial of that kind is under way."""
    if liar.relayed == before:
        liar.send(ring_to_be_relayed(carol.id))
        time.sleep(0.2)
    return liar.relayed > before


def out_of(node, *args):
    return node.kith(*args).expect(DONE).out.decode()


def doctor_says(node, *parts):
    wait_until(f"the doctor says {parts}",
               lambda: all(part in out_of(node, "doctor") for part in parts))


@case("a relayed pair talks on when the tracker is killed and comes back")
def _(scene):
    tracker, _, pair = run_pair(scene, Lab(scene), "symmetric", "symmetric")
    talk = Talk(scene, *pair)
    tracker.kill()
    wait_until("it is missed", lambda: talk.departures() == 2)
    tracker.start()
    took("relayed again after the tracker was back", linked(*pair, RELAYED, BACK_S))
    took("the last was heard after", talk.ends())


@case("a relayed pair moves over to a direct way that opens, and back when it closes")
def _(scene):
    _, sites, pair = run_pair(scene, Lab(scene), "symmetric", "symmetric")
    talk = Talk(scene, *pair)
    port = pair[0].port
    sites[0].forward("tcp", port, sites[0].host, port)
    took("direct after the way opened", linked(*pair, DIRECT, SILENCE_S))
    same(talk.departures(), 0, "departures told")
    sites[0].unforward("tcp", port, is_silent=is_soak)
    took("relayed again after it closed", linked(*pair, RELAYED, SILENCE_S))
    took("the last was heard after", talk.ends())


@case("a way that swallows big packets, and says nothing, carries long messages")
def _(scene):
    lab = Lab(scene)
    home, far = lab.sites("port restricted", "open")
    for site in (home, far):  # the bridge drops what is too long for the port it leaves by
        lab.internet.ip(f"link set {site.uplink.port} mtu 1280")
        for machine in site.machines:  # single packets, as a cable carries them
            devices = [line.split()[0].split("@")[0]
                       for line in machine.run("ip", "-br", "link").splitlines()]
            machine.ip(*(f"link set {device} gso_max_segs 1" for device in devices))
    bob = far.host.node(scene, "bob").start()
    alice = home.host.node(scene, "alice", "--peer", f"{far.host.ipv4}:{bob.port}").start()
    linked(alice, bob, DIRECT)
    text = "long " * 12000
    for one, other in ((alice, bob), (bob, alice)):
        one.kith("send", other.name, text, "--wait", "delivered").expect(DONE)
        same(other.texts()[-1], text)


@case("a router gets another address: pairs are linked again, directly or relayed")
def _(scene):
    lab = Lab(scene)
    tracker = Tracker(scene, lab).start()
    pairs = []
    for network, wanted, names in (("one", DIRECT, ("port restricted", "port restricted")),
                                   ("two", DIRECT, ("open", "open")),
                                   ("three", RELAYED, ("symmetric", "symmetric"))):
        sites = lab.sites(*names)
        pair = start(scene, sites, "--network", network, "--tracker", tracker.where(sites[0]))
        pairs.append((pair, sites[0], wanted))
    for pair, _, wanted in pairs:
        linked(*pair, wanted)
    talks = [(Talk(scene, *pair), pair, wanted) for pair, _, wanted in pairs]
    for _, site, _ in pairs:
        site.readdress()
    begin = time.monotonic()
    all_come({f"{wanted}, {pair[0].name}": lambda t=talk: t.is_caught_up(begin)
              for talk, pair, wanted in talks}, SILENCE_S, "what is said now is heard")
    for _, pair, wanted in talks:
        linked(*pair, wanted, BACK_S)
    for talk, _, _ in talks:
        talk.ends()


@case("bad ways: 450 ms, one of ten packets lost, 256 kbit; linked, and 200 messages each way")
def _(scene):
    lab = Lab(scene)
    tracker = Tracker(scene, lab).start()
    pairs = []
    for network, spoil, names in (
            ("far", lambda site: site.delay(450), ("port restricted", "port restricted")),
            ("lossy", lambda site: site.loss(10), ("address restricted", "symmetric")),
            ("thin", lambda site: site.rate(256), ("full cone", "open")),
            ("far relayed", lambda site: site.delay(450), ("symmetric", "symmetric"))):
        sites = lab.sites(*names)
        for site in sites:
            spoil(site)
        pair = start(scene, sites, "--network", network, "--tracker", tracker.where(sites[0]))
        pairs.append((network, pair, expected(*names)))
    all_come({f"{network}, {wanted}": is_linked(pair, wanted)
              for network, pair, wanted in pairs}, BACK_S, "linked")
    talks = {network: Talk(scene, *pair, count=200) for network, pair, _ in pairs}
    all_come({network: talk.is_done for network, talk in talks.items()}, SILENCE_S,
             "all is said and heard")
    for talk in talks.values():
        talk.ends()
        same(talk.departures(), 0, "departures told")


@case("two trackers: one behind a wall for one side, then one of them stopped")
def _(scene):
    lab = Lab(scene)
    trackers = [Tracker(scene, lab, machine=machine).start()
                for machine in (lab.tracker, lab.site("open").host)]
    sites = lab.sites("symmetric", "symmetric", "full cone")
    sites[1].block(trackers[0].machine.ipv4)
    flags = [word for tracker in trackers for word in ("--tracker", tracker.where(sites[0]))]
    pair = start(scene, sites, *flags)
    took("relayed by the one that both reach", linked(*pair, RELAYED, SILENCE_S))
    doctor_says(pair[1], f"not registered at {trackers[0].machine.ipv4}",
                f"registered at {trackers[1].machine.ipv4}",
                f"is relayed by {trackers[1].machine.ipv4}", "both at once: no answer in time")
    assert f"relay ({trackers[1].machine.ipv4}" in out_of(pair[0], "peers")
    talk = Talk(scene, *pair)
    trackers[0].stop()
    carol = sites[2].host.node(scene, "carol", *flags).start()
    for one in pair:
        took(f"{one.name} is linked with who came later",
             linked(one, carol, expected("symmetric", "full cone"), BACK_S))
    talk.ends()
    same(talk.departures(), 0, "departures told")
    same(carol.kith("lookup", "--json", pair[0].id).expect(DONE).lines()[0]["id"], pair[0].id)


@case("routers that map ports make it direct: told of once a tracker got in, gone with the node")
def _(scene):
    lab = Lab(scene, network_ipv4=f"{OUTER}.")
    tracker = Tracker(scene, lab).start()
    sites = lab.sites("symmetric", "symmetric")
    mappers = [Mapper(scene, sites[0], natpmp=True), Mapper(scene, sites[1], upnp=True)]
    pair = start(scene, sites, "--tracker", tracker.where(sites[0]), env=MAPPING)
    took("mapped after the start", linked(*pair, "mapped", SILENCE_S))
    for node, site, mapper in zip(pair, sites, mappers):
        wait_until(f"the router of {node.name} hands its port on", lambda n=node, s=site, m=mapper:
                   m.mapped() == {n.port: f"{s.host.ipv4}:{n.port}"})
        doctor_says(node, f"mapped by {'NAT-PMP' if site is sites[0] else 'UPnP'}",
                    "linked directly")
        assert " mapped " in out_of(node, "peers")
    talk = Talk(scene, *pair, count=20)
    talk.ends()
    for node, mapper in zip(pair, mappers):
        node.kith("down").expect(DONE)
        node.ended()
        wait_until("the port is given back", lambda m=mapper: not m.mapped())


# The first three, ten and forty are of different kinds.
SPREAD = (("symmetric", 1), ("port restricted", 1), ("open", 1), ("symmetric", 3),
          ("full cone", 2), ("UDP blocked", 2), ("double NAT", 4), ("address restricted", 4),
          ("inbound blocked", 1), ("IPv4 only", 1), ("port restricted", 7), ("symmetric", 7),
          ("full cone", 6))


def spread(scene, count):
    """So many nodes at households of several kinds, on one tracker."""
    lab, nodes = Lab(scene), []
    tracker = Tracker(scene, lab, "--max-per-address", "100").start()
    for name, hosts in SPREAD:
        hosts = min(hosts, count - len(nodes))
        if hosts > 0:
            site = lab.site(name, hosts=hosts)
            nodes += [host.node(scene, f"n{len(nodes) + i} at {name}", "--tracker",
                                tracker.where(site)) for i, host in enumerate(site.hosts)]
    return nodes


for size in (3, 10, 40) if is_soak else (3, 10):
    @case(f"{size} in several households are linked each to each, and hear all once")
    def _(scene, size=size):
        nodes = spread(scene, size)
        for node in nodes:
            node.start()
        took(f"{size} are linked", meshed(nodes, SILENCE_S))
        relayed = sum(p["path"] == "relay" for node in nodes for p in node.peers()) // 2
        note(f"{relayed} of {size * (size - 1) // 2} pairs are relayed")
        begin = time.monotonic()
        for node in nodes:
            node.kith("broadcast", f"hello from {node.name}").expect(DONE)
        wanted = sorted(f"hello from {node.name}" for node in nodes)
        for node in nodes:
            wait_until(f"{node.name} hears all", lambda n=node: len(n.texts()) >= size)
        took("all heard all", time.monotonic() - begin)
        for node in nodes:
            same(sorted(node.texts()), wanted, f"what {node.name} heard")


@case("a tracker that lies links nobody wrong, and is in nobody's way")
def _(scene):
    liar, honest = Liar(scene), LoopbackTracker(scene).start()
    alice, bob = (scene.make(name, "--tracker", f"{honest.address}/{honest.id}").start()
                  for name in ("alice", "bob"))
    scene.linked(alice, bob)
    alice.stop()
    alice.flags += ["--tracker", liar.address]
    alice.start()
    liar.welcome()
    scene.linked(alice, bob)
    talk = Talk(scene, alice, bob)
    trap = Listener(scene)  # where nobody has a reason to go
    carol, mallory = (BadPeer(scene, "listen", f"{scene.host()}:0") for _ in range(2))
    of_mallory = mallory.wait("listening")[0]
    stranger = os.urandom(32)
    lies = (
        # Carol is where bob is: he shows another key.
        peers(entry(carol.id, signed_record(carol, addresses=[bob.address]))),
        # Somebody else signed for her; the signature is nobody's; it was true once.
        peers(entry(carol.id, signed_record(mallory, carol.id, [trap.address]))),
        peers(entry(carol.id, record(carol.id, 2 ** 63, [trap.address]))),
        peers(entry(carol.id, signed_record(carol, addresses=[trap.address], expiry_s=-1))),
        # The record of one for another.
        peers(entry(mallory.id, signed_record(carol, addresses=[trap.address]))),
        # To meet somebody whom nobody told of; a known one, where nobody listens.
        ring_to_meet(stranger, trap.address.encode()), ring_to_be_relayed(stranger),
        ring_to_meet(carol.id, b"no address"), ring_to_meet(carol.id, b"192.0.2.1:1"), ring_to_meet(carol.id, b"0.0.0.0:1"),
        peers(entry(bytes.fromhex("00" * 32))), peers(entry(id_bytes(alice.id))),
    )
    for lie in lies:
        liar.send(lie)
    # By the relay of a liar to bob, and to mallory, instead of to carol.
    for to in (bob.address, of_mallory):
        before, liar.relays_to = liar.relayed, to
        wait_until("the ticket was used", lambda b=before: ring_until_relayed(liar, carol, b))
    assert is_registered(alice, liar), alice.log()
    # What cannot be read ends the liar's link alone.
    liar.send(ring_to_meet(carol.id, b"192.0.2.1:1", role=b"x"))
    wait_until("the liar is told off", lambda: alice.logs("tracker", liar.address, "EPROTO"))
    talk.ends()
    same(talk.departures(), 0, "departures told")
    same(trap.count, 0, "dials on the word of a liar")
    same([peer["id"] for peer in alice.peers()], [bob.id], "peers of alice")
    assert is_registered(alice, honest), alice.log()


@case("a frame of a tracker that is above its limit ends that link, at its length")
def _(scene):
    liar = Liar(scene)
    alice = scene.make("alice", "--tracker", liar.address).start()
    liar.welcome()
    liar.send(frame(0x7F, bytes(163839)), ping())  # of a later version, and skipped
    liar.tls.wait_frame(PONG)
    assert is_registered(alice, liar), alice.log()
    liar.send(struct.pack(">IB", 163841, PEERS))  # nothing of it comes
    liar.tls.wait_down()
    wait_until("people are told", lambda: alice.logs("tracker", liar.address, "ETOOBIG"))
    liar.welcome()  # and it is tried again


if __name__ == "__main__":
    become_root()
    main()
