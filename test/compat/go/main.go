// franz-go: topics, every codec, a group with a rebalance, offsets, deletion.
//
// usage: compat BOOTSTRAP RECORDS_PER_CODEC
package main

import (
	"context"
	"fmt"
	"log"
	"maps"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

type member struct {
	client     *kgo.Client
	mu         sync.Mutex
	partitions map[int32]bool
	done       chan struct{}
}

func (m *member) owned() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.partitions)
}

type collector struct {
	mu   sync.Mutex
	seen map[string]string
}

func must[T any](value T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return value
}

func until(what string, limit time.Duration, check func() bool) {
	for deadline := time.Now().Add(limit); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if check() {
			return
		}
	}
	log.Fatalf("timed out: %s", what)
}

func join(ctx context.Context, bootstrap, topic, group string, into *collector) *member {
	m := &member{partitions: map[int32]bool{}, done: make(chan struct{})}
	track := func(owned bool) func(context.Context, *kgo.Client, map[string][]int32) {
		return func(_ context.Context, _ *kgo.Client, changed map[string][]int32) {
			m.mu.Lock()
			defer m.mu.Unlock()
			for _, p := range changed[topic] {
				if owned {
					m.partitions[p] = true
				} else {
					delete(m.partitions, p)
				}
			}
		}
	}
	m.client = must(kgo.NewClient(kgo.SeedBrokers(strings.Split(bootstrap, ",")...), kgo.ConsumerGroup(group),
		kgo.ConsumeTopics(topic), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.Balancers(kgo.CooperativeStickyBalancer()), kgo.AutoCommitInterval(200*time.Millisecond),
		kgo.OnPartitionsAssigned(track(true)), kgo.OnPartitionsRevoked(track(false)), kgo.OnPartitionsLost(track(false))))
	go func() {
		defer close(m.done)
		for {
			fetches := m.client.PollFetches(ctx)
			if fetches.IsClientClosed() || ctx.Err() != nil {
				return
			}
			for _, e := range fetches.Errors() {
				log.Fatalf("fetch %s/%d: %v", e.Topic, e.Partition, e.Err)
			}
			into.mu.Lock()
			fetches.EachRecord(func(r *kgo.Record) { into.seen[string(r.Key)] = string(r.Value) })
			into.mu.Unlock()
		}
	}()
	return m
}

func (m *member) leave() {
	m.client.CloseAllowingRebalance()
	<-m.done
}

func main() {
	bootstrap := os.Args[1]
	perCodec := must(strconv.Atoi(os.Args[2]))
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	defer cancel()
	topic := fmt.Sprintf("go-%08x", rand.Uint32())
	group := topic + "-group"
	seeds := kgo.SeedBrokers(strings.Split(bootstrap, ",")...)
	base := must(kgo.NewClient(seeds))
	admin := kadm.NewClient(base)
	must(admin.CreateTopic(ctx, 4, 1, map[string]*string{"retention.ms": kadm.StringPtr("3600000")}, topic))
	for _, r := range must(admin.CreatePartitions(ctx, 2, topic)) {
		if r.Err != nil {
			log.Fatal(r.Err)
		}
	}

	expected := map[string]string{}
	codecs := map[string]kgo.CompressionCodec{"none": kgo.NoCompression(), "gzip": kgo.GzipCompression(),
		"snappy": kgo.SnappyCompression(), "lz4": kgo.Lz4Compression(), "zstd": kgo.ZstdCompression()}
	for name, codec := range codecs {
		producer := must(kgo.NewClient(seeds, kgo.DefaultProduceTopic(topic), kgo.ProducerBatchCompression(codec)))
		var records []*kgo.Record
		for i := range perCodec {
			key, value := fmt.Sprintf("%s-%d", name, i), fmt.Sprintf("%s value %d %s", name, i, strings.Repeat("x", i%300))
			expected[key] = value
			records = append(records, &kgo.Record{Key: []byte(key), Value: []byte(value),
				Headers: []kgo.RecordHeader{{Key: "codec", Value: []byte(name)}}})
		}
		if err := producer.ProduceSync(ctx, records...).FirstErr(); err != nil {
			log.Fatalf("produce %s: %v", name, err)
		}
		producer.Close()
	}

	into := &collector{seen: map[string]string{}}
	first := join(ctx, bootstrap, topic, group, into)
	until("the first member owns all partitions", 30*time.Second, func() bool { return first.owned() == 6 })
	second := join(ctx, bootstrap, topic, group, into)
	until("partitions are shared", 30*time.Second, func() bool { return first.owned() == 3 && second.owned() == 3 })
	until("all records seen", time.Minute, func() bool {
		into.mu.Lock()
		defer into.mu.Unlock()
		return len(into.seen) == len(expected)
	})
	if !maps.Equal(into.seen, expected) {
		log.Fatal("records differ")
	}
	second.leave()
	until("the first member owns all partitions again", 30*time.Second, func() bool { return first.owned() == 6 })
	first.leave()

	ends := must(admin.ListEndOffsets(ctx, topic))
	committed := must(admin.FetchOffsets(ctx, group))
	var end, at int64
	ends.Each(func(o kadm.ListedOffset) { end += o.Offset })
	committed.Each(func(o kadm.OffsetResponse) { at += o.At })
	if end != int64(len(expected)) || at != end {
		log.Fatalf("expected %d records, end offsets %d, committed %d", len(expected), end, at)
	}
	if described := must(admin.DescribeGroups(ctx, group)); described[group].State != "Empty" {
		log.Fatalf("group is %s", described[group].State)
	}
	must(admin.DeleteGroup(ctx, group))
	must(admin.DeleteTopic(ctx, topic))
	until("the topic is gone", 20*time.Second, func() bool {
		return must(admin.ListTopics(ctx))[topic].Err == kerr.UnknownTopicOrPartition || !must(admin.ListTopics(ctx)).Has(topic)
	})
	fmt.Printf("%d records in 5 codecs, cooperative rebalance 6 -> 3+3 -> 6, offsets committed\n", len(expected))
}
