import java.nio.charset.StandardCharsets;
import java.util.*;
import java.util.concurrent.*;
import java.util.concurrent.atomic.*;
import org.apache.zookeeper.*;
import org.apache.zookeeper.admin.ZooKeeperAdmin;
import org.apache.zookeeper.data.*;

/**
 * Java's client on an ensemble that loses its leaders: sessions, watches, locks, elections, multi, reconfig.
 * usage: EnsembleScenario CONNECT FINISH JOINER
 *
 * Works until the node FINISH is there. JOINER is the server.N=... line of a server that is to be taken in and let go.
 */
public final class EnsembleScenario {
  static final List<ACL> OPEN = ZooDefs.Ids.OPEN_ACL_UNSAFE;
  static final String ROOT = "/java-" + UUID.randomUUID().toString().substring(0, 8);
  static final Map<String, AtomicInteger> COUNTS = new ConcurrentSkipListMap<>();
  static final Queue<Throwable> FAILURES = new ConcurrentLinkedQueue<>();
  static volatile boolean over;
  static String connect;

  static void check(boolean holds, String what) {
    if (!holds) throw new IllegalStateException(what);
  }

  static void count(String what) {
    COUNTS.computeIfAbsent(what, key -> new AtomicInteger()).incrementAndGet();
  }

  interface Call<T> { T run() throws Exception; }

  interface Work { void run() throws Exception; }

  /** Asks again when the connection was lost: for what may be done twice. */
  static <T> T again(Call<T> call) throws Exception {
    for (int tries = 0; ; tries++) {
      try {
        return call.run();
      } catch (KeeperException.ConnectionLossException e) {
        if (tries == 600) throw e;
        Thread.sleep(100);
      }
    }
  }

  static ZooKeeperAdmin session() throws Exception {
    CountDownLatch connected = new CountDownLatch(1);
    ZooKeeperAdmin zk = new ZooKeeperAdmin(connect, 10000, e -> {
      if (e.getState() == Watcher.Event.KeeperState.SyncConnected) connected.countDown();
      if (e.getState() == Watcher.Event.KeeperState.Expired) FAILURES.add(new IllegalStateException("a session has expired"));
    });
    check(connected.await(60, TimeUnit.SECONDS), "not connected");
    return zk;
  }

  static Thread worker(Work work) {
    Thread thread = new Thread(() -> {
      try {
        while (!over) work.run();
      } catch (Throwable e) {
        FAILURES.add(e);
        over = true;
      }
    });
    thread.start();
    return thread;
  }

  static byte[] bytes(int value) {
    return Integer.toString(value).getBytes(StandardCharsets.UTF_8);
  }

  static int number(byte[] data) {
    return Integer.parseInt(new String(data, StandardCharsets.UTF_8));
  }

  /** An own ephemeral sequential node, made once although connections break. */
  static String place(ZooKeeper zk, String parent) throws Exception {
    String prefix = UUID.randomUUID() + "-";
    for (int tries = 0; ; tries++) {
      for (String child : again(() -> { zk.sync(parent, (rc, path, ctx) -> { }, null); return zk.getChildren(parent, false); }))
        if (child.startsWith(prefix)) return child;
      try {
        return zk.create(parent + "/" + prefix, null, OPEN, CreateMode.EPHEMERAL_SEQUENTIAL).substring(parent.length() + 1);
      } catch (KeeperException.ConnectionLossException e) {
        if (tries == 600) throw e;
        Thread.sleep(100);
      }
    }
  }

  static String sequence(String child) {
    return child.substring(child.length() - 10);
  }

  /** The lock recipe: in turn, each waits for the one before it. */
  static void exclusively(ZooKeeper zk, String parent, Set<Object> holders, String what) throws Exception {
    String own = place(zk, parent);
    while (true) {
      List<String> children = again(() -> zk.getChildren(parent, false));
      children.sort(Comparator.comparing(EnsembleScenario::sequence));
      int at = children.indexOf(own);
      check(at >= 0, "the node of a living session is gone");
      if (at == 0) break;
      CountDownLatch gone = new CountDownLatch(1);
      Watcher watcher = e -> { if (e.getType() == Watcher.Event.EventType.NodeDeleted) gone.countDown(); };
      if (again(() -> zk.exists(parent + "/" + children.get(at - 1), watcher)) == null) continue;
      check(gone.await(60, TimeUnit.SECONDS), "nobody was told that a node is gone");
    }
    holders.add(zk);
    check(holders.size() == 1, what + ": more than one at a time");
    Thread.sleep(5);
    holders.remove(zk);
    count(what);
    again(() -> {
      try {
        zk.delete(parent + "/" + own, -1);
      } catch (KeeperException.NoNodeException e) {
        // Deleted by the request whose answer was lost.
      }
      return null;
    });
  }

