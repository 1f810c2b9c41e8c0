import java.time.Duration;
import java.util.*;
import java.util.concurrent.*;
import java.util.concurrent.atomic.*;
import org.apache.kafka.clients.admin.*;
import org.apache.kafka.clients.consumer.*;
import org.apache.kafka.clients.producer.*;
import org.apache.kafka.common.*;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.serialization.*;

/**
 * Java's producer, consumer and admin: topics, every codec, a group with a rebalance, offsets, records deleted,
 * deletion. usage: KafkaScenario BOOTSTRAP RECORDS_PER_CODEC
 */
public final class KafkaScenario {
  private static final Map<String, String> seen = new ConcurrentHashMap<>();

  static void check(boolean holds, String what) {
    if (!holds) throw new IllegalStateException(what);
  }

  static void until(String what, int seconds, Callable<Boolean> check) throws Exception {
    long deadline = System.nanoTime() + seconds * 1_000_000_000L;
    while (System.nanoTime() < deadline) {
      if (check.call()) return;
      Thread.sleep(50);
    }
    throw new IllegalStateException("timed out: " + what);
  }

  /** A consumer on a thread of its own. */
  static final class Member extends Thread {
    final AtomicInteger owned = new AtomicInteger();
    final AtomicBoolean stop = new AtomicBoolean();
    final Map<String, Object> config;
    final String topic;
    volatile Exception failure;

    Member(String name, Map<String, Object> config, String topic) {
      super(name);
      this.config = config;
      this.topic = topic;
      start();
    }

    @Override public void run() {
      try (KafkaConsumer<String, String> consumer = new KafkaConsumer<>(config, new StringDeserializer(), new StringDeserializer())) {
        consumer.subscribe(List.of(topic), new ConsumerRebalanceListener() {
          @Override public void onPartitionsAssigned(Collection<TopicPartition> added) { owned.addAndGet(added.size()); }
          @Override public void onPartitionsRevoked(Collection<TopicPartition> gone) { owned.addAndGet(-gone.size()); }
          @Override public void onPartitionsLost(Collection<TopicPartition> gone) { owned.addAndGet(-gone.size()); }
        });
        while (!stop.get())
          for (ConsumerRecord<String, String> r : consumer.poll(Duration.ofMillis(100))) {
            check(new String(r.headers().lastHeader("codec").value()).equals(r.key().split("-")[0]), "header of " + r.key());
            seen.put(r.key(), r.value());
          }
        consumer.commitSync();
      } catch (Exception e) {
        failure = e;
      }
    }

    void leave() throws Exception {
      stop.set(true);
      join();
      if (failure != null) throw failure;
    }
  }

  public static void main(String[] args) throws Exception {
    String bootstrap = args[0];
    int perCodec = Integer.parseInt(args[1]);
    String topic = "java-" + UUID.randomUUID().toString().substring(0, 8), group = topic + "-group";
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", bootstrap))) {
      admin.createTopics(List.of(new NewTopic(topic, 4, (short) 1).configs(Map.of("retention.ms", "3600000")))).all().get();
      admin.createPartitions(Map.of(topic, NewPartitions.increaseTo(6))).all().get();
      ConfigResource resource = new ConfigResource(ConfigResource.Type.TOPIC, topic);
      admin.incrementalAlterConfigs(Map.of(resource, List.of(new AlterConfigOp(new ConfigEntry("segment.bytes", "1048576"), AlterConfigOp.OpType.SET)))).all().get();
      until("configs are shown", 10, () -> {
        Config config = admin.describeConfigs(List.of(resource)).all().get().get(resource);
        return config.get("retention.ms").value().equals("3600000") && config.get("segment.bytes").value().equals("1048576")
            && config.get("segment.bytes").source() == ConfigEntry.ConfigSource.DYNAMIC_TOPIC_CONFIG;
      });
      Map<String, String> expected = new HashMap<>();
      for (String codec : List.of("none", "gzip", "snappy", "lz4", "zstd")) {
        Map<String, Object> config = Map.of("bootstrap.servers", bootstrap, "compression.type", codec, "acks", "all", "linger.ms", 20);
        try (KafkaProducer<String, String> producer = new KafkaProducer<>(config, new StringSerializer(), new StringSerializer())) {
          List<Future<RecordMetadata>> sent = new ArrayList<>();
          for (int i = 0; i < perCodec; i++) {
            String key = codec + "-" + i, value = codec + " value " + i + " " + "x".repeat(i % 300);
            expected.put(key, value);
            ProducerRecord<String, String> record = new ProducerRecord<>(topic, key, value);
            record.headers().add("codec", codec.getBytes()).add("codec-null", null);
            sent.add(producer.send(record));
          }
          for (Future<RecordMetadata> f : sent) f.get();
        }
      }
      Map<String, Object> config = new HashMap<>(Map.of("bootstrap.servers", bootstrap, "group.id", group,
          "auto.offset.reset", "earliest", "enable.auto.commit", true, "auto.commit.interval.ms", 100, "heartbeat.interval.ms", 500));
      Member first = new Member("first", config, topic);
      until("the first member owns all partitions", 30, () -> first.owned.get() == 6);
      Member second = new Member("second", config, topic);
      until("partitions are shared", 30, () -> first.owned.get() == 3 && second.owned.get() == 3);
      until("all records seen", 60, () -> seen.size() == expected.size());
      check(seen.equals(expected), "records differ");
      second.leave();
      until("the first member owns all partitions again", 30, () -> first.owned.get() == 6);
      first.leave();

      Map<TopicPartition, OffsetSpec> ask = new HashMap<>();
      for (int p = 0; p < 6; p++) ask.put(new TopicPartition(topic, p), OffsetSpec.latest());
      long end = 0, committed = 0;
      for (var o : admin.listOffsets(ask).all().get().values()) end += o.offset();
      for (var o : admin.listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata().get().values()) committed += o == null ? 0 : o.offset();
      check(end == expected.size() && committed == end, "end " + end + ", committed " + committed);
      TopicPartition p0 = new TopicPartition(topic, 0);
      check(admin.deleteRecords(Map.of(p0, RecordsToDelete.beforeOffset(1))).lowWatermarks().get(p0).get().lowWatermark() == 1, "low watermark");
      check(admin.listOffsets(Map.of(p0, OffsetSpec.earliest())).all().get().get(p0).offset() == 1, "earliest");
      check(admin.describeLogDirs(List.of(admin.describeCluster().nodes().get().iterator().next().id())).allDescriptions().get().size() == 1, "log dirs");
      admin.deleteConsumerGroups(List.of(group)).all().get();
      admin.deleteTopics(List.of(topic)).all().get();
      until("the topic is gone", 20, () -> !admin.listTopics().names().get().contains(topic));
      System.out.println(expected.size() + " records in 5 codecs, rebalance 6 -> 3+3 -> 6, offsets committed, records deleted");
    }
  }
}
