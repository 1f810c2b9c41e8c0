import { listProcesses, type RunningProcess, terminate } from '../env/node/processes.ts';
import { runCommand } from './failure.ts';
import { scriptOf } from './script-of.ts';

/** A server that `zookeeper-server-start.sh` or `zkServer.sh` runs. */
function isServer({ pid, command }: RunningProcess): boolean {
  const script = scriptOf(command);
  if (pid === process.pid || script === undefined) return false;
  if (script.name === 'zookeeper-server-start') return true;
  return ['zkServer', 'zk-server'].includes(script.name) && script.args.includes('start-foreground');
}

/** Ends all ZooKeeper servers of ours on this machine, as Kafka's own script does with Apache's. */
await runCommand(async () => {
  const servers = listProcesses().filter(isServer);
  if (servers.length === 0) {
    console.log('No zookeeper server to stop');
    return 1;
  }
  const signal = process.env['SIGNAL'] ?? 'TERM';
  for (const { pid } of servers) terminate(pid, /^\d+$/.test(signal) ? Number(signal) : `SIG${signal}`);
  return 0;
});
