import java.io.*;
import java.nio.file.*;
import java.time.Duration;
import java.util.*;
import java.util.concurrent.*;
import java.util.concurrent.atomic.*;
import org.apache.kafka.clients.admin.*;
import org.apache.kafka.clients.consumer.*;
import org.apache.kafka.clients.producer.*;
import org.apache.kafka.common.*;
import org.apache.kafka.common.errors.*;
import org.apache.kafka.common.serialization.*;

/**
 * Idempotent producers and a consumer group that go on whatever happens to the brokers, until a file named `stop`
 * appears. What was acknowledged goes to the file `acknowledged`, as KEY COUNTER PARTITION OFFSET, what failed to
 * `failed` (KEY COUNTER why), what the group has read to `consumed` (KEY COUNTER PARTITION OFFSET). ClusterCheck
 * judges them. usage: ClusterLoad BOOTSTRAP TOPIC DIRECTORY RECORDS_PER_SECOND
 */
public final class ClusterLoad {
  private static final int KEYS = 20;
  private static final int WINDOW = 5000;
  private static final String[] CODECS = {"none", "lz4", "zstd"};
  private static final AtomicLong acknowledged = new AtomicLong(), failed = new AtomicLong(), consumed = new AtomicLong();
  private static final AtomicLong commits = new AtomicLong(), rebalances = new AtomicLong();
  private static final AtomicBoolean stop = new AtomicBoolean(), drained = new AtomicBoolean();
  private static volatile Throwable failure;
  private static String bootstrap, topic;
  private static Path directory;

  /** What a record holds; the same for everybody who knows its key and counter. */
  static String valueOf(String key, long counter) {
    return key + " " + counter + " " + "x".repeat((int) (counter * 37 % 300));
  }

  static void fail(Throwable error) {
    if (failure == null) failure = error;
    stop.set(true);
    drained.set(true);
  }

  /** A file of lines that is complete as soon as a line is written. */
  static final class Journal implements Closeable {
    private final Writer out;
    Journal(String name) throws IOException { out = Files.newBufferedWriter(directory.resolve(name)); }
    synchronized void add(String line) {
      try { out.write(line + "\n"); } catch (IOException e) { fail(e); }
    }
    @Override public synchronized void close() throws IOException { out.close(); }
  }

  static Map<String, Object> common() {
    return new HashMap<>(Map.of("bootstrap.servers", bootstrap, "reconnect.backoff.ms", 20, "reconnect.backoff.max.ms", 200,
        "retry.backoff.ms", 20, "retry.backoff.max.ms", 200, "metadata.max.age.ms", 2000, "request.timeout.ms", 10_000));
  }

  /** One producer; every key has a counter of its own, so that order and doubles show. */
  static void produce(int number, int perSecond, Journal acked, Journal broken) throws Exception {
    Map<String, Object> config = common();
    config.putAll(Map.of("acks", "all", "enable.idempotence", true, "delivery.timeout.ms", 600_000, "max.block.ms", 600_000,
        "linger.ms", 5, "compression.type", CODECS[number]));
    long[] counters = new long[KEYS];
    Semaphore window = new Semaphore(WINDOW);
    Random random = new Random(number);
    try (KafkaProducer<String, String> producer = new KafkaProducer<>(config, new StringSerializer(), new StringSerializer())) {
      long started = System.nanoTime(), sent = 0;
      while (!stop.get()) {
        long due = (System.nanoTime() - started) / 1_000_000 * perSecond / 1000;
        // After a pause the rate goes on from here; what was missed is not made up for.
        if (due - sent > perSecond) { started += (due - sent) * 1_000_000_000L / perSecond; continue; }
        for (; sent < due && !stop.get(); sent++) {
          if (!window.tryAcquire(100, TimeUnit.MILLISECONDS)) break;
          int k = random.nextInt(KEYS);
          String key = "p" + number + "k" + k;
          long counter = counters[k]++;
          producer.send(new ProducerRecord<>(topic, key, valueOf(key, counter)), (where, error) -> {
            window.release();
            if (error != null) {
              failed.incrementAndGet();
              broken.add(key + " " + counter + " " + error);
            } else {
              acked.add(key + " " + counter + " " + where.partition() + " " + where.offset());
              acknowledged.incrementAndGet();
            }
          });
        }
        Thread.sleep(5);
      }
      producer.flush();
    }
  }

  /** What the group has been promised: nobody may start below a commit that was acknowledged. */
  private static final Map<TopicPartition, Long> committed = new ConcurrentHashMap<>();

  static void check(boolean holds, String what) {
    if (!holds) throw new IllegalStateException(what);
  }

