import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Random;
import org.apache.kafka.clients.producer.internals.BuiltInPartitioner;

/**
 * Lets Java's producer choose partitions for 10,000 keys, and prints for each the key in base64, the number of
 * partitions and the one that was chosen:
 * java -cp KAFKA_JARS tools/golden/MakeKeyPartitions.java | gzip -9n > test/golden/kafka/key-partitions.txt.gz
 */
public class MakeKeyPartitions {
    public static void main(String[] args) {
        Random random = new Random(43);
        for (int count = 0; count < 10_000; count++) {
            byte[] key = switch (count % 4) {
                case 0 -> ("order-" + random.nextInt(1_000_000)).getBytes(StandardCharsets.UTF_8);
                case 1 -> ("клíč-" + Integer.toHexString(random.nextInt()) + "-鍵").getBytes(StandardCharsets.UTF_8);
                case 2 -> new byte[] {(byte) random.nextInt(), 0, 0, (byte) random.nextInt()};
                default -> {
                    byte[] bytes = new byte[random.nextInt(70)];
                    random.nextBytes(bytes);
                    yield bytes;
                }
            };
            int partitions = 1 + random.nextInt(count % 3 == 0 ? 1000 : 16);
            System.out.println(Base64.getEncoder().encodeToString(key) + " " + partitions + " "
                + BuiltInPartitioner.partitionForKey(key, partitions));
        }
    }
}