  static void reconfigure(ZooKeeperAdmin zk, String joining, String leaving, String name, boolean isIn) throws Exception {
    Map<String, Integer> reasons = new TreeMap<>();
    for (long end = System.nanoTime() + 60_000_000_000L; System.nanoTime() < end; ) {
      try {
        String config = new String(zk.reconfigure(joining, leaving, null, -1, new Stat()), StandardCharsets.UTF_8);
        if (config.contains(name + "=") == isIn) {
          count("reconfigurations");
          return;
        }
      } catch (KeeperException.ConnectionLossException | KeeperException.NewConfigNoQuorum | KeeperException.ReconfigInProgress e) {
        reasons.merge(e.code().toString(), 1, Integer::sum);
        Thread.sleep(200);
      }
    }
    throw new IllegalStateException("no reconfiguration in time: " + reasons);
  }

  public static void main(String[] args) throws Exception {
    connect = args[0];
    String finish = args[1], joiner = args[2];
    List<ZooKeeperAdmin> sessions = new ArrayList<>();
    for (int i = 0; i < 6; i++) sessions.add(session());
    List<Long> ids = sessions.stream().map(ZooKeeper::getSessionId).toList();
    ZooKeeper zk = sessions.get(0);
    again(() -> zk.create(ROOT, bytes(0), OPEN, CreateMode.PERSISTENT));
    for (String name : List.of("left", "right", "lock", "election"))
      again(() -> zk.create(ROOT + "/" + name, bytes(0), OPEN, CreateMode.PERSISTENT));
    again(() -> zk.create(ROOT + "/mine", null, OPEN, CreateMode.EPHEMERAL));

    List<Thread> threads = new ArrayList<>();

    // watches: after each change an event, by a persistent watch and by one that is set anew each time
    Semaphore events = new Semaphore(0), once = new Semaphore(0);
    again(() -> { zk.addWatch(ROOT, e -> { if (e.getType() == Watcher.Event.EventType.NodeDataChanged) events.release(); }, AddWatchMode.PERSISTENT); return null; });
    AtomicInteger written = new AtomicInteger();
    ZooKeeper writer = sessions.get(1);
    threads.add(worker(() -> {
      // A read before the write makes sure that the watch is there.
      again(() -> zk.getData(ROOT, e -> { if (e.getType() == Watcher.Event.EventType.NodeDataChanged) once.release(); }, null));
      once.drainPermits();
      long at = zk.getSessionId();
      int value = written.incrementAndGet();
      again(() -> writer.setData(ROOT, bytes(value), -1));
      check(once.tryAcquire(60, TimeUnit.SECONDS), "no event of a watch, session " + at);
      check(number(again(() -> zk.getData(ROOT, false, null))) == value, "an event before the change can be seen");
      count("changes watched");
      Thread.sleep(20);
    }));

    // multi: both or neither
    ZooKeeper mover = sessions.get(2);
    AtomicInteger moved = new AtomicInteger();
    threads.add(worker(() -> {
      int before = moved.get();
      byte[] value = bytes(before + 1);
      try {
        mover.multi(List.of(Op.check(ROOT, -1), Op.setData(ROOT + "/left", value, before), Op.setData(ROOT + "/right", value, before)));
      } catch (KeeperException.ConnectionLossException e) {
        Thread.sleep(100);
        if (number(again(() -> { mover.sync(ROOT, (rc, path, ctx) -> { }, null); return mover.getData(ROOT + "/left", false, null); })) == before) return;
      }
      moved.incrementAndGet();
      int left = number(again(() -> writer.getData(ROOT + "/left", false, null)));
      int right = number(again(() -> writer.getData(ROOT + "/right", false, null)));
      check(right >= left, "half a multi");
      count("multis");
    }));

    Set<Object> holders = ConcurrentHashMap.newKeySet(), leaders = ConcurrentHashMap.newKeySet();
    for (ZooKeeper rival : List.of(sessions.get(3), sessions.get(4))) {
      threads.add(worker(() -> exclusively(rival, ROOT + "/lock", holders, "locks taken")));
      threads.add(worker(() -> exclusively(rival, ROOT + "/election", leaders, "elections won")));
    }

    ZooKeeperAdmin admin = sessions.get(5);
    String name = joiner.substring(0, joiner.indexOf('='));
    threads.add(worker(() -> {
      reconfigure(admin, joiner, null, name, true);
      Thread.sleep(500);
      reconfigure(admin, null, name.substring("server.".length()), name, false);
      Thread.sleep(500);
    }));

    while (!over && again(() -> zk.exists(finish, false)) == null) Thread.sleep(100);
    over = true;
    for (Thread thread : threads) {
      thread.join(120_000);
      check(!thread.isAlive(), "a thread does not end");
    }
    for (Throwable failure : FAILURES) failure.printStackTrace();
    check(FAILURES.isEmpty(), "failures: " + FAILURES);
    check(sessions.stream().map(ZooKeeper::getSessionId).toList().equals(ids), "a client has another session");
    check(again(() -> zk.exists(ROOT + "/mine", false)).getEphemeralOwner() == zk.getSessionId(), "the ephemeral node");
    check(events.availablePermits() > 0, "the persistent watch has seen nothing");
    for (ZooKeeper each : sessions.subList(1, sessions.size())) each.close();
    ZKUtil.deleteRecursive(zk, ROOT);
    zk.close();
    StringJoiner text = new StringJoiner(", ", "java: ", "");
    COUNTS.forEach((what, number) -> text.add(number + " " + what));
    System.out.println(text);
  }
}
