import java.util.*;
import java.util.concurrent.*;
import java.util.concurrent.atomic.*;
import org.apache.zookeeper.*;

/**
 * One session that creates, sets, gets and deletes nodes of 100 bytes: one at a time, then pipelined.
 * usage: ZooKeeperLoad CONNECT SINGLE PIPELINED; prints "name operations-per-second" lines.
 */
public final class ZooKeeperLoad {
  interface One { void run(int i) throws Exception; }
  interface Async { void run(int i, Runnable done); }

  static void single(String name, int count, One one) throws Exception {
    long start = System.nanoTime();
    for (int i = 0; i < count; i++) one.run(i);
    print(name, count, start);
  }

  static void pipelined(String name, int count, Async async) throws Exception {
    Semaphore window = new Semaphore(200);
    CountDownLatch all = new CountDownLatch(count);
    long start = System.nanoTime();
    for (int i = 0; i < count; i++) {
      window.acquire();
      async.run(i, () -> { window.release(); all.countDown(); });
    }
    all.await();
    print(name, count, start);
  }

  static void print(String name, int count, long start) {
    System.out.printf(Locale.ROOT, "%s %.1f%n", name, count / ((System.nanoTime() - start) / 1e9));
  }

  static void ok(int rc) {
    if (rc != 0) {
      System.err.println("failed with " + KeeperException.Code.get(rc));
      System.exit(1);
    }
  }

  public static void main(String[] args) throws Exception {
    int one = Integer.parseInt(args[1]), many = Integer.parseInt(args[2]);
    CountDownLatch connected = new CountDownLatch(1);
    ZooKeeper zk = new ZooKeeper(args[0], 30000, e -> connected.countDown());
    connected.await();
    String root = zk.create("/load-", null, ZooDefs.Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT_SEQUENTIAL);
    byte[] data = new byte[100];
    var acl = ZooDefs.Ids.OPEN_ACL_UNSAFE;
    single("create-single", one, i -> zk.create(root + "/s" + i, data, acl, CreateMode.PERSISTENT));
    single("set-single", one, i -> zk.setData(root + "/s" + i, data, -1));
    single("get-single", many, i -> zk.getData(root + "/s" + i % one, false, null));
    pipelined("create-pipelined", many, (i, done) -> zk.create(root + "/p" + i, data, acl, CreateMode.PERSISTENT, (rc, p, c, n) -> { ok(rc); done.run(); }, null));
    pipelined("set-pipelined", many, (i, done) -> zk.setData(root + "/p" + i, data, -1, (rc, p, c, s) -> { ok(rc); done.run(); }, null));
    pipelined("get-pipelined", many, (i, done) -> zk.getData(root + "/p" + i, false, (rc, p, c, d, s) -> { ok(rc); done.run(); }, null));
    pipelined("delete-pipelined", many, (i, done) -> zk.delete(root + "/p" + i, -1, (rc, p, c) -> { ok(rc); done.run(); }, null));
    zk.close();
  }
}
