/**
 * Loaded into every process that runs a page of the documentation (`node --require`): makes the well-known ports of the
 * page ephemeral ones, and shows to the stop scripts the processes of the page alone. Programs, configuration files and
 * output keep the ports that readers see.
 */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { Server, Socket } from 'node:net';

/** `2181=40123,9092=40124`: the port in the page, and the one in its place. */
const PORTS = 'STREAMKEEPER_DOCS_PORTS';
/** The directory of the page; whoever has it in the environment is a process of the page. */
const HOME = 'STREAMKEEPER_DOCS_HOME';

/** What the processes of a page need in their environment. */
export function privateMachine(home: string, ports: ReadonlyMap<number, number>): Record<string, string> {
  return {
    [PORTS]: [...ports].map((pair) => pair.join('=')).join(','),
    [HOME]: home,
    // Not --import: with that the commands, which have no `.js` in their names, would not start.
    NODE_OPTIONS: `--disable-warning=ExperimentalWarning --require=${import.meta.filename}`,
  };
}

/** The processes that run in the directory of a page. */
export function processesOf(home: string): number[] {
  return fs.readdirSync('/proc').flatMap((name) => (isOf(home, name) ? [Number(name)] : []));
}

function isOf(home: string, pid: string): boolean {
  if (!/^\d+$/.test(pid)) return false;
  try {
    return fs.readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0').includes(`${HOME}=${home}`);
  } catch {
    return false; // It has ended, or it is somebody else's.
  }
}

function install(home: string, pairs: readonly (readonly [number, number])[]): void {
  const forth = new Map(pairs);
  const back = new Map(pairs.map(([shown, real]) => [real, shown]));
  const toReal = (args: unknown[]): unknown[] => {
    const [first, ...rest] = args;
    if (typeof first === 'number') return [forth.get(first) ?? first, ...rest];
    if (typeof first !== 'object' || first === null) return args;
    // The way from net.connect: an array with the options in it, marked by a symbol.
    if (Array.isArray(first)) {
      first[0] = toReal([first[0]])[0];
      return args;
    }
    if (!('port' in first)) return args;
    return [{ ...first, port: forth.get(Number(first.port)) ?? first.port }, ...rest];
  };
  const { listen, address } = Server.prototype;
  Server.prototype.listen = function (this: Server, ...args: unknown[]) {
    return Reflect.apply(listen, this, toReal(args));
  };
  Server.prototype.address = function () {
    const bound = address.call(this);
    if (bound === null || typeof bound === 'string') return bound;
    return { ...bound, port: back.get(bound.port) ?? bound.port };
  };
  const { connect } = Socket.prototype;
  Socket.prototype.connect = function (this: Socket, ...args: unknown[]) {
    return Reflect.apply(connect, this, toReal(args));
  };
  const { readdirSync } = fs;
  const own = (...args: unknown[]) => {
    const names: unknown = Reflect.apply(readdirSync, fs, args);
    if (args[0] !== '/proc' || !Array.isArray(names)) return names;
    return names.filter((name) => isOf(home, String(name)));
  };
  Object.assign(fs, { readdirSync: own });
  syncBuiltinESMExports();
}

const { [PORTS]: ports, [HOME]: home } = process.env;
if (ports !== undefined && home !== undefined) {
  const pairs = ports.split(',').map((pair): [number, number] => {
    const [shown, real] = pair.split('=');
    return [Number(shown), Number(real)];
  });
  install(home, pairs);
}
