import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import org.apache.kafka.admin.AdminUtils;
import org.apache.kafka.admin.BrokerMetadata;

/**
 * Lets Apache's AdminUtils assign replicas, and prints what it was asked and what came of it, one JSON object a line:
 * java -cp KAFKA_JARS tools/golden/MakeAssignments.java > test/golden/kafka/assignments.jsonl
 */
public class MakeAssignments {
    public static void main(String[] args) {
        Random random = new Random(39);
        for (int count = 0; count < 300; count++) {
            int brokers = 1 + random.nextInt(12);
            int racks = random.nextInt(3) == 0 ? 0 : 1 + random.nextInt(Math.min(brokers, 5));
            List<BrokerMetadata> metadata = new ArrayList<>();
            List<String> described = new ArrayList<>();
            for (int i = 0; i < brokers; i++) {
                int id = i * (1 + count % 3);
                // Some racks get more brokers than others.
                String rack = racks == 0 ? null : "rack" + (i < racks ? i : random.nextInt(racks));
                metadata.add(new BrokerMetadata(id, Optional.ofNullable(rack)));
                described.add("[" + id + "," + (rack == null ? "null" : "\"" + rack + "\"") + "]");
            }
            int partitions = 1 + random.nextInt(40);
            int factor = 1 + random.nextInt(brokers);
            int start = random.nextInt(brokers);
            int startPartition = random.nextInt(3) == 0 ? random.nextInt(30) : 0;
            Map<Integer, List<Integer>> assigned = new TreeMap<>(
                AdminUtils.assignReplicasToBrokers(metadata, partitions, factor, start, startPartition));
            System.out.println("{\"brokers\":[" + String.join(",", described) + "],\"partitions\":" + partitions
                + ",\"replicationFactor\":" + factor + ",\"start\":" + start + ",\"startPartition\":" + startPartition
                + ",\"replicas\":" + assigned.values().toString().replace(" ", "") + "}");
        }
    }
}
