import java.util.*;
import java.util.concurrent.*;
import org.apache.zookeeper.*;

/**
 * One session on each of several servers creates, sets, gets and deletes nodes of 100 bytes: one at a time, then
 * pipelined. The servers take turns of a fraction of a second, for the speed of a disk changes by the second; what
 * counts is the median turn.
 * usage: ZooKeeperLoad SINGLE PIPELINED CONNECT...; prints lines "server name operations-per-second".
 */
public final class ZooKeeperLoad {
  static final int SINGLE_TURN = 20;
  static final int PIPELINED_TURN = 1000;
  static final int WINDOW = 200;

  interface Operation { void run(Session session, int i, Runnable done) throws Exception; }

  static final class Session {
    final int index;
    final ZooKeeper zk;
    final String root;
    final List<Long> turnNanos = new ArrayList<>();

    Session(int index, String connect) throws Exception {
      this.index = index;
      CountDownLatch connected = new CountDownLatch(1);
      zk = new ZooKeeper(connect, 30000, e -> connected.countDown());
      connected.await();
      root = zk.create("/load-", null, ZooDefs.Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT_SEQUENTIAL);
    }
  }

  /** Runs about `count` operations on each session, `window` of them under way at a time. */
  static void measure(List<Session> sessions, String name, int count, int window, Operation operation) throws Exception {
    int size = window == 1 ? SINGLE_TURN : PIPELINED_TURN;
    for (int from = 0; from + size <= count; from += size) {
      for (Session session : sessions) session.turnNanos.add(turn(session, from, size, window, operation));
      Collections.reverse(sessions);
    }
    for (Session session : sessions) {
      Collections.sort(session.turnNanos);
      long median = session.turnNanos.get(session.turnNanos.size() / 2);
      System.out.printf(Locale.ROOT, "%d %s %.1f%n", session.index, name, size / (median / 1e9));
      session.turnNanos.clear();
    }
  }

  static long turn(Session session, int from, int size, int window, Operation operation) throws Exception {
    Semaphore room = new Semaphore(window);
    long start = System.nanoTime();
    for (int i = from; i < from + size; i++) {
      room.acquire();
      operation.run(session, i, room::release);
    }
    room.acquire(window);
    return System.nanoTime() - start;
  }

  static void ok(int rc) {
    if (rc != 0) {
      System.err.println("failed with " + KeeperException.Code.get(rc));
      System.exit(1);
    }
  }

  public static void main(String[] args) throws Exception {
    int one = Integer.parseInt(args[0]), many = Integer.parseInt(args[1]);
    List<Session> sessions = new ArrayList<>();
    for (int i = 2; i < args.length; i++) sessions.add(new Session(i - 2, args[i]));
    byte[] data = new byte[100];
    var acl = ZooDefs.Ids.OPEN_ACL_UNSAFE;
    var persistent = CreateMode.PERSISTENT;
    measure(sessions, "create-single", one, 1, (s, i, done) -> { s.zk.create(s.root + "/s" + i, data, acl, persistent); done.run(); });
    measure(sessions, "set-single", one, 1, (s, i, done) -> { s.zk.setData(s.root + "/s" + i, data, -1); done.run(); });
    measure(sessions, "get-single", many, 1, (s, i, done) -> { s.zk.getData(s.root + "/s" + i % one, false, null); done.run(); });
    measure(sessions, "create-pipelined", many, WINDOW, (s, i, done) ->
        s.zk.create(s.root + "/p" + i, data, acl, persistent, (rc, p, c, n) -> { ok(rc); done.run(); }, null));
    measure(sessions, "set-pipelined", many, WINDOW, (s, i, done) ->
        s.zk.setData(s.root + "/p" + i, data, -1, (rc, p, c, t) -> { ok(rc); done.run(); }, null));
    measure(sessions, "get-pipelined", many, WINDOW, (s, i, done) ->
        s.zk.getData(s.root + "/p" + i, false, (rc, p, c, d, t) -> { ok(rc); done.run(); }, null));
    measure(sessions, "delete-pipelined", many, WINDOW, (s, i, done) ->
        s.zk.delete(s.root + "/p" + i, -1, (rc, p, c) -> { ok(rc); done.run(); }, null));
    for (Session session : sessions) session.zk.close();
  }
}
