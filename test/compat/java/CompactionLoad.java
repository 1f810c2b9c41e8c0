import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.*;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.*;
import org.apache.kafka.clients.producer.*;
import org.apache.kafka.common.serialization.*;

/**
 * Fills topics for the log cleaner and for retention, batch by batch the same in every run.
 * usage: CompactionLoad BOOTSTRAP create | changes COUNT SEED | transactions COUNT | aged
 */
public final class CompactionLoad {
  private static final int KEYS = 10_000, BATCH = 200;
  private static final String[] CODECS = {"none", "gzip", "snappy", "lz4", "zstd"};
  private static String bootstrap;

  static KafkaProducer<byte[], byte[]> producer(String codec, Map<String, Object> more) {
    Map<String, Object> config = new HashMap<>(Map.of("bootstrap.servers", bootstrap, "acks", "all", "compression.type", codec,
        // Batches end where `flush` is called, and nowhere else.
        "batch.size", 900_000, "linger.ms", 600_000, "max.block.ms", 60_000, "delivery.timeout.ms", 700_000));
    config.putAll(more);
    return new KafkaProducer<>(config, new ByteArraySerializer(), new ByteArraySerializer());
  }

  static byte[] bytes(String text) { return text.getBytes(StandardCharsets.UTF_8); }

  static NewTopic topic(String name, String... config) {
    Map<String, String> settings = new HashMap<>(Map.of("segment.jitter.ms", "0"));
    for (int i = 0; i < config.length; i += 2) settings.put(config[i], config[i + 1]);
    return new NewTopic(name, 1, (short) 1).configs(settings);
  }

  static void create() throws Exception {
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", bootstrap))) {
      admin.createTopics(List.of(
          topic("changes", "cleanup.policy", "compact", "segment.bytes", "300000", "min.cleanable.dirty.ratio", "0.01", "delete.retention.ms", "1000"),
          topic("ledger", "cleanup.policy", "compact", "segment.bytes", "100000", "min.cleanable.dirty.ratio", "0.01", "delete.retention.ms", "86400000"),
          topic("sessions", "cleanup.policy", "compact,delete", "segment.bytes", "100000", "min.cleanable.dirty.ratio", "0.01", "retention.ms", "3600000"),
          topic("by-age", "segment.bytes", "100000", "retention.ms", "3600000"),
          topic("by-size", "segment.bytes", "100000", "retention.ms", "-1", "retention.bytes", "350000"))).all().get(60, TimeUnit.SECONDS);
    }
  }

  /** A change log: updates of ten thousand keys, one in fifteen a deletion, a fifth of them in each codec. */
  static void changes(int count, long seed) throws Exception {
    Random random = new Random(seed);
    for (int part = 0; part < CODECS.length; part++) {
      try (KafkaProducer<byte[], byte[]> producer = producer(CODECS[part], Map.of())) {
        for (int i = 0; i < count / CODECS.length; i++) {
          byte[] key = bytes("key-" + random.nextInt(KEYS));
          byte[] value = random.nextInt(15) == 0 ? null : bytes("value " + seed + " " + part + " " + i + " " + "x".repeat(random.nextInt(60)));
          producer.send(new ProducerRecord<>("changes", 0, 1_700_000_000_000L + i, key, value));
          if (i % BATCH == BATCH - 1) producer.flush();
        }
        producer.flush();
      }
    }
  }

  /** Transactions of three producers one after another, each third aborted; one of a fourth is never ended. */
  static void transactions(int count) throws Exception {
    Random random = new Random(7);
    List<KafkaProducer<byte[], byte[]>> producers = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      producers.add(producer(i == 1 ? "lz4" : "none", Map.of("transactional.id", "ledger-" + i, "transaction.timeout.ms", 900_000)));
      producers.get(i).initTransactions();
    }
    for (int number = 0; number < count; number++) {
      KafkaProducer<byte[], byte[]> producer = producers.get(number % 3);
      producer.beginTransaction();
      for (int i = 0; i < 30; i++) {
        byte[] value = random.nextInt(10) == 0 ? null : bytes("value " + number + " " + i + " " + "y".repeat(random.nextInt(80)));
        producer.send(new ProducerRecord<>("ledger", 0, 1_700_000_000_000L + number, bytes("account-" + random.nextInt(400)), value));
        if (i % 10 == 9) producer.flush();
      }
      if (number % 3 == 2 || random.nextInt(4) == 0) producer.abortTransaction(); else producer.commitTransaction();
      if (number == count * 3 / 4) {
        producers.get(3).beginTransaction();
        producers.get(3).send(new ProducerRecord<>("ledger", 0, 1_700_000_000_000L, bytes("open"), bytes("undecided")));
        producers.get(3).flush();
      }
    }
    // Without a word to anybody: the transaction stays open.
    System.out.println("done");
    System.out.flush();
    Runtime.getRuntime().halt(0);
  }

  /** Records of two hours ago, and of now. */
  static void aged() throws Exception {
    long now = System.currentTimeMillis();
    try (KafkaProducer<byte[], byte[]> producer = producer("none", Map.of())) {
      for (String topic : List.of("sessions", "by-age", "by-size")) {
        for (int i = 0; i < 8000; i++) {
          long timestamp = i < 4000 ? now - 7_200_000 : now;
          producer.send(new ProducerRecord<>(topic, 0, timestamp, bytes("session-" + i % 3000), bytes("value " + i + " " + "z".repeat(40))));
          if (i % BATCH == BATCH - 1) producer.flush();
        }
      }
    }
  }

  public static void main(String[] args) throws Exception {
    bootstrap = args[0];
    switch (args[1]) {
      case "create" -> create();
      case "changes" -> changes(Integer.parseInt(args[2]), Long.parseLong(args[3]));
      case "transactions" -> transactions(Integer.parseInt(args[2]));
      case "aged" -> aged();
      default -> throw new IllegalArgumentException(args[1]);
    }
    System.out.println("done");
  }
}
