import {
  ServiceDiscovery,
  type ServiceInstance,
  type ServiceProvider,
  type ZooKeeperClient,
} from '../../../src/clients/zookeeper/index.ts';
import { Exclusion } from './exclusion.ts';
import type { Play, Stage } from './play.ts';
import type { Worker } from './worker.ts';

const ROOT = '/recipes/services';
const SERVICE = 'mail';
const CATCH_UP_MS = 10_000;
const LOOK_EVERY_MS = 100;

/** An id has one instance at a time; callers find instances that were registered, and before long those that are. */
export class ServicePlay implements Play {
  readonly name = 'service discovery';
  private readonly stage: Stage;
  private readonly exclusion: Exclusion;
  private readonly registered = new Set<string>();
  private readonly providers = new Map<string, { client: ZooKeeperClient; provider: ServiceProvider }>();
  private nextPort = 1;

  constructor(stage: Stage) {
    this.stage = stage;
    this.exclusion = new Exclusion(stage, 'the instance id');
  }

  async round(worker: Worker): Promise<void> {
    if (worker.random.chance(0.5)) {
      const { holding } = await this.register(worker, 'the-one');
      await this.exclusion.hold(worker, holding);
      return;
    }
    const provider = await this.providerOf(worker);
    const picked = provider.pick(worker.random.chance(0.5) ? 'random' : 'roundRobin');
    if (picked !== undefined) this.checkRegistered(worker, picked);
  }

  async finish(worker: Worker): Promise<void> {
    const { holding, instance } = await this.register(worker, worker.name);
    const isListed = (provider: ServiceProvider): boolean =>
      provider.instances().some(({ id, port }) => id === instance.id && port === instance.port);
    if (await this.comesTrue(worker, isListed)) {
      await holding.release();
      if (await this.comesTrue(worker, (provider) => !isListed(provider))) return;
    }
    // A session or a connection that was breaking when the faults stopped: the next one sees to it.
    if (holding.lost.aborted || worker.client.state !== 'connected') return this.finish(worker);
    const provider = await this.providerOf(worker);
    this.stage.violated('callers catch up', `${worker.name} has ${JSON.stringify(provider.instances())}`);
  }

  private async register(
    { client }: Worker,
    id: string,
  ): Promise<{ holding: Awaited<ReturnType<ServiceDiscovery['register']>>; instance: ServiceInstance }> {
    const instance = { id, address: 'somewhere', port: this.nextPort++ };
    this.registered.add(JSON.stringify(instance));
    return { holding: await new ServiceDiscovery(client, ROOT).register(SERVICE, instance), instance };
  }

  private checkRegistered(worker: Worker, instance: ServiceInstance): void {
    const text = JSON.stringify(instance);
    if (this.registered.has(text)) return;
    this.stage.violated('no inventions', `${worker.name} was given ${text}, which nobody has registered`);
  }

  private async comesTrue(worker: Worker, isSo: (provider: ServiceProvider) => boolean): Promise<boolean> {
    const provider = await this.providerOf(worker);
    for (let waitedMs = 0; waitedMs < CATCH_UP_MS; waitedMs += LOOK_EVERY_MS) {
      if (isSo(provider)) return true;
      await worker.pause(LOOK_EVERY_MS);
    }
    return false;
  }

  /** What the worker finds the instances with, as long as its session lives. */
  private async providerOf({ client, name }: Worker): Promise<ServiceProvider> {
    const present = this.providers.get(name);
    if (present?.client === client) return present.provider;
    const provider = await new ServiceDiscovery(client, ROOT).discover(SERVICE);
    this.providers.set(name, { client, provider });
    return provider;
  }
}
