import { childOf, ensureContainer } from '../retry.ts';
import type { ZooKeeperClient } from '../zookeeper-client.ts';
import { ChildrenCache } from './children-cache.ts';
import type { Holding } from './holding.ts';
import { Membership } from './membership.ts';

/** Where an instance of a service is. */
export interface ServiceInstance {
  id: string;
  address: string;
  port: number;
  /** Whatever callers need to know besides; JSON. */
  payload?: unknown;
}

/** Services by name, each with the instances that are up: registered for as long as their sessions live. */
export class ServiceDiscovery {
  private readonly client: ZooKeeperClient;
  private readonly path: string;

  constructor(client: ZooKeeperClient, path: string) {
    this.client = client;
    this.path = path;
  }

  /** Rejects with TAKEN while another instance has the id. */
  register(service: string, instance: ServiceInstance): Promise<Holding> {
    const group = new Membership(this.client, childOf(this.path, service));
    return group.join(instance.id, Buffer.from(JSON.stringify(instance)));
  }

  /** The instances of a service, kept up; `onChange` is called after each change. */
  async discover(service: string, options: { onChange?: () => void } = {}): Promise<ServiceProvider> {
    const path = childOf(this.path, service);
    await ensureContainer(this.client, path);
    return new ServiceProvider(this.client, await ChildrenCache.open(this.client, path, options));
  }
}

/** Reads an instance; undefined for data that is none. */
function parseInstance(data: Buffer | null): ServiceInstance | undefined {
  try {
    const { id, address, port, payload } = JSON.parse(String(data)) as Partial<ServiceInstance>;
    if (typeof id !== 'string' || typeof address !== 'string' || typeof port !== 'number') return undefined;
    return { id, address, port, ...(payload === undefined ? {} : { payload }) };
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) return undefined;
    throw error;
  }
}

/** Chooses among the instances of one service. */
export class ServiceProvider {
  private readonly client: ZooKeeperClient;
  private readonly cache: ChildrenCache;
  private turn = 0;

  constructor(client: ZooKeeperClient, cache: ChildrenCache) {
    this.client = client;
    this.cache = cache;
  }

  /** Aborted when the instances are not kept up any more. */
  get lost(): AbortSignal {
    return this.cache.lost;
  }

  /** Sorted by id. Nodes that hold no instance are passed over. */
  instances(): ServiceInstance[] {
    return this.cache.children().flatMap(({ data }) => parseInstance(data) ?? []);
  }

  /** One of them, in turn or at random; undefined when there is none. */
  pick(strategy: 'roundRobin' | 'random' = 'roundRobin'): ServiceInstance | undefined {
    const instances = this.instances();
    if (instances.length === 0) return undefined;
    const index =
      strategy === 'random' ? this.client.env.random.below(instances.length) : this.turn % instances.length;
    if (strategy === 'roundRobin') this.turn++;
    return instances[index];
  }

  close(): Promise<void> {
    return this.cache.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
