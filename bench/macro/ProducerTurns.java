import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.tools.ProducerPerformance;

/**
 * Runs Kafka's producer load on several servers in turn within one JVM, so that the load tool's own code is compiled
 * before it is measured. Arguments: the warm-up turns and the measured turns of each server, records, their size,
 * partitions, then the servers. Prints "server MB/s" for each measured turn.
 */
class ProducerTurns {
    private static final Pattern RESULT = Pattern.compile("\\(([\\d.]+) MB/sec\\)[^\\n]*99\\.9th");

    private final String records;
    private final String size;
    private final int partitions;
    private int topics = 0;

    private ProducerTurns(String records, String size, int partitions) {
        this.records = records;
        this.size = size;
        this.partitions = partitions;
    }

    public static void main(String[] args) throws Exception {
        int warmUps = Integer.parseInt(args[0]);
        int turns = Integer.parseInt(args[1]);
        ProducerTurns load = new ProducerTurns(args[2], args[3], Integer.parseInt(args[4]));
        int servers = args.length - 5;
        for (int turn = 0; turn < warmUps + turns; turn++) {
            for (int i = 0; i < servers; i++) {
                int server = turn % 2 == 0 ? i : servers - 1 - i;
                String throughput = load.run(args[5 + server]);
                if (turn >= warmUps) System.out.println(server + " " + throughput);
            }
        }
    }

    /** One turn on a new topic; the throughput in MB/s. */
    private String run(String server) throws Exception {
        String topic = "turn-" + topics++;
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", server))) {
            admin.createTopics(List.of(new NewTopic(topic, Optional.of(partitions), Optional.empty()))).all().get();
            String text = printed(
                "--topic", topic, "--num-records", records, "--record-size", size, "--throughput", "-1",
                "--producer-props", "bootstrap.servers=" + server, "acks=all");
            admin.deleteTopics(List.of(topic)).all().get();
            Matcher result = RESULT.matcher(text);
            if (!result.find()) throw new IllegalStateException("no result in: " + text);
            return result.group(1);
        }
    }

    private static String printed(String... args) throws Exception {
        PrintStream out = System.out;
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        System.setOut(new PrintStream(bytes, true, StandardCharsets.UTF_8));
        try {
            ProducerPerformance.main(args);
        } finally {
            System.setOut(out);
        }
        return bytes.toString(StandardCharsets.UTF_8);
    }
}
