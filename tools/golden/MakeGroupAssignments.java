import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.ConsumerPartitionAssignor;
import org.apache.kafka.clients.consumer.ConsumerPartitionAssignor.Assignment;
import org.apache.kafka.clients.consumer.ConsumerPartitionAssignor.GroupSubscription;
import org.apache.kafka.clients.consumer.ConsumerPartitionAssignor.Subscription;
import org.apache.kafka.clients.consumer.CooperativeStickyAssignor;
import org.apache.kafka.clients.consumer.RangeAssignor;
import org.apache.kafka.clients.consumer.RoundRobinAssignor;
import org.apache.kafka.clients.consumer.StickyAssignor;
import org.apache.kafka.common.Cluster;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.TopicPartition;

/**
 * Lets Apache's assignors divide partitions among the members of groups that grow, shrink and change what they want, and
 * prints what each was asked and what came of it, one JSON object a line:
 * java -cp KAFKA_CLIENTS_4_3 tools/golden/MakeGroupAssignments.java | gzip -9n > test/golden/kafka/group-assignments.jsonl.gz
 */
public class MakeGroupAssignments {
    static final class Member {
        String id;
        String instance;
        String rack;
        List<String> topics;
        List<TopicPartition> owned = new ArrayList<>();
        int generation = -1;
        ConsumerPartitionAssignor assignor;
    }

    public static void main(String[] args) {
        Random random = new Random(43);
        for (int count = 0; count < 120; count++)
            for (String name : List.of("range", "roundrobin", "sticky", "cooperative-sticky")) story(name, random);
    }

    static ConsumerPartitionAssignor make(String name) {
        switch (name) {
            case "range": return new RangeAssignor();
            case "roundrobin": return new RoundRobinAssignor();
            case "sticky": return new StickyAssignor();
            default: return new CooperativeStickyAssignor();
        }
    }

    static void story(String name, Random random) {
        int racks = random.nextInt(3) == 0 ? 1 + random.nextInt(3) : 0;
        List<Node> nodes = new ArrayList<>();
        for (int i = 0; i < 4; i++)
            nodes.add(new Node(i, "h" + i, 9092, racks == 0 ? null : "r" + random.nextInt(racks)));
        Map<String, List<PartitionInfo>> topics = new LinkedHashMap<>();
        int topicCount = 1 + random.nextInt(5);
        for (int t = 0; t < topicCount; t++) topics.put("t" + t, topic("t" + t, 1 + random.nextInt(9), nodes, random));
        boolean alike = random.nextBoolean();
        Map<String, Member> members = new LinkedHashMap<>();
        int next = 0;
        int generation = 0;
        for (int round = 0; round < 4; round++) {
            int joining = round == 0 ? 1 + random.nextInt(8) : random.nextInt(3);
            for (int i = 0; i < joining; i++) {
                Member member = new Member();
                member.id = "m" + Integer.toHexString(random.nextInt()) + "-" + next++;
                member.instance = random.nextInt(4) == 0 ? "i" + next : null;
                member.rack = racks > 0 && random.nextInt(4) > 0 ? "r" + random.nextInt(racks) : null;
                member.topics = wants(topics, alike, random);
                member.assignor = make(name);
                members.put(member.id, member);
            }
            if (round > 0 && members.size() > 1 && random.nextBoolean())
                members.remove(new ArrayList<>(members.keySet()).get(random.nextInt(members.size())));
            if (random.nextInt(5) == 0)
                topics.put("t0", topic("t0", topics.get("t0").size() + 1 + random.nextInt(3), nodes, random));
            if (!alike && random.nextInt(3) == 0)
                members.values().iterator().next().topics = wants(topics, false, random);
            generation += 1 + random.nextInt(2);
            divide(name, topics, members, generation, random);
        }
    }

    static List<PartitionInfo> topic(String name, int partitions, List<Node> nodes, Random random) {
        List<PartitionInfo> infos = new ArrayList<>();
        for (int p = 0; p < partitions; p++) {
            Node[] replicas = {nodes.get(random.nextInt(4)), nodes.get(random.nextInt(4))};
            infos.add(new PartitionInfo(name, p, replicas[0], replicas, replicas));
        }
        return infos;
    }

