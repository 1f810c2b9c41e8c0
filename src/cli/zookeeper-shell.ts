import { CliError, runCommand } from './failure.ts';

const usage = 'USAGE: zookeeper-shell.sh zookeeper_host:port[/path] [-zk-tls-config-file file] [args...]';

/** `zookeeper-shell.sh` of Kafka: the shell of ZooKeeper with the address in front. */
await runCommand(async () => {
  const [server, ...rest] = process.argv.slice(2);
  if (server === undefined) {
    console.log(usage);
    return 1;
  }
  if (rest[0] === '-zk-tls-config-file') {
    throw new CliError('-zk-tls-config-file: TLS to ZooKeeper is not supported yet: leave it out');
  }
  process.argv.splice(2, 1, '-server', server);
  await import('./zk-cli.ts');
  return Number(process.exitCode ?? 0);
});
