"""kazoo: every operation that the standalone server offers, watches, locks and elections.

usage: kazoo_scenario.py CONNECT
"""
import socket
import sys
import threading
import time
import uuid

from kazoo.client import KazooClient, KazooState
from kazoo.exceptions import (BadVersionError, NoAuthError, NodeExistsError, NoNodeError, NotEmptyError,
                              RolledBackError)
from kazoo.protocol.states import EventType
from kazoo.security import make_acl, make_digest_acl

connect = sys.argv[1]
root = "/kazoo-" + uuid.uuid4().hex[:8]
zk = KazooClient(hosts=connect, timeout=10)
zk.start(timeout=20)


def raises(error, call, *args, **kwargs):
    try:
        call(*args, **kwargs)
    except error:
        return
    raise AssertionError(f"{call} {args} did not raise {error}")


def until(what, check):
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        if check():
            return
        time.sleep(0.05)
    raise SystemExit(f"timed out: {what}")


# nodes
assert zk.create(root, b"root") == root
assert zk.create(root + "/a/b/c", b"deep", makepath=True) == root + "/a/b/c"
raises(NodeExistsError, zk.create, root)
raises(NoNodeError, zk.get, root + "/none")
raises(NotEmptyError, zk.delete, root + "/a")
path, stat = zk.create(root + "/stat", b"12345", include_data=True)
assert stat.data_length == 5 and stat.version == 0
first = zk.create(root + "/seq-", b"", sequence=True)
second = zk.create(root + "/seq-", b"", sequence=True)
assert int(second[-10:]) == int(first[-10:]) + 1
data, stat = zk.get(root + "/stat")
assert data == b"12345"
assert zk.set(root + "/stat", b"new", version=0).version == 1
raises(BadVersionError, zk.set, root + "/stat", b"x", version=0)
assert zk.exists(root + "/none") is None
children, stat = zk.get_children(root, include_data=True)
assert sorted(children) == sorted(["a", "stat", first.rsplit("/", 1)[1], second.rsplit("/", 1)[1]])
assert stat.numChildren == 4
zk.sync(root)
zk.ensure_path(root + "/x/y")
zk.delete(root + "/x", recursive=True)

# ephemerals belong to their session
other = KazooClient(hosts=connect, timeout=10)
other.start(timeout=20)
other.create(root + "/eph", b"", ephemeral=True)
assert zk.exists(root + "/eph").ephemeralOwner == other.client_id[0]
gone = threading.Event()
zk.exists(root + "/eph", watch=lambda event: gone.set() if event.type == EventType.DELETED else None)
other.stop()
other.close()
assert gone.wait(10), "the ephemeral node stayed"

# watches
changed, kids = threading.Event(), threading.Event()
zk.get(root + "/stat", watch=lambda event: changed.set())
zk.get_children(root, watch=lambda event: kids.set())
zk.set(root + "/stat", b"again")
zk.create(root + "/kid")
assert changed.wait(10) and kids.wait(10)
created = threading.Event()
assert zk.exists(root + "/later", watch=lambda event: created.set() if event.type == EventType.CREATED else None) is None
zk.create(root + "/later", ephemeral=True)
assert created.wait(10)
owned = zk.create(root + "/own-", ephemeral=True, sequence=True)
assert owned.startswith(root + "/own-0")
assert sorted(zk.get_children(root)) == sorted(zk.get_children(root, include_data=True)[0])

# the session and its ephemeral nodes outlive a broken connection
states, values = [], []
zk.add_listener(states.append)
zk.DataWatch(root + "/stat")(lambda data, stat: values.append(data))
session = zk.client_id[0]
zk._connection._socket.shutdown(socket.SHUT_RDWR)
until("the session is attached again", lambda: states[-2:] == [KazooState.SUSPENDED, KazooState.CONNECTED])
assert zk.client_id[0] == session and zk.exists(owned).ephemeralOwner == session
zk.set(root + "/stat", b"after the break")
until("the watch is set again", lambda: values[-1:] == [b"after the break"])

# multi
transaction = zk.transaction()
transaction.create(root + "/t1", b"1")
transaction.set_data(root + "/stat", b"multi")
transaction.check(root + "/t1", 0)
transaction.delete(root + "/kid")
assert len(transaction.commit()) == 4
failing = zk.transaction()
failing.create(root + "/t2")
failing.delete(root + "/missing")
results = failing.commit()
assert isinstance(results[0], RolledBackError) and isinstance(results[1], NoNodeError), results
assert zk.exists(root + "/t2") is None

# ACLs
zk.add_auth("digest", "kim:secret")
zk.create(root + "/private", b"p", acl=[make_digest_acl("kim", "secret", all=True)])
stranger = KazooClient(hosts=connect, timeout=10)
stranger.start(timeout=20)
raises(NoAuthError, stranger.get, root + "/private")
stranger.add_auth("digest", "kim:secret")
assert stranger.get(root + "/private")[0] == b"p"
acls, _ = stranger.get_acls(root + "/private")
assert acls[0].id.id.startswith("kim:")
stranger.set_acls(root + "/private", [make_digest_acl("kim", "secret", read=True, admin=True)])
raises(NoAuthError, stranger.set, root + "/private", b"no")
stranger.set_acls(root + "/private", [make_acl("ip", "127.0.0.1", all=True)])
assert zk.get_acls(root + "/private")[0][0].id.scheme == "ip"
stranger.stop()
stranger.close()

# recipes
with zk.Lock(root + "/lock", "one"):
    rival = KazooClient(hosts=connect, timeout=10)
    rival.start(timeout=20)
    assert rival.Lock(root + "/lock", "two").acquire(blocking=False) is False
leader = threading.Event()
election = rival.Election(root + "/election", "rival")
runner = threading.Thread(target=lambda: election.run(leader.set), daemon=True)
runner.start()
assert leader.wait(10)
counter = zk.Counter(root + "/counter")
counter += 5
assert counter.value == 5
rival.stop()
rival.close()

assert zk.state == KazooState.CONNECTED
zk.delete(root, recursive=True)
assert zk.server_version() >= (3, 9)
zk.stop()
zk.close()
print("nodes, ephemerals, watches, re-attachment, multi, ACLs, lock, election, counter")