    static List<String> wants(Map<String, List<PartitionInfo>> topics, boolean alike, Random random) {
        List<String> all = new ArrayList<>(topics.keySet());
        if (alike) return all;
        List<String> some = new ArrayList<>();
        for (String topic : all) if (random.nextInt(3) > 0) some.add(topic);
        if (random.nextInt(10) == 0) some.add("missing");
        return some;
    }

    static void divide(String name, Map<String, List<PartitionInfo>> topics, Map<String, Member> members, int generation, Random random) {
        boolean cooperative = name.startsWith("cooperative");
        Map<String, Subscription> subscriptions = new HashMap<>();
        List<String> described = new ArrayList<>();
        for (Member member : members.values()) {
            ByteBuffer userData = member.assignor.subscriptionUserData(Set.copyOf(member.topics));
            List<TopicPartition> owned = cooperative ? member.owned : List.of();
            Subscription subscription = new Subscription(member.topics, userData, owned, member.generation, Optional.ofNullable(member.rack));
            subscription.setGroupInstanceId(Optional.ofNullable(member.instance));
            subscriptions.put(member.id, subscription);
            String hex = userData == null ? "null" : "\"" + HexFormat.of().formatHex(userData.array()) + "\"";
            described.add("{\"memberId\":\"" + member.id + "\",\"groupInstanceId\":" + quoted(member.instance)
                + ",\"rackId\":" + quoted(member.rack) + ",\"topics\":" + strings(member.topics)
                + ",\"ownedPartitions\":" + partitions(owned) + ",\"generationId\":" + member.generation
                + ",\"userData\":" + hex + "}");
        }
        List<PartitionInfo> infos = new ArrayList<>();
        topics.values().forEach(infos::addAll);
        Cluster cluster = new Cluster("c", nodesOf(infos), infos, Set.of(), Set.of());
        Map<String, Assignment> result = make(name).assign(cluster, new GroupSubscription(subscriptions)).groupAssignment();
        Map<String, String> shown = new TreeMap<>();
        for (Map.Entry<String, Assignment> entry : result.entrySet()) {
            List<TopicPartition> sorted = new ArrayList<>(entry.getValue().partitions());
            sorted.sort((a, b) -> a.topic().equals(b.topic()) ? a.partition() - b.partition() : a.topic().compareTo(b.topic()));
            shown.put(entry.getKey(), partitions(sorted));
        }
        System.out.println("{\"assignor\":\"" + name + "\",\"topics\":" + describe(topics) + ",\"members\":[" + String.join(",", described)
            + "],\"assignment\":{" + String.join(",", shown.entrySet().stream().map(e -> "\"" + e.getKey() + "\":" + e.getValue()).toList()) + "}}");
        for (Member member : members.values()) {
            // Now and then, somebody has missed a round.
            if (random.nextInt(8) == 0) continue;
            Assignment assignment = result.get(member.id);
            member.owned = new ArrayList<>(assignment.partitions());
            member.generation = generation;
            member.assignor.onAssignment(assignment, new ConsumerGroupMetadata("g", generation, member.id, Optional.ofNullable(member.instance)));
        }
    }

    static String describe(Map<String, List<PartitionInfo>> topics) {
        List<String> all = new ArrayList<>();
        topics.forEach((name, infos) -> {
            List<String> racks = new ArrayList<>();
            for (PartitionInfo info : infos) {
                List<String> of = new ArrayList<>();
                for (Node node : info.replicas()) if (node.rack() != null && !of.contains(node.rack())) of.add(node.rack());
                racks.add(strings(of));
            }
            all.add("\"" + name + "\":[" + String.join(",", racks) + "]");
        });
        return "{" + String.join(",", all) + "}";
    }

    static Set<Node> nodesOf(List<PartitionInfo> infos) {
        Set<Node> nodes = new HashSet<>();
        for (PartitionInfo info : infos) Collections.addAll(nodes, info.replicas());
        return nodes;
    }

    static String quoted(String text) {
        return text == null ? "null" : "\"" + text + "\"";
    }

    static String strings(List<String> all) {
        return "[" + String.join(",", all.stream().map(MakeGroupAssignments::quoted).toList()) + "]";
    }

    static String partitions(List<TopicPartition> all) {
        return "[" + String.join(",", all.stream().map(tp -> "\"" + tp + "\"").toList()) + "]";
    }
}
