import java.util.*;
import java.util.concurrent.*;
import org.apache.zookeeper.*;
import org.apache.zookeeper.data.*;

/** Java's ZooKeeper client: every operation of the standalone server. usage: ZooKeeperScenario CONNECT */
public final class ZooKeeperScenario {
  static void check(boolean holds, String what) {
    if (!holds) throw new IllegalStateException(what);
  }

  interface Call { void run() throws Exception; }

  static void fails(KeeperException.Code code, Call call) throws Exception {
    try {
      call.run();
    } catch (KeeperException e) {
      check(e.code() == code, "expected " + code + ", got " + e.code());
      return;
    }
    throw new IllegalStateException("expected " + code);
  }

  static ZooKeeper session(String connect, Watcher also) throws Exception {
    CountDownLatch connected = new CountDownLatch(1);
    ZooKeeper zk = new ZooKeeper(connect, 10000, e -> {
      if (e.getState() == Watcher.Event.KeeperState.SyncConnected) connected.countDown();
      if (also != null && e.getType() != Watcher.Event.EventType.None) also.process(e);
    });
    check(connected.await(20, TimeUnit.SECONDS), "not connected");
    return zk;
  }

  static String next(BlockingQueue<String> events) throws Exception {
    String event = events.poll(10, TimeUnit.SECONDS);
    check(event != null, "no watch event");
    return event;
  }

  /** Asks until the client has a connection again; only a lost connection is worth another try. */
  static boolean existsOnceAttached(ZooKeeper zk, String path) throws Exception {
    for (int tries = 0; ; tries++) {
      try {
        return zk.exists(path, false) != null;
      } catch (KeeperException.ConnectionLossException e) {
        if (tries == 100) throw e;
        Thread.sleep(100);
      }
    }
  }

