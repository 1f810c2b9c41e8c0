import java.util.*;
import java.util.concurrent.*;
import org.apache.zookeeper.*;

/** Leaves nodes of every kind, changed, deleted and guarded, below a new root. usage: FillTree CONNECT */
public final class FillTree {
  public static void main(String[] args) throws Exception {
    CountDownLatch connected = new CountDownLatch(1);
    ZooKeeper zk = new ZooKeeper(args[0], 20000, e -> connected.countDown());
    if (!connected.await(30, TimeUnit.SECONDS)) throw new IllegalStateException("not connected");
    zk.addAuthInfo("digest", "kim:secret".getBytes());
    String root = "/fill-" + UUID.randomUUID().toString().substring(0, 8);
    var open = ZooDefs.Ids.OPEN_ACL_UNSAFE;
    zk.create(root, "r\u00e4der".getBytes("UTF-8"), open, CreateMode.PERSISTENT);
    Random random = new Random(7);
    for (int i = 0; i < 300; i++) {
      byte[] data = new byte[random.nextInt(2000)];
      random.nextBytes(data);
      String path = zk.create(root + "/n-", i % 7 == 0 ? null : data, i % 5 == 0 ? ZooDefs.Ids.CREATOR_ALL_ACL : open, CreateMode.PERSISTENT_SEQUENTIAL);
      if (i % 3 == 0) zk.setData(path, ("v" + i).getBytes(), -1);
      if (i % 11 == 0) zk.delete(path, -1);
      else if (i % 4 == 0) zk.create(path + "/child", null, open, CreateMode.EPHEMERAL);
    }
    zk.create(root + "/container", null, open, CreateMode.CONTAINER);
    zk.create(root + "/container/x", null, open, CreateMode.PERSISTENT);
    zk.multi(List.of(Op.create(root + "/multi", new byte[0], open, CreateMode.PERSISTENT), Op.setData(root, "two".getBytes(), -1), Op.create(root + "/multi/y", null, open, CreateMode.PERSISTENT)));
    try {
      zk.multi(List.of(Op.create(root + "/never", null, open, CreateMode.PERSISTENT), Op.check(root, 99)));
    } catch (KeeperException.BadVersionException expected) {
      // logged as a failed multi
    }
    zk.setACL(root + "/multi", ZooDefs.Ids.READ_ACL_UNSAFE, 0);
    zk.close();
  }
}
