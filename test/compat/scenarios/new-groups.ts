import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { Admin } from '../../../src/clients/kafka/admin/admin.ts';
import { Consumer } from '../../../src/clients/kafka/consumer/consumer.ts';
import { Producer } from '../../../src/clients/kafka/producer/producer.ts';
import { stringSerde } from '../../../src/clients/kafka/serde.ts';
import { ShareConsumer } from '../../../src/clients/kafka/share/share-consumer.ts';
import { createNodeEnv } from '../../../src/env/node/create-node-env.ts';
import { ApacheKraft } from '../../../tools/peers/apache-kraft.ts';
import { until } from '../../../tools/until.ts';
import { Workspace } from '../../../tools/workspace.ts';
import { JavaMember } from '../java-member.ts';
import type { Context, Scenario } from '../scenario.ts';

const env = createNodeEnv({ logLevel: 'silent' });

interface World {
  readonly context: Context;
  readonly workspace: Workspace;
  readonly peer: ApacheKraft;
  readonly admin: Admin;
  readonly producer: Producer;
}

/** One broker of Apache's newest. */
async function onKraft(context: Context, story: (world: World) => Promise<string>): Promise<string> {
  const workspace = new Workspace('new-groups');
  try {
    const peer = await ApacheKraft.start(context.toolbox, workspace);
    try {
      const bootstrapServers = peer.bootstrap;
      await using admin = new Admin(env, { bootstrapServers });
      await using producer = new Producer(env, { bootstrapServers });
      return await story({ context, workspace, peer, admin, producer });
    } finally {
      await peer.stop('SIGKILL');
    }
  } finally {
    workspace.remove();
  }
}

