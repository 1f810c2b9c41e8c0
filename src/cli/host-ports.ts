import type { OptionSpecs } from './jopt/option-spec.ts';
import { usageExit } from './tool.ts';

/** Whether each of the addresses, with commas between them, has a port (`ToolsUtils.validatePortOrDie`). */
export function hasPorts(addresses: string): boolean {
  return addresses.split(',').every((address) => /^.*?\[?[0-9a-zA-Z\-%._:]*\]?:[0-9]+$/.test(address));
}

/** Exits with the usage where an address has no port (`ToolsUtils.validateBootstrapServer`). */
export function requireHostPorts(specs: OptionSpecs, addresses: string): void {
  if (addresses.trim() === '') throw usageExit(specs, 'Error while validating the bootstrap address\n');
  if (!hasPorts(addresses)) {
    throw usageExit(specs, 'Please provide valid host:port like host1:9091,host2:9092\n');
  }
}
