/** What `srvr` tells of a server of ZooKeeper. */
export interface ServerFacts {
  readonly version: string;
  /** `standalone`, `leader`, `follower`, `observer` or `read-only`. */
  readonly mode: string;
  readonly zxid: string;
  readonly nodes: number;
  readonly connections: number;
}

/** Undefined for an answer of another kind: a server that serves nobody says so in a sentence. */
export function parseServer(answer: string): ServerFacts | undefined {
  const value = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(answer)?.[1];
  const mode = value('Mode');
  if (mode === undefined) return undefined;
  return {
    version: (value('Zookeeper version') ?? '').split(/[-,]/)[0] ?? '',
    mode,
    zxid: value('Zxid') ?? '',
    nodes: Number(value('Node count') ?? 0),
    connections: Number(value('Connections') ?? 0),
  };
}

/** `mntr`: a name and a value on each line; empty where the word is not allowed. */
export function parseMonitor(answer: string | undefined): Map<string, string> {
  const facts = new Map<string, string>();
  for (const line of (answer ?? '').split('\n')) {
    const [name, value] = line.split('\t');
    if (name !== undefined && value !== undefined) facts.set(name, value);
  }
  return facts;
}
