import { assert } from '../../base/assert.ts';
import { ApiKey } from '../../wire/kafka/apis.ts';
import { apiVersionsHandler } from './18-api-versions.ts';
import { type FinalizedFeatures, noFeatures } from './finalized-features.ts';
import type { Handler } from './handler.ts';

/**
 * Key -> handler. What is in this table is served and advertised; ApiVersions is answered from it and always
 * there. Handlers come from the factories of the files beside this one, `NN-name.ts`, each of which takes the few
 * things that it needs.
 */
export class HandlerTable {
  private readonly byKey = new Map<number, Handler>();

  constructor(handlers: Iterable<Handler>, features: () => FinalizedFeatures = () => noFeatures) {
    for (const handler of handlers) this.add(handler);
    this.add(apiVersionsHandler(this, features));
  }

  private add(handler: Handler): void {
    const key = handler.request.key;
    assert(
      key !== undefined && handler.response.key === key,
      `${handler.request.name} has no key of its own`,
    );
    assert(!this.byKey.has(key), `two handlers for ${handler.request.name}`);
    this.byKey.set(key, handler);
  }

  get(apiKey: number): Handler | undefined {
    return this.byKey.get(apiKey);
  }

  /** In ascending order of keys, as Apache lists them. */
  *versions(): Generator<{ apiKey: number; minVersion: number; maxVersion: number }> {
    for (const apiKey of Object.values(ApiKey)) {
      const handler = this.byKey.get(apiKey);
      if (handler === undefined) continue;
      yield { apiKey, minVersion: handler.minVersion, maxVersion: handler.maxVersion };
    }
  }
}
