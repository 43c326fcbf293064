// The Java client against a running cluster: `java -cp JARS Clients.java BOOTSTRAP TOPIC SCENARIO [ARGUMENT]`.
// It prints `served`, or throws where it is not.

import java.time.Duration;
import java.util.*;
import java.util.concurrent.*;
import org.apache.kafka.clients.admin.*;
import org.apache.kafka.clients.consumer.*;
import org.apache.kafka.clients.producer.*;
import org.apache.kafka.common.*;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.TopicExistsException;
import org.apache.kafka.common.serialization.*;

public class Clients {
    static final long FIRST = 1_700_000_000_000L;
    static final int RECORDS = 100;
    static final long SECONDS = 60;
    static String bootstrap;
    static TopicPartition partition;

    public static void main(String[] arguments) throws Exception {
        bootstrap = arguments[0];
        partition = new TopicPartition(arguments[1], 0);
        String argument = arguments.length > 3 ? arguments[3] : "";
        switch (arguments[2]) {
            case "acks" -> acks(argument);
            case "compression" -> compression(argument);
            case "idempotent" -> idempotent();
            case "offsets" -> offsets();
            case "admin" -> admin();
            default -> throw new IllegalArgumentException(arguments[2]);
        }
        System.out.println("served");
    }

    static void acks(String acks) throws Exception {
        List<Long> offsets = produce(Map.of("acks", acks, "enable.idempotence", "false"));
        if (!acks.equals("0")) {
            require(offsets.equals(firstOffsets()), "acknowledged at " + offsets);
        }
        same(consume(0, RECORDS), 0);
    }

    static void compression(String codec) throws Exception {
        produce(Map.of("acks", "all", "compression.type", codec, "linger.ms", "50"));
        same(consume(0, RECORDS), 0);
    }

    static void idempotent() throws Exception {
        List<Long> offsets = produce(Map.of("acks", "all", "enable.idempotence", "true", "batch.size", "400"));
        require(offsets.equals(firstOffsets()), "acknowledged at " + offsets);
        same(consume(0, RECORDS), 0);
    }

    static void offsets() throws Exception {
        produce(Map.of("acks", "all"));
        same(consume(60, 5), 60);
        try (Consumer<String, String> consumer = consumer()) {
            require(consumer.beginningOffsets(List.of(partition)).get(partition) == 0, "begins at 0");
            require(consumer.endOffsets(List.of(partition)).get(partition) == RECORDS, "ends at " + RECORDS);
            OffsetAndTimestamp found = consumer.offsetsForTimes(Map.of(partition, FIRST + 19_500)).get(partition);
            require(found.offset() == 20 && found.timestamp() == FIRST + 20_000, "by time: " + found);
            require(consumer.offsetsForTimes(Map.of(partition, FIRST * 2)).get(partition) == null, "after all");
        }
    }

    static void admin() throws Exception {
        String name = partition.topic() + "-by-java";
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", bootstrap))) {
            admin.createTopics(List.of(new NewTopic(name, 3, (short) 3))).all().get(SECONDS, TimeUnit.SECONDS);
            try {
                admin.createTopics(List.of(new NewTopic(name, 3, (short) 3))).all().get(SECONDS, TimeUnit.SECONDS);
                throw new AssertionError("made twice");
            } catch (ExecutionException refused) {
                require(refused.getCause() instanceof TopicExistsException, refused.toString());
            }
            await(() -> admin.listTopics().names().get().contains(name));
            TopicDescription described =
                admin.describeTopics(List.of(name)).allTopicNames().get(SECONDS, TimeUnit.SECONDS).get(name);
            require(described.partitions().size() == 3, described.toString());
            require(described.partitions().stream().allMatch(each -> each.replicas().size() == 3), described.toString());
            require(admin.describeCluster().nodes().get().size() == 3, "three brokers");
            ConfigResource resource = new ConfigResource(ConfigResource.Type.TOPIC, name);
            AlterConfigOp op = new AlterConfigOp(new ConfigEntry("retention.ms", "12345"), AlterConfigOp.OpType.SET);
            admin.incrementalAlterConfigs(Map.of(resource, List.of(op))).all().get(SECONDS, TimeUnit.SECONDS);
            await(() -> admin.describeConfigs(List.of(resource)).all().get().get(resource)
                .get("retention.ms").value().equals("12345"));
            admin.createPartitions(Map.of(name, NewPartitions.increaseTo(5))).all().get(SECONDS, TimeUnit.SECONDS);
            await(() -> admin.describeTopics(List.of(name)).allTopicNames().get().get(name).partitions().size() == 5);
            TopicPartition first = new TopicPartition(name, 0);
            require(admin.listOffsets(Map.of(first, OffsetSpec.latest())).all().get().get(first).offset() == 0, "empty");
            admin.deleteTopics(List.of(name)).all().get(SECONDS, TimeUnit.SECONDS);
            await(() -> !admin.listTopics().names().get().contains(name));
        }
    }

    static List<Long> produce(Map<String, String> chosen) throws Exception {
        Properties properties = new Properties();
        properties.put("bootstrap.servers", bootstrap);
        properties.putAll(chosen);
        List<Future<RecordMetadata>> sent = new ArrayList<>();
        try (Producer<String, String> producer =
                new KafkaProducer<>(properties, new StringSerializer(), new StringSerializer())) {
            for (int n = 0; n < RECORDS; n++) {
                sent.add(producer.send(
                    new ProducerRecord<>(partition.topic(), 0, FIRST + 1000L * n, "k" + n % 3, value(n))));
            }
            producer.flush();
        }
        List<Long> offsets = new ArrayList<>();
        for (Future<RecordMetadata> each : sent) {
            offsets.add(each.get(SECONDS, TimeUnit.SECONDS).offset());
        }
        return offsets;
    }

    static List<ConsumerRecord<String, String>> consume(long offset, int count) {
        List<ConsumerRecord<String, String>> records = new ArrayList<>();
        try (Consumer<String, String> consumer = consumer()) {
            consumer.assign(List.of(partition));
            consumer.seek(partition, offset);
            long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(SECONDS);
            while (records.size() < count && System.nanoTime() < deadline) {
                consumer.poll(Duration.ofMillis(200)).forEach(records::add);
            }
        }
        require(records.size() >= count, "read " + records.size() + " of " + count);
        return records.subList(0, count);
    }

    static Consumer<String, String> consumer() {
        Properties properties = new Properties();
        properties.put("bootstrap.servers", bootstrap);
        properties.put("enable.auto.commit", "false");
        return new KafkaConsumer<>(properties, new StringDeserializer(), new StringDeserializer());
    }

    static void same(List<ConsumerRecord<String, String>> records, int from) {
        for (int n = 0; n < records.size(); n++) {
            ConsumerRecord<String, String> record = records.get(n);
            require(record.offset() == from + n && record.value().equals(value(from + n))
                && record.key().equals("k" + (from + n) % 3) && record.timestamp() == FIRST + 1000L * (from + n),
                record.toString());
        }
    }

    static List<Long> firstOffsets() {
        List<Long> offsets = new ArrayList<>();
        for (long n = 0; n < RECORDS; n++) {
            offsets.add(n);
        }
        return offsets;
    }

    static String value(int n) {
        return ("value " + n + " ").repeat(10);
    }

    /** Until it is so: what one broker was told, the others read a little later. */
    static void await(Callable<Boolean> condition) throws Exception {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(SECONDS);
        while (!condition.call()) {
            require(System.nanoTime() < deadline, "it did not come to be");
        }
    }

    static void require(boolean condition, String words) {
        if (!condition) {
            throw new AssertionError(words);
        }
    }
}
