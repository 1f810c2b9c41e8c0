/** Versions of the inter-broker protocol and message format, oldest first (Apache's MetadataVersion). */
export const protocolVersions: readonly string[] = [
  '0.8.0',
  '0.8.1',
  '0.8.2',
  '0.9.0',
  '0.10.0-IV0',
  '0.10.0-IV1',
  '0.10.1-IV0',
  '0.10.1-IV1',
  '0.10.1-IV2',
  '0.10.2-IV0',
  '0.11.0-IV0',
  '0.11.0-IV1',
  '0.11.0-IV2',
  '1.0-IV0',
  '1.1-IV0',
  '2.0-IV0',
  '2.0-IV1',
  '2.1-IV0',
  '2.1-IV1',
  '2.1-IV2',
  '2.2-IV0',
  '2.2-IV1',
  '2.3-IV0',
  '2.3-IV1',
  '2.4-IV0',
  '2.4-IV1',
  '2.5-IV0',
  '2.6-IV0',
  '2.7-IV0',
  '2.7-IV1',
  '2.7-IV2',
  '2.8-IV0',
  '2.8-IV1',
  '3.0-IV0',
  '3.0-IV1',
  '3.1-IV0',
  '3.2-IV0',
  '3.3-IV0',
  '3.3-IV1',
  '3.3-IV2',
  '3.3-IV3',
  '3.4-IV0',
  '3.5-IV0',
  '3.5-IV1',
  '3.5-IV2',
  '3.6-IV0',
  '3.6-IV1',
  '3.6-IV2',
  '3.7-IV0',
  '3.7-IV1',
  '3.7-IV2',
  '3.7-IV3',
  '3.7-IV4',
  '3.8-IV0',
  '3.9-IV0',
  '4.0-IV0',
  '4.0-IV1',
];

/** The version that a setting such as `3.9`, `3.9.1`, `3.9-IV0` or `0.10.2.1` means; undefined for none. */
export function resolveProtocolVersion(text: string): string | undefined {
  const segments = text.split('.');
  const kept = text.startsWith('0.') ? 3 : 2;
  const key = segments.length <= kept ? text : segments.slice(0, kept).join('.');
  if (protocolVersions.includes(key)) return key;
  // A release stands for the last version that it brought.
  return protocolVersions.findLast((version) => version.replace(/-IV\d+$/, '') === key);
}

export function isProtocolVersion(text: string): boolean {
  return resolveProtocolVersion(text) !== undefined;
}

/** Whether a version is `base` or later; both must be valid. */
export function isProtocolAtLeast(text: string, base: string): boolean {
  const resolved = resolveProtocolVersion(text);
  return resolved !== undefined && protocolVersions.indexOf(resolved) >= protocolVersions.indexOf(base);
}

/** The record format (magic) that a version of the protocol can store at most. */
export function highestMagic(text: string): 0 | 1 | 2 {
  if (isProtocolAtLeast(text, '0.11.0-IV0')) return 2;
  return isProtocolAtLeast(text, '0.10.0-IV0') ? 1 : 0;
}
