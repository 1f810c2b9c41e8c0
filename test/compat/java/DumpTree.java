import java.util.*;
import java.util.concurrent.*;
import org.apache.zookeeper.*;
import org.apache.zookeeper.data.*;

/** Prints path, data, stat and ACL of every node, one a line, in path order. usage: DumpTree CONNECT */
public final class DumpTree {
  public static void main(String[] args) throws Exception {
    CountDownLatch connected = new CountDownLatch(1);
    ZooKeeper zk = new ZooKeeper(args[0], 20000, e -> connected.countDown());
    if (!connected.await(30, TimeUnit.SECONDS)) throw new IllegalStateException("not connected");
    zk.addAuthInfo("digest", "kim:secret".getBytes());
    List<String> paths = ZKUtil.listSubTreeBFS(zk, "/");
    Collections.sort(paths);
    for (String path : paths) {
      Stat stat = new Stat();
      byte[] data = zk.getData(path, false, stat);
      String text = data == null ? "null" : Base64.getEncoder().encodeToString(data);
      System.out.println(path + " " + text + " " + stat.toString().trim() + " " + zk.getACL(path, new Stat()).toString().replaceAll("\\s+", " "));
    }
    zk.close();
  }
}