  /** A member of the group, for `lifeMs` or until everything has been read. */
  static void consume(Journal seen, long lifeMs) {
    Map<String, Object> config = common();
    config.putAll(Map.of("group.id", topic + "-group", "auto.offset.reset", "earliest", "enable.auto.commit", false,
        "session.timeout.ms", 6000, "heartbeat.interval.ms", 500, "default.api.timeout.ms", 20_000));
    long ends = System.nanoTime() + lifeMs * 1_000_000;
    Map<TopicPartition, Long> next = new HashMap<>();
    try (KafkaConsumer<String, String> consumer = new KafkaConsumer<>(config, new StringDeserializer(), new StringDeserializer())) {
      consumer.subscribe(List.of(topic), new ConsumerRebalanceListener() {
        @Override public void onPartitionsRevoked(Collection<TopicPartition> gone) {
          gone.forEach(next::remove);
          rebalances.incrementAndGet();
        }
        @Override public void onPartitionsAssigned(Collection<TopicPartition> added) {
          Map<TopicPartition, Long> promised = new HashMap<>(committed);
          for (TopicPartition p : added) {
            long position = positionOf(consumer, p);
            check(position >= promised.getOrDefault(p, 0L), p + " starts at " + position + " after a commit of " + promised.get(p));
            next.put(p, position);
          }
        }
      });
      while (!drained.get() && System.nanoTime() < ends) {
        ConsumerRecords<String, String> records = consumer.poll(Duration.ofMillis(100));
        for (ConsumerRecord<String, String> r : records) {
          TopicPartition p = new TopicPartition(r.topic(), r.partition());
          check(r.offset() == next.get(p), p + ": offset " + r.offset() + " where " + next.get(p) + " was due");
          next.put(p, r.offset() + 1);
          seen.add(r.key() + " " + r.value().split(" ")[1] + " " + r.partition() + " " + r.offset());
          consumed.incrementAndGet();
        }
        if (!records.isEmpty()) commit(consumer, next);
      }
      commit(consumer, next);
    } catch (InterruptException e) {
      fail(e);
    }
  }

  /** Asks until a coordinator answers. */
  static long positionOf(KafkaConsumer<String, String> consumer, TopicPartition p) {
    while (true) {
      try {
        return consumer.position(p, Duration.ofSeconds(5));
      } catch (RetriableException e) {
        if (stop.get() && drained.get()) throw e;
      }
    }
  }

  static void commit(KafkaConsumer<String, String> consumer, Map<TopicPartition, Long> next) {
    Map<TopicPartition, OffsetAndMetadata> offsets = new HashMap<>();
    next.forEach((p, offset) -> offsets.put(p, new OffsetAndMetadata(offset)));
    if (offsets.isEmpty()) return;
    try {
      consumer.commitSync(offsets, Duration.ofSeconds(20));
      commits.incrementAndGet();
      offsets.forEach((p, o) -> committed.merge(p, o.offset(), Math::max));
    } catch (RetriableException | CommitFailedException e) {
      // Not acknowledged: nothing was promised.
    }
  }

  static Thread thread(String name, Callable<Void> body) {
    Thread thread = new Thread(() -> {
      try { body.call(); } catch (Throwable e) { fail(e); }
    }, name);
    thread.start();
    return thread;
  }

  static void report() throws IOException {
    Path next = directory.resolve("progress.new");
    Files.writeString(next, acknowledged + " " + failed + " " + consumed + " " + commits + " " + rebalances);
    Files.move(next, directory.resolve("progress"), StandardCopyOption.ATOMIC_MOVE);
  }

  public static void main(String[] args) throws Exception {
    bootstrap = args[0];
    topic = args[1];
    directory = Path.of(args[2]);
    int perSecond = Integer.parseInt(args[3]);
    List<Thread> producers = new ArrayList<>(), consumers = new ArrayList<>();
    try (Journal acked = new Journal("acknowledged"); Journal broken = new Journal("failed"); Journal seen = new Journal("consumed")) {
      for (int i = 0; i < CODECS.length; i++) {
        int number = i;
        producers.add(thread("producer-" + i, () -> { produce(number, perSecond / CODECS.length, acked, broken); return null; }));
      }
      consumers.add(thread("stays", () -> { consume(seen, Long.MAX_VALUE / 2_000_000); return null; }));
      consumers.add(thread("comes and goes", () -> { while (!stop.get()) consume(seen, 8000); return null; }));
      Path sign = directory.resolve("stop");
      while (!stop.get()) {
        if (Files.exists(sign)) stop.set(true);
        report();
        Thread.sleep(100);
      }
      for (Thread producer : producers) producer.join();
      drain();
      for (Thread consumer : consumers) consumer.join();
      report();
    }
    if (failure != null) {
      failure.printStackTrace();
      System.exit(1);
    }
    System.out.println("done: " + acknowledged + " " + failed + " " + consumed + " " + commits + " " + rebalances);
    System.exit(0);
  }

  /** Waits until the group has committed the end of every partition. */
  static void drain() throws Exception {
    try (Admin admin = Admin.create(common())) {
      while (!drained.get()) {
        try {
          Map<TopicPartition, OffsetSpec> ask = new HashMap<>();
          for (TopicPartitionInfo p : admin.describeTopics(List.of(topic)).allTopicNames().get().get(topic).partitions())
            ask.put(new TopicPartition(topic, p.partition()), OffsetSpec.latest());
          boolean all = true;
          for (var end : admin.listOffsets(ask).all().get().entrySet())
            all &= end.getValue().offset() == committed.getOrDefault(end.getKey(), 0L);
          if (all) drained.set(true);
        } catch (ExecutionException e) {
          if (!(e.getCause() instanceof RetriableException)) throw e;
        }
        report();
        Thread.sleep(200);
      }
    }
  }
}
