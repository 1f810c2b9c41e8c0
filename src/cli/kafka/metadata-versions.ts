/** How many levels of `metadata.version` each release of Kafka 3.9's table has, from level 1, which is 3.0-IV1, on. */
const RELEASES: readonly (readonly [release: string, firstStep: number, levels: number])[] = [
  ['3.0', 1, 1],
  ['3.1', 0, 1],
  ['3.2', 0, 1],
  ['3.3', 0, 4],
  ['3.4', 0, 1],
  ['3.5', 0, 3],
  ['3.6', 0, 3],
  ['3.7', 0, 5],
  ['3.8', 0, 1],
  ['3.9', 0, 1],
  ['4.0', 0, 2],
];

/** The names of levels 1 and on. */
const VERSIONS: readonly string[] = RELEASES.flatMap(([release, firstStep, levels]) =>
  Array.from({ length: levels }, (_, index) => `${release}-IV${firstStep + index}`),
);

/** Those of a KRaft cluster of 3.9: 4.0's are not for production there. */
const LEAST = '3.3-IV0';
const LATEST = '3.9-IV0';

/** `3.9-IV0` for 21. */
export function versionOf(level: number): string {
  return VERSIONS[level - 1] ?? `UNKNOWN ${level}`;
}

/** The level of `3.9-IV0`, or of the last step of a release, `3.9` or `3.9.1`; undefined for what is none. */
export function levelOf(version: string): number | undefined {
  const name = version.split('.').slice(0, 2).join('.');
  const exact = VERSIONS.indexOf(name);
  if (exact >= 0) return exact + 1;
  const last = VERSIONS.findLastIndex((known) => known.startsWith(`${name}-`));
  return last >= 0 && last <= VERSIONS.indexOf(LATEST) ? last + 1 : undefined;
}

export function supportedVersions(): readonly string[] {
  return VERSIONS.slice(VERSIONS.indexOf(LEAST), VERSIONS.indexOf(LATEST) + 1);
}
