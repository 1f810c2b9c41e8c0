import java.nio.file.*;
import java.time.Duration;
import java.util.*;
import java.util.stream.*;
import org.apache.kafka.clients.admin.*;
import org.apache.kafka.clients.consumer.*;
import org.apache.kafka.common.*;
import org.apache.kafka.common.serialization.*;

/**
 * Reads all of a topic and compares it with what ClusterLoad wrote down: every acknowledged record once and at the
 * offset that was acknowledged, keys in order, nothing doubled, no offset missing, and nothing gone that the group
 * had read. usage: ClusterCheck BOOTSTRAP TOPIC DIRECTORY
 */
public final class ClusterCheck {
  static void check(boolean holds, String what) {
    if (!holds) throw new IllegalStateException(what);
  }

  /** The records of a partition in order, as "KEY COUNTER"; offsets have to begin at 0 without a gap. */
  static List<String> read(String bootstrap, TopicPartition p, String isolation) {
    Map<String, Object> config = Map.of("bootstrap.servers", bootstrap, "isolation.level", isolation, "auto.offset.reset", "none");
    List<String> found = new ArrayList<>();
    try (KafkaConsumer<String, String> consumer = new KafkaConsumer<>(config, new StringDeserializer(), new StringDeserializer())) {
      consumer.assign(List.of(p));
      consumer.seek(p, 0);
      long end = consumer.endOffsets(List.of(p)).get(p);
      while (consumer.position(p) < end)
        for (ConsumerRecord<String, String> r : consumer.poll(Duration.ofSeconds(1)).records(p)) {
          check(r.offset() == found.size(), p + ": offset " + r.offset() + " where " + found.size() + " was due");
          String[] parts = r.value().split(" ", 3);
          check(r.value().equals(ClusterLoad.valueOf(r.key(), Long.parseLong(parts[1]))), p + " " + r.offset() + ": " + r.value());
          found.add(r.key() + " " + parts[1]);
        }
      check(found.size() == end, p + " ends at " + end + ", " + found.size() + " records read");
    }
    return found;
  }

  /** Every line of the journal has to be where it says; the number of lines. */
  static long compare(Path journal, Map<Integer, List<String>> log, String what) throws Exception {
    long count = 0;
    for (String line : (Iterable<String>) Files.lines(journal)::iterator) {
      String[] parts = line.split(" ");
      List<String> partition = log.get(Integer.parseInt(parts[2]));
      int offset = Integer.parseInt(parts[3]);
      String there = offset < partition.size() ? partition.get(offset) : "nothing";
      check(there.equals(parts[0] + " " + parts[1]), what + " " + line + ", but there is " + there);
      count++;
    }
    return count;
  }

  public static void main(String[] args) throws Exception {
    String bootstrap = args[0], topic = args[1];
    Path directory = Path.of(args[2]);
    Map<Integer, List<String>> log = new HashMap<>();
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", bootstrap))) {
      for (TopicPartitionInfo info : admin.describeTopics(List.of(topic)).allTopicNames().get().get(topic).partitions()) {
        TopicPartition p = new TopicPartition(topic, info.partition());
        List<String> records = read(bootstrap, p, "read_uncommitted");
        check(records.equals(read(bootstrap, p, "read_committed")), p + " differs by isolation level");
        log.put(p.partition(), records);
      }
      Map<TopicPartition, OffsetAndMetadata> committed =
          admin.listConsumerGroupOffsets(topic + "-group").partitionsToOffsetAndMetadata().get();
      log.forEach((partition, records) -> {
        OffsetAndMetadata o = committed.get(new TopicPartition(topic, partition));
        check(records.isEmpty() || (o != null && o.offset() == records.size()), "partition " + partition + " ends at " + records.size() + ", committed " + o);
      });
    }
    Map<String, Long> last = new HashMap<>();
    long total = 0;
    for (List<String> records : log.values())
      for (String record : records) {
        String[] parts = record.split(" ");
        long counter = Long.parseLong(parts[1]);
        Long before = last.put(parts[0], counter);
        check(before == null || before < counter, "key " + parts[0] + ": " + counter + " after " + before);
        total++;
      }
    Set<String> failed = Files.lines(directory.resolve("failed")).map(line -> line.split(" ")[0] + " " + line.split(" ")[1]).collect(Collectors.toSet());
    long unacknowledged = log.values().stream().flatMap(List::stream).filter(failed::contains).count();
    long acknowledged = compare(directory.resolve("acknowledged"), log, "acknowledged");
    long consumed = compare(directory.resolve("consumed"), log, "consumed");
    check(total == acknowledged + unacknowledged, total + " records, " + acknowledged + " acknowledged, " + unacknowledged + " others");
    System.out.println("checked: " + acknowledged + " " + unacknowledged + " " + failed.size() + " " + consumed);
  }
}