function values(from: number, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${from + index}`);
}

/** What is known to be accepted or rejected for good, by value. */
class Ledger {
  readonly closed = new Map<string, string[]>();
  redelivered = 0;

  close(value: string, by: string): void {
    this.closed.set(value, [...(this.closed.get(value) ?? []), by]);
  }

  by(name: string): number {
    return [...this.closed.values()].filter((names) => names.includes(name)).length;
  }
}

async function restart(peer: ApacheKraft): Promise<void> {
  for (const broker of peer.nodes) {
    await peer.kill(broker);
    await peer.boot(broker);
  }
}

/** Values by where they stand, for results that name offsets. */
type Places = Map<string, string>;

async function queue({ context, workspace, peer, admin, producer }: World): Promise<string> {
  const topic = 'jobs';
  const groupId = 'workers';
  const atLeast = context.quick ? 1200 : 12_000;
  let sent = 0;
  await admin.createTopics([{ name: topic, partitions: 4, replicationFactor: 1 }]);
  const changes = [
    { name: 'share.auto.offset.reset', operation: 'SET', value: 'earliest' },
    { name: 'share.record.lock.duration.ms', operation: 'SET', value: '4000' },
  ] as const;
  await admin.incrementalAlterConfigs([{ type: 'GROUP', name: groupId, changes: [...changes] }]);
  const ledger = new Ledger();
  const isDone = () => ledger.closed.size === sent;
  const options = { bootstrapServers: peer.bootstrap, groupId, valueDeserializer: stringSerde };
  const memberOf = (name: string, extra: Partial<ConstructorParameters<typeof ShareConsumer>[1]> = {}) => {
    const places: Places = new Map();
    const verdicts = new Map<string, string>();
    const member = new ShareConsumer<Buffer, string>(env, {
      ...options,
      ...(extra as object),
      onAcknowledged: ({ partition, offsets, error }) => {
        for (const offset of offsets) {
          const place = `${partition}:${offset}`;
          const verdict = verdicts.get(place) ?? 'accept';
          if (error === undefined && (verdict === 'accept' || verdict === 'reject'))
            ledger.close(places.get(place) ?? '?', name);
        }
      },
    });
    member.subscribe(topic);
    return { member, places, verdicts };
  };
  const plain = memberOf('implicit', { maxPollRecords: 100 });
  const picky = memberOf('explicit', {
    acknowledgementMode: 'explicit',
    acquireMode: 'record_limit',
    maxPollRecords: 50,
  });
  const java = await JavaMember.start(context.toolbox, workspace, {
    kind: 'share',
    bootstrap: peer.bootstrap,
    groupId,
    topic,
  });
  const stopped = new AbortController();
  const iterating = (async () => {
    try {
      for await (const { partition, offset, value, deliveryCount } of plain.member.records({
        signal: stopped.signal,
      })) {
        plain.places.set(`${partition}:${offset}`, value ?? '');
        if ((deliveryCount ?? 1) > 1) ledger.redelivered++;
        if (offset % 25 === 0) await delay(20);
      }
    } catch (error) {
      if (!stopped.signal.aborted) throw error;
    }
  })();
  const polling = (async () => {
    while (!stopped.signal.aborted) {
      for (const record of await picky.member.poll({ timeoutMs: 300 })) {
        const { partition, offset, value, deliveryCount = 1 } = record;
        const number = Number(value);
        if (deliveryCount > 1) ledger.redelivered++;
        const place = `${partition}:${offset}`;
        picky.places.set(place, value ?? '');
        const isRenewed = picky.verdicts.get(place) === 'renew';
        const verdict =
          number % 97 === 0
            ? 'reject'
            : number % 10 === 0 && deliveryCount === 1
              ? 'release'
              : number % 50 === 1 && !isRenewed
                ? 'renew'
                : 'accept';
        picky.verdicts.set(place, verdict);
        picky.member.acknowledge(record, verdict);
      }
      await delay(50);
    }
    await picky.member.commit();
  })();
  const members = async (): Promise<number> => {
    const groups = await admin.describeShareGroups([groupId]).catch(() => undefined);
    return groups?.get(groupId)?.members.length ?? 0;
  };
  await until('all members are at work', async () => (await members()) === 3);
  let javaRead = 0;
  const account = () => {
    const taken = java.taken;
    for (const { value, deliveries } of taken.slice(javaRead)) {
      ledger.close(value, 'java');
      if (deliveries > 1) ledger.redelivered++;
    }
    javaRead = taken.length;
    return isDone();
  };
  const names = ['implicit', 'explicit', 'java'];
  const haveAllWorked = () => {
    account();
    return names.every((name) => ledger.by(name) > 0);
  };
  try {
    for (let wave = 0; sent < atLeast || !haveAllWorked(); wave++) {
      assert(wave < 1000, 'a member gets nothing');
      await producer.sendMany(values(sent, 50).map((value) => ({ topic, value })));
      sent += 50;
      if (wave === 120) await restart(peer);
      if (sent >= atLeast) await delay(20);
    }
    await until('every record is accepted or rejected', account, { withinMs: 120_000, everyMs: 100 });
  } catch (error) {
    throw new Error(`${ledger.closed.size} of ${sent} are dealt with`, { cause: error });
  } finally {
    stopped.abort();
    await Promise.all([iterating, polling]);
    await Promise.all([plain.member.close(), picky.member.close(), java.stop()]);
  }
  account();
  for (const [value, by] of ledger.closed)
    assert.equal(by.length, 1, `${value} is closed by ${by.join(' and ')}`);
  for (const name of ['implicit', 'explicit', 'java'])
    assert(ledger.by(name) > 0, `${name} has done nothing`);
  assert(ledger.redelivered > 0, 'what was released has come again');
  return `${sent} records, each closed once: ${ledger.by('implicit')} and ${ledger.by('explicit')} by ours, ${ledger.by('java')} by Java's; ${ledger.redelivered} delivered again`;
}

/** One of our members, at work until it is stopped. */
class OurMember {
  readonly taken: string[] = [];
  private readonly consumer: Consumer<Buffer, string>;
  private isStopped = false;
  private readonly working: Promise<void>;

  constructor(
    bootstrapServers: string,
    groupId: string,
    topic: string,
    groupProtocol: 'classic' | 'consumer',
  ) {
    this.consumer = new Consumer<Buffer, string>(env, {
      bootstrapServers,
      groupId,
      groupProtocol,
      valueDeserializer: stringSerde,
      autoOffsetReset: 'earliest',
      enableAutoCommit: false,
    });
    this.consumer.subscribe(topic);
    this.working = this.work();
  }

