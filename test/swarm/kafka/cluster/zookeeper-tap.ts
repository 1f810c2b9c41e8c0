import { decodePartitionState } from '../../../../src/kafka/zk/znodes/partition-state.ts';
import { decodeTopic, topicsPath } from '../../../../src/kafka/zk/znodes/topic.ts';
import { OpCode } from '../../../../src/wire/zookeeper/op-codes.ts';
import type { SubTxn, TxnBody } from '../../../../src/wire/zookeeper/txn-entry.ts';
import type { ZkObservation } from '../../zookeeper/observation.ts';
import type { ClusterObservation } from './observation.ts';
import type { PartitionNames } from './partition-names.ts';

const TOPIC = new RegExp(`^${topicsPath}/([^/]+)$`);
const STATE = new RegExp(`^${topicsPath}/([^/]+)/partitions/([0-9]+)/state$`);
const BROKER = /^\/brokers\/ids\/([0-9]+)$/;
const CONTROLLER = '/controller';
const CONTROLLER_EPOCH = '/controller_epoch';

export interface PartitionState {
  readonly leader: number;
  readonly leaderEpoch: number;
  readonly isr: readonly number[];
}

/**
 * The cluster as ZooKeeper has it: every transaction once, in order, as soon as any server that serves has applied
 * it. What changes is written down.
 */
export class ZooKeeperTap {
  lastZxid = 0;
  controller: number | undefined;
  controllerEpoch = 0;
  readonly brokers = new Set<number>();
  /** By name of the partition. */
  readonly states = new Map<string, PartitionState>();
  readonly replicas = new Map<string, readonly number[]>();
  /** Ids of the topics that there are. */
  readonly topics = new Map<string, string>();
  /** Names of topics with partitions on the move. */
  readonly moving = new Set<string>();
  private readonly ephemerals = new Map<string, bigint>();
  private readonly names: PartitionNames;
  private readonly tell: (observation: ClusterObservation) => void;

  constructor(names: PartitionNames, tell: (observation: ClusterObservation) => void) {
    this.names = names;
    this.tell = tell;
  }

  record(observation: ZkObservation): void {
    if (observation.kind !== 'delivered' || observation.header.zxid <= this.lastZxid) return;
    const { header, body } = observation;
    this.lastZxid = header.zxid;
    this.apply(header.clientId, body);
  }

  /** The name of a partition of a topic that there is. */
  nameOf(topic: string, partition: number): string {
    return this.names.of(topic, this.topics.get(topic) ?? null, partition);
  }

  private apply(clientId: bigint, body: TxnBody): void {
    if (body.type === OpCode.closeSession) {
      for (const [path, owner] of [...this.ephemerals]) if (owner === clientId) this.removed(path);
    } else if (body.type === OpCode.multi) {
      if (body.txns.some(({ type }) => type === OpCode.error)) return;
      // An election writes its epoch and its owner at once: the epoch is known first.
      const isEpoch = (txn: SubTxn): boolean =>
        txn.type === OpCode.setData && txn.txn.path === CONTROLLER_EPOCH;
      for (const txn of body.txns) if (isEpoch(txn)) this.applyOne(clientId, txn);
      for (const txn of body.txns) if (!isEpoch(txn)) this.applyOne(clientId, txn);
    } else if (body.type !== OpCode.createSession && body.type !== OpCode.reconfig) {
      if (body.type !== OpCode.setACL) this.applyOne(clientId, body);
    }
  }

  private applyOne(clientId: bigint, txn: SubTxn): void {
    if (txn.type === OpCode.create || txn.type === OpCode.create2) {
      const path = txn.txn.path ?? '';
      if (txn.txn.ephemeral) this.ephemerals.set(path, clientId);
      this.written(path, txn.txn.data);
    } else if (txn.type === OpCode.setData) {
      this.written(txn.txn.path ?? '', txn.txn.data);
    } else if (txn.type === OpCode.delete) {
      this.removed(txn.txn.path ?? '');
    }
  }

  private written(path: string, data: Buffer | null): void {
    if (path === CONTROLLER_EPOCH) this.controllerEpoch = Number(data?.toString());
    else if (path === CONTROLLER) this.elected(data);
    const broker = BROKER.exec(path)?.[1];
    if (broker !== undefined) this.brokers.add(Number(broker));
    const [, topic] = TOPIC.exec(path) ?? [];
    if (topic !== undefined) this.topicWritten(topic, data);
    const [, ofTopic, partition] = STATE.exec(path) ?? [];
    if (ofTopic !== undefined)
      this.stateWritten(ofTopic, Number(partition), decodePartitionState(path, data));
  }

  private elected(data: Buffer | null): void {
    const { brokerid }: { brokerid: number } = JSON.parse(data?.toString() ?? '');
    this.controller = brokerid;
    this.tell({ kind: 'controller', broker: brokerid, epoch: this.controllerEpoch });
  }

  private topicWritten(topic: string, data: Buffer | null): void {
    const { topicId, partitions } = decodeTopic(topic, data);
    this.topics.set(topic, topicId ?? '');
    this.moving.delete(topic);
    for (const [index, { replicas, addingReplicas, removingReplicas }] of partitions) {
      if (addingReplicas.length > 0 || removingReplicas.length > 0) this.moving.add(topic);
      const partition = this.names.of(topic, topicId, index);
      const before = this.replicas.get(partition);
      if (before?.join() === replicas.join()) continue;
      this.replicas.set(partition, replicas);
      this.tell({ kind: 'assigned', partition, replicas });
    }
  }

  private stateWritten(topic: string, index: number, state: ReturnType<typeof decodePartitionState>): void {
    const { leader, leaderEpoch, isr, controllerEpoch } = state;
    const partition = this.nameOf(topic, index);
    this.states.set(partition, { leader, leaderEpoch, isr });
    const { controllerEpoch: currentControllerEpoch } = this;
    this.tell({
      kind: 'state',
      partition,
      leader,
      leaderEpoch,
      isr,
      controllerEpoch,
      currentControllerEpoch,
    });
  }

  private removed(path: string): void {
    this.ephemerals.delete(path);
    if (path === CONTROLLER) this.controller = undefined;
    const broker = BROKER.exec(path)?.[1];
    if (broker !== undefined) this.brokers.delete(Number(broker));
    const [, topic] = TOPIC.exec(path) ?? [];
    if (topic === undefined) return;
    this.moving.delete(topic);
    const prefix = this.nameOf(topic, 0).slice(0, -1);
    for (const partition of [...this.states.keys(), ...this.replicas.keys()]) {
      if (!partition.startsWith(prefix)) continue;
      this.states.delete(partition);
      this.replicas.delete(partition);
    }
    this.topics.delete(topic);
  }
}
