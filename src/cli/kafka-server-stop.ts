import { listProcesses, terminate } from '../env/node/processes.ts';
import { runCommand } from './failure.ts';

/** Ends every broker that `kafka-server-start.sh` runs on this machine, as Apache's script does. */
await runCommand(async () => {
  const brokers = listProcesses().filter(
    ({ pid, command }) =>
      pid !== process.pid && /kafka-server-start(\.sh|\.js)?(\s|$)/.test(command) && /node/.test(command),
  );
  if (brokers.length === 0) {
    console.error('No kafka server to stop');
    return 1;
  }
  for (const { pid } of brokers) terminate(pid);
  return 0;
});
