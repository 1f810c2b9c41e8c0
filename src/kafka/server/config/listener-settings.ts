import type { ConfigLayers } from './broker-config.ts';

/** What is set for one listener alone (`listener.name.NAME.key`), by key; for this broker over all brokers over the file. */
export function listenerSettings(layers: ConfigLayers, listenerName: string): Map<string, string> {
  const prefix = `listener.name.${listenerName.toLowerCase()}.`;
  const settings = new Map<string, string>();
  for (const layer of [layers.static, layers.dynamicDefault, layers.dynamicBroker]) {
    for (const [key, value] of layer)
      if (key.startsWith(prefix)) settings.set(key.slice(prefix.length), value);
  }
  return settings;
}
