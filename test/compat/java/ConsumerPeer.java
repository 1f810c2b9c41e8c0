import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.TreeSet;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/**
 * What Java's clients do beside ours. Members print what they are told, and what they read:
 * member BOOTSTRAP GROUP TOPIC ASSIGNOR: reads until it is ended
 * transactions BOOTSTRAP TOPIC COUNT: even ones commit, odd ones abort, and one more stays open until it is ended
 */
public class ConsumerPeer {
    public static void main(String[] args) throws Exception {
        if (args[0].equals("member")) member(args[1], args[2], args[3], args[4]);
        else transactions(args[1], args[2], Integer.parseInt(args[3]));
    }

    static void member(String bootstrap, String group, String topic, String assignor) {
        Properties properties = new Properties();
        properties.put("bootstrap.servers", bootstrap);
        properties.put("group.id", group);
        properties.put("auto.offset.reset", "earliest");
        properties.put("auto.commit.interval.ms", "500");
        properties.put("heartbeat.interval.ms", "500");
        properties.put("session.timeout.ms", "10000");
        properties.put("partition.assignment.strategy", "org.apache.kafka.clients.consumer." + assignor);
        Consumer<String, String> consumer = new KafkaConsumer<>(properties, new StringDeserializer(), new StringDeserializer());
        Thread main = Thread.currentThread();
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            consumer.wakeup();
            try {
                main.join();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        }));
        consumer.subscribe(List.of(topic), new ConsumerRebalanceListener() {
            @Override
            public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
                System.out.println("revoked " + numbers(partitions));
            }

            @Override
            public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
                System.out.println("assigned " + numbers(partitions));
                System.out.println("owns " + numbers(consumer.assignment()));
            }
        });
        try {
            for (;;) {
                consumer.poll(Duration.ofMillis(200)).forEach(record -> System.out.println("read " + record.value()));
            }
        } catch (org.apache.kafka.common.errors.WakeupException e) {
            consumer.close();
        }
    }

    static String numbers(Collection<TopicPartition> partitions) {
        TreeSet<Integer> numbers = new TreeSet<>();
        for (TopicPartition partition : partitions) numbers.add(partition.partition());
        return numbers.toString();
    }

    static void transactions(String bootstrap, String topic, int count) throws Exception {
        KafkaProducer<String, String> producer = new KafkaProducer<>(
            Map.of("bootstrap.servers", bootstrap, "transactional.id", topic + "-id", "transaction.timeout.ms", "60000", "linger.ms", "5"),
            new StringSerializer(), new StringSerializer());
        producer.initTransactions();
        for (int i = 0; i <= count; i++) {
            producer.beginTransaction();
            for (int partition = 0; partition < 3; partition++)
                for (int n = 0; n < 5; n++)
                    producer.send(new ProducerRecord<>(topic, partition, null, (i == count ? "open" : i % 2 == 0 ? "committed" : "aborted") + " " + i + " " + n));
            producer.flush();
            if (i == count) break;
            if (i % 2 == 0) producer.commitTransaction();
            else producer.abortTransaction();
        }
        System.out.println("one is open");
        Thread.sleep(60_000);
    }
}
