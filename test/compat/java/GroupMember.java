import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.KafkaShareConsumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicIdPartition;
import org.apache.kafka.common.errors.WakeupException;
import org.apache.kafka.common.serialization.StringDeserializer;

/** A member of a group that prints each record once it is committed: GroupMember share|consumer|classic BOOTSTRAP GROUP TOPIC. */
public class GroupMember {
    public static void main(String[] args) throws Exception {
        Properties settings = new Properties();
        settings.put("bootstrap.servers", args[1]);
        settings.put("group.id", args[2]);
        if (args[0].equals("share")) share(settings, args[3]);
        else consume(settings, args[0], args[3]);
    }

    private static void share(Properties settings, String topic) throws Exception {
        settings.put("max.poll.records", "100");
        KafkaShareConsumer<String, String> consumer =
            new KafkaShareConsumer<>(settings, new StringDeserializer(), new StringDeserializer());
        onStop(consumer::wakeup);
        consumer.subscribe(List.of(topic));
        try {
            while (true) {
                ConsumerRecords<String, String> records = consumer.poll(Duration.ofMillis(500));
                Map<TopicIdPartition, Optional<KafkaException>> results = consumer.commitSync();
                for (ConsumerRecord<String, String> record : records) {
                    boolean isDone = results.entrySet().stream().anyMatch(entry ->
                        entry.getKey().partition() == record.partition() && entry.getValue().isEmpty());
                    if (isDone) print(record);
                }
                System.out.flush();
            }
        } catch (WakeupException stop) {
            consumer.close();
        }
    }

    private static void consume(Properties settings, String protocol, String topic) throws Exception {
        settings.put("group.protocol", protocol);
        settings.put("auto.offset.reset", "earliest");
        settings.put("enable.auto.commit", "false");
        KafkaConsumer<String, String> consumer =
            new KafkaConsumer<>(settings, new StringDeserializer(), new StringDeserializer());
        onStop(consumer::wakeup);
        consumer.subscribe(List.of(topic));
        int owned = -1;
        try {
            while (true) {
                ConsumerRecords<String, String> records = consumer.poll(Duration.ofMillis(200));
                if (!records.isEmpty()) consumer.commitSync();
                for (ConsumerRecord<String, String> record : records) print(record);
                if (consumer.assignment().size() != owned) {
                    owned = consumer.assignment().size();
                    System.out.println("owns " + owned);
                }
                System.out.flush();
            }
        } catch (WakeupException stop) {
            consumer.close();
        }
    }

    private static void onStop(Runnable wakeup) {
        Thread main = Thread.currentThread();
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            wakeup.run();
            try {
                main.join(10_000);
            } catch (InterruptedException ignored) {
                Thread.currentThread().interrupt();
            }
        }));
    }

    private static void print(ConsumerRecord<String, String> record) {
        System.out.println("took " + record.value() + " " + record.deliveryCount().map(String::valueOf).orElse("-"));
    }
}
