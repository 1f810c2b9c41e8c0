"""kazoo on an ensemble that loses its leaders: sessions, watches, locks, elections, multi, reconfig.

usage: kazoo_ensemble.py CONNECT FINISH [JOINER]

Works until the node FINISH is there. JOINER is the `server.N=...` line of a server that is to be taken in and let go.
"""
import sys
import threading
import time
import uuid

from kazoo.client import KazooClient, KazooState
from kazoo.exceptions import BadVersionError, KazooException, NodeExistsError, NoNodeError
from kazoo.retry import KazooRetry

connect, finish = sys.argv[1:3]
joiner = sys.argv[3] if len(sys.argv) > 3 else None
root = "/kazoo-" + uuid.uuid4().hex[:8]
failures, counts, clients, lost = [], {}, [], []
over = threading.Event()


def retry():
    return KazooRetry(max_tries=-1, delay=0.05, max_delay=0.5)


def client():
    zk = KazooClient(hosts=connect, timeout=10, connection_retry=retry(), command_retry=retry())
    zk.add_listener(lambda state: lost.append(zk.client_id) if state == KazooState.LOST and not over.is_set() else None)
    zk.start(timeout=60)
    clients.append(zk)
    return zk


def count(what):
    counts[what] = counts.get(what, 0) + 1


def until(what, check, seconds=60):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if check():
            return
        time.sleep(0.05)
    raise AssertionError("timed out: " + what)


def worker(work):
    """Repeats some work in a thread of its own, until the end or the first failure."""
    def run():
        try:
            while not over.is_set():
                work()
        except BaseException as error:
            failures.append(f"{work.__name__}: {type(error).__name__} {error}")
            over.set()
    thread = threading.Thread(target=run)
    thread.start()
    return thread


zk = client()
session = zk.client_id[0]
zk.create(root, b"0")
zk.create(root + "/mine", b"", ephemeral=True)
for name in ("left", "right"):
    zk.create(f"{root}/{name}", b"0")
zk.create(root + "/work", b"")

# watches: every value comes later than the one before, and the last one comes
seen = []
zk.DataWatch(root, lambda data, stat: seen.append(int(data)))
writer = client()
written = [0]


def watches():
    written[0] += 1
    writer.retry(writer.set, root, str(written[0]).encode())
    count("changes watched")
    until("the change is seen", lambda: seen[-1] >= written[0])
    time.sleep(0.02)


# locks: one holder at a time
holders = []


def locks_of(zk, name):
    def locks():
        with zk.Lock(root + "/lock", name):
            holders.append(name)
            assert holders == [name], f"the lock is held by {holders}"
            time.sleep(0.005)
            holders.remove(name)
            count("locks taken")
    return locks


# elections: one leader at a time
leaders = []


def lead(name):
    leaders.append(name)
    assert leaders == [name], f"elected are {leaders}"
    time.sleep(0.01)
    leaders.remove(name)
    count("elections won")


def elections_of(zk, name):
    def elections():
        zk.Election(root + "/election", name).run(lead, name)
    return elections


# multi: both or neither
mover, reader = client(), client()
moved = [0]


def multis():
    value = str(moved[0] + 1).encode()
    transaction = mover.transaction()
    transaction.set_data(root + "/left", value, moved[0])
    transaction.set_data(root + "/right", value, moved[0])
    try:
        results = transaction.commit()
    except KazooException:
        # Cut off: whether it happened, the node tells.
        time.sleep(0.1)
        results = [mover.retry(mover.get, root + "/left")[1]]
        if results[0].version == moved[0]:
            return
    if isinstance(results[0], BadVersionError):
        # Sent once more by the client, after the first had been carried out.
        assert mover.retry(mover.get, root + "/left")[0] == value, results
    elif isinstance(results[0], Exception):
        raise results[0]
    moved[0] += 1
    count("multis")
    left = int(reader.retry(reader.get, root + "/left")[0])
    right = int(reader.retry(reader.get, root + "/right")[0])
    assert right >= left, f"half a multi: {left} {right}"


# sequential nodes and children, each name once
def nodes():
    name = uuid.uuid4().hex
    try:
        writer.retry(writer.create, f"{root}/work/{name}", b"")
    except NodeExistsError:
        pass
    assert name in writer.retry(writer.get_children, root + "/work")
    try:
        writer.retry(writer.delete, f"{root}/work/{name}")
    except NoNodeError:
        pass
    count("nodes")
    time.sleep(0.02)


def members(config):
    return {line.split("=")[0] for line in config.decode().splitlines() if line.startswith("server.")}


def reconfigure(wanted, **change):
    """Asks again when an answer was lost, or while a reconfiguration or a new leader is under way."""
    admin = clients[-1]
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            config, _ = admin.reconfig(**change)
        except KazooException as error:
            reasons[type(error).__name__] = reasons.get(type(error).__name__, 0) + 1
            time.sleep(0.2)
            continue
        if wanted(members(config)):
            count("reconfigurations")
            return
    raise AssertionError(f"no reconfiguration {change} in time: {reasons}")


reasons = {}


def reconfigs():
    name = joiner.split("=")[0]
    reconfigure(lambda servers: name in servers, joining=joiner, leaving=None, new_members=None)
    time.sleep(0.5)
    reconfigure(lambda servers: name not in servers, joining=None, leaving=name[len("server."):], new_members=None)
    time.sleep(0.5)


rivals = [client(), client(), client()]
works = [watches, multis, nodes]
works += [locks_of(rival, f"rival{i}") for i, rival in enumerate(rivals)]
works += [elections_of(rival, f"rival{i}") for i, rival in enumerate(rivals)]
if joiner is not None:
    client()
    works.append(reconfigs)
sessions = [each.client_id[0] for each in clients]
threads = [worker(work) for work in works]
print("working", flush=True)
while not over.is_set() and zk.retry(zk.exists, finish) is None:
    time.sleep(0.1)
over.set()
for thread in threads:
    thread.join(90)
    if thread.is_alive():
        failures.append("a thread does not end")
assert not failures, failures
assert not lost, f"sessions have been lost: {lost}"
assert [each.client_id[0] for each in clients] == sessions, "a client has another session"
assert zk.retry(zk.exists, root + "/mine").ephemeralOwner == session
assert seen == sorted(seen) and seen[-1] == written[0], "watched values went back, or the last one is missing"
for each in clients[1:]:
    each.stop()
    each.close()
zk.retry(zk.delete, root, recursive=True)
zk.stop()
zk.close()
print("kazoo: " + ", ".join(f"{number} {what}" for what, number in sorted(counts.items())))