  get owned(): number {
    return this.consumer.assignment().length;
  }

  async stop(): Promise<void> {
    this.isStopped = true;
    await this.working;
    await this.consumer.close();
  }

  private async work(): Promise<void> {
    while (!this.isStopped) {
      const records = await this.consumer.poll({ timeoutMs: 200 });
      this.taken.push(...records.map(({ value }) => value ?? ''));
      if (records.length > 0) await this.consumer.commit().catch(() => undefined);
    }
  }
}

/** A classic group becomes one of the new protocol member by member, and back, while it reads. */
async function upgrade({ context, workspace, peer, admin, producer }: World): Promise<string> {
  const topic = 'orders';
  const groupId = 'readers';
  const partitions = 6;
  await admin.createTopics([{ name: topic, partitions, replicationFactor: 1 }]);
  let sent = 0;
  let phases = 0;
  type Member = { readonly owned: number; readonly taken: readonly unknown[]; stop(): Promise<void> };
  const all: (OurMember | JavaMember)[] = [];
  const running = new Set<Member>();
  const ours = (protocol: 'classic' | 'consumer') =>
    join(new OurMember(peer.bootstrap, groupId, topic, protocol));
  const javas = async (kind: 'classic' | 'consumer') =>
    join(
      await JavaMember.start(context.toolbox, workspace, { kind, bootstrap: peer.bootstrap, groupId, topic }),
    );
  function join<M extends OurMember | JavaMember>(member: M): M {
    all.push(member);
    running.add(member);
    return member;
  }
  const leave = async (member: Member) => {
    running.delete(member);
    await member.stop();
  };
  const seen = () =>
    new Set(
      all.flatMap((member) =>
        member instanceof OurMember ? member.taken : member.taken.map(({ value }) => value),
      ),
    );
  /** The partitions are divided among all members, and what is sent arrives. */
  const phase = async (what: string) => {
    const isDivided = () => {
      const counts = [...running].map(({ owned }) => owned);
      return (
        counts.every((count) => count > 0) && counts.reduce((sum, count) => sum + count, 0) === partitions
      );
    };
    await until(`${what}: partitions are divided`, isDivided, { withinMs: 60_000, everyMs: 50 });
    const batch = values(sent, 300);
    sent += batch.length;
    await producer.sendMany(batch.map((value) => ({ topic, value })));
    await until(`${what}: records arrive`, () => seen().size === sent, { withinMs: 60_000, everyMs: 50 });
    phases++;
  };
  const typeOf = async () => (await admin.describeConsumerGroups([groupId])).get(groupId)?.type;
  try {
    const oldJava = await javas('classic');
    const oldOurs = ours('classic');
    await phase('two classic members');
    assert.equal(await typeOf(), 'Classic');
    const newOurs = ours('consumer');
    await phase('ours of the new protocol joins');
    assert.equal(await typeOf(), 'Consumer');
    const newJava = await javas('consumer');
    await phase("Java's of the new protocol joins");
    await leave(oldJava);
    await phase("Java's classic member leaves");
    await leave(oldOurs);
    await phase('our classic member leaves');
    await leave(newJava);
    await phase('ours of the new protocol is alone');
    const again = ours('classic');
    await phase('a classic member comes back');
    await leave(newOurs);
    await phase('the group is classic again');
    assert.equal(await typeOf(), 'Classic');
    await leave(again);
  } finally {
    await Promise.all([...running].map((member) => member.stop()));
  }
  return `${phases} constellations of Java's members and ours, ${sent} records all read`;
}

export const newGroupsScenarios: readonly Scenario[] = [
  {
    name: 'share group (ours and Java) on Apache 4.3',
    shows: "two of our share consumers and one of Java's share the records of a topic",
    run: (context) => onKraft(context, queue),
  },
  {
    name: 'consumer group of both protocols (ours and Java) on Apache 4.3',
    shows: 'a classic group becomes one of KIP-848 and back, member by member',
    fullOnly: true,
    run: (context) => onKraft(context, upgrade),
  },
];
