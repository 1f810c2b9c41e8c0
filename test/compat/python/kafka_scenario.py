"""confluent-kafka: topics, every codec, a group with a rebalance, offsets, deletion.

usage: kafka_scenario.py BOOTSTRAP RECORDS_PER_CODEC
"""
import sys
import threading
import time
import uuid

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewPartitions, NewTopic, ConfigResource

bootstrap, per_codec = sys.argv[1], int(sys.argv[2])
topic = "python-" + uuid.uuid4().hex[:8]
group = topic + "-group"
admin = AdminClient({"bootstrap.servers": bootstrap})


def until(what, seconds, check):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if check():
            return
        time.sleep(0.05)
    raise SystemExit(f"timed out: {what}")


admin.create_topics([NewTopic(topic, num_partitions=4, replication_factor=1, config={"retention.ms": "3600000"})])[topic].result(20)
admin.create_partitions([NewPartitions(topic, 6)])[topic].result(20)
resource = ConfigResource(ConfigResource.Type.TOPIC, topic)
described = admin.describe_configs([resource])[resource].result(20)
assert described["retention.ms"].value == "3600000", described["retention.ms"]

expected = {}
for codec in ("none", "gzip", "snappy", "lz4", "zstd"):
    failures = []
    producer = Producer({"bootstrap.servers": bootstrap, "compression.type": codec, "linger.ms": 20,
                         "enable.idempotence": codec in ("lz4", "zstd")})
    for i in range(per_codec):
        key, value = f"{codec}-{i}", f"{codec} value {i} " + "x" * (i % 300)
        expected[key] = value
        producer.produce(topic, key=key, value=value, headers=[("codec", codec.encode()), ("empty", None)],
                         on_delivery=lambda err, msg: failures.append(err) if err else None)
        producer.poll(0)
    assert producer.flush(60) == 0 and not failures, failures

seen, lock = {}, threading.Lock()
assignments = {}
stop = {"first": threading.Event(), "second": threading.Event()}


def commit(consumer):
    try:
        consumer.commit(asynchronous=False)
    except KafkaException as error:
        if error.args[0].name() != "_NO_OFFSET":
            raise


def member(name):
    def assigned(consumer, partitions):
        with lock:
            assignments[name] = len(partitions)

    def revoked(consumer, partitions):
        commit(consumer)
        with lock:
            assignments[name] = 0

    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": group, "auto.offset.reset": "earliest",
                         "enable.auto.commit": False, "session.timeout.ms": 10000})
    consumer.subscribe([topic], on_assign=assigned, on_revoke=revoked)
    while not stop[name].is_set():
        message = consumer.poll(0.1)
        if message is None:
            continue
        if message.error():
            raise KafkaException(message.error())
        with lock:
            seen[message.key().decode()] = message.value().decode()
        assert dict(message.headers())["codec"].decode() == message.key().decode().split("-")[0]
    consumer.close()


threads = {name: threading.Thread(target=member, args=(name,), daemon=True) for name in stop}
threads["first"].start()
until("the first member owns all partitions", 30, lambda: assignments.get("first") == 6)
threads["second"].start()
until("partitions are shared", 30, lambda: sorted(assignments.values()) == [3, 3])
until("all records seen", 60, lambda: len(seen) == len(expected))
assert seen == expected
stop["second"].set()
threads["second"].join()
until("the first member owns all partitions again", 30, lambda: assignments.get("first") == 6)
stop["first"].set()
threads["first"].join()

consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": group})
partitions = [TopicPartition(topic, p) for p in range(6)]
committed = sum(max(0, tp.offset) for tp in consumer.committed(partitions, 20))
end = sum(consumer.get_watermark_offsets(tp, 20)[1] for tp in partitions)
assert end == len(expected), (end, len(expected))
assert committed == end, (committed, end)
groups = [g.group_id for g in admin.list_consumer_groups().result().valid]
assert group in groups, groups
consumer.close()
admin.delete_consumer_groups([group])[group].result(20)
admin.delete_topics([topic])[topic].result(20)
until("the topic is gone", 20, lambda: topic not in admin.list_topics(timeout=10).topics)
print(f"{len(expected)} records in 5 codecs, rebalance 6 -> 3+3 -> 6, offsets committed")
