import java.io.File;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.zookeeper.data.ACL;
import org.apache.zookeeper.data.Stat;
import org.apache.zookeeper.server.DataNode;
import org.apache.zookeeper.server.DataTree;
import org.apache.zookeeper.server.persistence.FileTxnSnapLog;

/** Loads a data directory with Apache's classes and prints what dump-tree.ts prints of the same directory. */
public class DumpTree {
    public static void main(String[] args) throws Exception {
        File dir = new File(args[0]);
        DataTree tree = new DataTree();
        ConcurrentHashMap<Long, Integer> sessions = new ConcurrentHashMap<>();
        int[] mismatches = {0};
        tree.addDigestWatcher(zxid -> mismatches[0]++);
        long zxid = new FileTxnSnapLog(dir, dir).restore(tree, sessions, (header, record, digest) -> {});
        System.out.println("zxid " + zxid + " digest " + tree.getTreeDigest() + " mismatches " + mismatches[0]);
        for (Map.Entry<Long, Integer> session : new TreeMap<>(sessions).entrySet()) {
            System.out.println("session " + session.getKey() + " " + session.getValue());
        }
        List<String> lines = new ArrayList<>();
        walk(tree, "/", lines);
        Collections.sort(lines);
        lines.forEach(System.out::println);
    }

    private static void walk(DataTree tree, String path, List<String> lines) {
        DataNode node = tree.getNode(path);
        Stat s = new Stat();
        node.copyStat(s);
        StringBuilder line = new StringBuilder(path);
        line.append(' ').append(node.getData() == null ? "null" : "x" + hex(node.getData()));
        long[] numbers = {s.getCzxid(), s.getMzxid(), s.getCtime(), s.getMtime(), s.getVersion(), s.getCversion(),
            s.getAversion(), s.getEphemeralOwner(), s.getDataLength(), s.getNumChildren(), s.getPzxid()};
        for (long number : numbers) {
            line.append(' ').append(number);
        }
        for (ACL acl : tree.getACL(node)) {
            line.append(' ').append(acl.getPerms()).append(':').append(acl.getId().getScheme()).append(':').append(acl.getId().getId());
        }
        lines.add(line.toString());
        for (String child : node.getChildren()) {
            walk(tree, path.equals("/") ? "/" + child : path + "/" + child, lines);
        }
    }

    private static String hex(byte[] bytes) {
        StringBuilder text = new StringBuilder();
        for (byte b : bytes) {
            text.append(String.format("%02x", b));
        }
        return text.toString();
    }
}