  public static void main(String[] args) throws Exception {
    BlockingQueue<String> events = new LinkedBlockingQueue<>();
    Watcher watcher = e -> {
      if (e.getType() != Watcher.Event.EventType.None) events.add(e.getType() + " " + e.getPath());
    };
    ZooKeeper zk = session(args[0], null);
    String root = "/java-" + UUID.randomUUID().toString().substring(0, 8);
    List<ACL> open = ZooDefs.Ids.OPEN_ACL_UNSAFE;

    Stat stat = new Stat();
    check(zk.create(root, "root".getBytes(), open, CreateMode.PERSISTENT, stat).equals(root) && stat.getDataLength() == 4, "create2");
    fails(KeeperException.Code.NODEEXISTS, () -> zk.create(root, null, open, CreateMode.PERSISTENT));
    fails(KeeperException.Code.NONODE, () -> zk.create(root + "/x/y", null, open, CreateMode.PERSISTENT));
    String s1 = zk.create(root + "/s-", null, open, CreateMode.PERSISTENT_SEQUENTIAL), s2 = zk.create(root + "/s-", null, open, CreateMode.PERSISTENT_SEQUENTIAL);
    check(s1.endsWith("0000000000") && s2.endsWith("0000000001"), s1 + " " + s2);
    zk.create(root + "/container", null, open, CreateMode.CONTAINER);
    zk.create(root + "/ttl", null, open, CreateMode.PERSISTENT_WITH_TTL, null, 60_000);
    String ttlSeq = zk.create(root + "/ttl-", null, open, CreateMode.PERSISTENT_SEQUENTIAL_WITH_TTL, null, 60_000);
    check(ttlSeq.matches(".*ttl-\\d{10}"), ttlSeq);
    fails(KeeperException.Code.NOTEMPTY, () -> zk.delete(root, -1));
    fails(KeeperException.Code.BADVERSION, () -> zk.setData(root, null, 7));
    check(zk.setData(root, "two".getBytes(), 0).getVersion() == 1, "version");
    check(new String(zk.getData(root, false, stat)).equals("two"), "data");
    check(zk.getAllChildrenNumber(root) == 5 && zk.getChildren(root, false, stat).size() == 5 && stat.getNumChildren() == 5, "children");
    check(zk.exists(root + "/none", false) == null, "exists");
    CompletableFuture<Integer> synced = new CompletableFuture<>();
    zk.sync(root, (rc, path, ctx) -> synced.complete(rc), null);
    check(synced.get() == 0, "sync");

    // ephemerals and expiry by close
    ZooKeeper other = session(args[0], null);
    other.create(root + "/e", null, open, CreateMode.EPHEMERAL);
    check(zk.exists(root + "/e", watcher).getEphemeralOwner() == other.getSessionId(), "owner");
    check(other.getEphemerals(root).equals(List.of(root + "/e")), "getEphemerals");
    fails(KeeperException.Code.NOCHILDRENFOREPHEMERALS, () -> zk.create(root + "/e/x", null, open, CreateMode.PERSISTENT));
    other.close();
    check(next(events).equals("NodeDeleted " + root + "/e"), "ephemeral deleted");

    String own = zk.create(root + "/own-", null, open, CreateMode.EPHEMERAL_SEQUENTIAL);
    check(zk.exists(own, false).getEphemeralOwner() == zk.getSessionId(), own);
    check(zk.getEphemerals().equals(List.of(own)), "getEphemerals of all paths");

    // one-shot, persistent, recursive watches
    zk.getData(root, watcher, null);
    zk.getChildren(root, watcher);
    zk.setData(root, "three".getBytes(), -1);
    check(next(events).equals("NodeDataChanged " + root), "data watch");
    zk.create(root + "/p", null, open, CreateMode.PERSISTENT);
    check(next(events).equals("NodeChildrenChanged " + root), "child watch");
    zk.addWatch(root + "/p", watcher, AddWatchMode.PERSISTENT);
    for (int i = 0; i < 2; i++) {
      zk.setData(root + "/p", null, -1);
      check(next(events).equals("NodeDataChanged " + root + "/p"), "persistent watch");
    }
    zk.removeWatches(root + "/p", watcher, Watcher.WatcherType.Any, false);
    check(next(events).equals("PersistentWatchRemoved " + root + "/p"), "watch removed");
    zk.addWatch(root + "/p", watcher, AddWatchMode.PERSISTENT_RECURSIVE);
    zk.create(root + "/p/q", null, open, CreateMode.PERSISTENT);
    zk.create(root + "/p/q/r", null, open, CreateMode.PERSISTENT);
    check(next(events).equals("NodeCreated " + root + "/p/q") && next(events).equals("NodeCreated " + root + "/p/q/r"), "recursive watch");
    zk.removeAllWatches(root + "/p", Watcher.WatcherType.Any, false);
    next(events);
    fails(KeeperException.Code.NOWATCHER, () -> zk.removeWatches(root + "/p", watcher, Watcher.WatcherType.Any, false));

    // each kind of watch removed for itself; the others stay
    zk.exists(root + "/p", watcher);
    zk.getChildren(root + "/p", watcher, stat);
    zk.removeWatches(root + "/p", watcher, Watcher.WatcherType.Children, false);
    check(next(events).equals("ChildWatchRemoved " + root + "/p"), "child watch removed");
    zk.removeWatches(root + "/p", watcher, Watcher.WatcherType.Data, false);
    check(next(events).equals("DataWatchRemoved " + root + "/p"), "data watch removed");

    // the session, its ephemeral nodes and watches of every mode outlive a broken connection
    zk.getData(root + "/p", watcher, null);
    zk.exists(root + "/later", watcher);
    zk.getChildren(root + "/ttl", watcher);
    zk.addWatch(root + "/container", watcher, AddWatchMode.PERSISTENT);
    zk.addWatch(root + "/p/q", watcher, AddWatchMode.PERSISTENT_RECURSIVE);
    ZooKeeper meanwhile = session(args[0], null);
    long before = zk.getSessionId();
    zk.getTestable().closeSocket();
    meanwhile.setData(root + "/p", null, -1);
    meanwhile.create(root + "/later", null, open, CreateMode.PERSISTENT);
    meanwhile.create(root + "/ttl/x", null, open, CreateMode.PERSISTENT);
    check(existsOnceAttached(zk, own) && zk.getSessionId() == before, "attached again");
    Set<String> missed = new TreeSet<>();
    while (missed.size() < 3) missed.add(next(events));
    check(missed.equals(new TreeSet<>(List.of("NodeDataChanged " + root + "/p", "NodeCreated " + root + "/later", "NodeChildrenChanged " + root + "/ttl"))), "missed events " + missed);
    meanwhile.setData(root + "/container", null, -1);
    check(next(events).equals("NodeDataChanged " + root + "/container"), "persistent watch set again");
    meanwhile.create(root + "/p/q/r/s", null, open, CreateMode.PERSISTENT);
    check(next(events).equals("NodeCreated " + root + "/p/q/r/s"), "recursive watch set again");
    meanwhile.delete(root + "/p/q/r/s", -1);
    check(next(events).equals("NodeDeleted " + root + "/p/q/r/s"), "recursive watch stays");
    zk.removeAllWatches(root + "/container", Watcher.WatcherType.Any, false);
    zk.removeAllWatches(root + "/p/q", Watcher.WatcherType.Any, false);
    next(events);
    next(events);
    meanwhile.delete(root + "/later", -1);
    meanwhile.delete(root + "/ttl/x", -1);
    meanwhile.close();

    // multi
    List<OpResult> done = zk.multi(List.of(Op.check(root, -1), Op.create(root + "/m", null, open, CreateMode.PERSISTENT), Op.setData(root + "/m", "m".getBytes(), 0), Op.delete(root + "/p/q/r", 0)));
    check(done.size() == 4 && done.get(1) instanceof OpResult.CreateResult, "multi");
    try {
      zk.multi(List.of(Op.create(root + "/n", null, open, CreateMode.PERSISTENT), Op.delete(root + "/none", -1)));
      check(false, "multi must fail");
    } catch (KeeperException.NoNodeException e) {
      check(((OpResult.ErrorResult) e.getResults().get(0)).getErr() == 0, "first result of a failed multi");
    }
    check(zk.exists(root + "/n", false) == null, "rolled back");
    List<OpResult> read = zk.multi(List.of(Op.getData(root + "/m"), Op.getChildren(root + "/p"), Op.getData(root + "/none")));
    check(new String(((OpResult.GetDataResult) read.get(0)).getData()).equals("m"), "multi read");
    check(((OpResult.ErrorResult) read.get(2)).getErr() == KeeperException.Code.NONODE.intValue(), "multi read error");

    // ACLs
    zk.addAuthInfo("digest", "kim:secret".getBytes());
    zk.create(root + "/private", "p".getBytes(), ZooDefs.Ids.CREATOR_ALL_ACL, CreateMode.PERSISTENT);
    ZooKeeper stranger = session(args[0], null);
    fails(KeeperException.Code.NOAUTH, () -> stranger.getData(root + "/private", false, null));
    List<ACL> acls = zk.getACL(root + "/private", stat);
    check(acls.size() == 1 && acls.get(0).getId().getId().startsWith("kim:"), "acl");
    zk.setACL(root + "/private", Arrays.asList(new ACL(ZooDefs.Perms.READ, new Id("ip", "127.0.0.1")), acls.get(0)), stat.getAversion());
    check(new String(stranger.getData(root + "/private", false, null)).equals("p"), "ip acl");
    fails(KeeperException.Code.NOAUTH, () -> stranger.setData(root + "/private", null, -1));
    fails(KeeperException.Code.INVALIDACL, () -> stranger.create(root + "/bad", null, Arrays.asList(new ACL(1, new Id("nope", "x"))), CreateMode.PERSISTENT));
    check(zk.whoAmI().stream().anyMatch(c -> c.getAuthScheme().equals("digest")), "whoAmI");

    // the same session from another connection
    ZooKeeper moved = new ZooKeeper(args[0], 10000, e -> { }, stranger.getSessionId(), stranger.getSessionPasswd());
    for (int i = 0; i < 100 && moved.getState() != ZooKeeper.States.CONNECTED; i++) Thread.sleep(50);
    check(moved.getState() == ZooKeeper.States.CONNECTED && moved.getSessionId() == stranger.getSessionId(), "session moved");
    moved.close();

    byte[] config = zk.getConfig(false, stat);
    check(config != null, "config node");
    ZKUtil.deleteRecursive(zk, root);
    zk.close();
    System.out.println("all node kinds, ephemerals, watches of every mode, multi, multiRead, ACLs, session move, watches set again after a broken connection");
  }
}
