import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.Op;
import org.apache.zookeeper.ZooDefs;
import org.apache.zookeeper.ZooKeeper;
import org.apache.zookeeper.data.ACL;
import org.apache.zookeeper.data.Id;
import org.apache.zookeeper.data.Stat;

/** Writes nodes of every kind below /load-NAME: arguments PORT NAME; leaves its session open. */
public class Load {
    public static void main(String[] args) throws Exception {
        ZooKeeper zk = new ZooKeeper("127.0.0.1:" + args[0], 30000, event -> {});
        String base = "/load-" + args[1];
        List<ACL> open = ZooDefs.Ids.OPEN_ACL_UNSAFE;
        List<ACL> other = Arrays.asList(new ACL(31, new Id("ip", "127.0.0.1")), new ACL(1, new Id("world", "anyone")));
        zk.create(base, "b".getBytes(), open, CreateMode.PERSISTENT);
        Random random = new Random(7);
        for (int i = 0; i < 600; i++) {
            byte[] data = new byte[random.nextInt(300)];
            random.nextBytes(data);
            String path = zk.create(base + "/n" + i, i % 10 == 0 ? null : data, i % 5 == 0 ? other : open, modeOf(i));
            if (i % 3 == 0) {
                zk.setData(path, "again".getBytes(), -1);
            }
            if (i % 17 == 0) {
                zk.create(base + "/ttl" + i, data, open, CreateMode.PERSISTENT_WITH_TTL, new Stat(), 1000000);
            }
            if (i % 4 == 0) {
                zk.delete(path, -1);
            }
            if (i % 21 == 0) {
                zk.multi(Arrays.asList(Op.create(base + "/m" + i, data, open, CreateMode.PERSISTENT), Op.check(base, -1), Op.setData(base, data, -1)));
            }
            if (i % 33 == 0) {
                refusedMulti(zk, base, i);
            }
        }
        System.out.println(zk.getChildren(base, false).size() + " children below " + base);
        Runtime.getRuntime().halt(0);
    }

    private static CreateMode modeOf(int i) {
        if (i % 9 == 0) {
            return CreateMode.EPHEMERAL;
        }
        if (i % 7 == 0) {
            return CreateMode.PERSISTENT_SEQUENTIAL;
        }
        return i % 13 == 0 ? CreateMode.CONTAINER : CreateMode.PERSISTENT;
    }

    private static void refusedMulti(ZooKeeper zk, String base, int i) throws Exception {
        try {
            zk.multi(Arrays.asList(Op.create(base + "/x" + i, null, ZooDefs.Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT), Op.check(base, 99999)));
            throw new IllegalStateException("a multi with a wrong version was accepted");
        } catch (KeeperException.BadVersionException expected) {
            // The refusal is logged too: it takes a zxid.
        }
    }
}
