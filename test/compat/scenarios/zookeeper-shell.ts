import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { versions } from '../../../tools/peers/toolbox.ts';
import type { Scenario } from '../scenario.ts';

/** Commands below `root`, each with what the shell must print for it. */
function conversation(root: string): [command: string, answer?: RegExp][] {
  return [
    [`create ${root} one`, new RegExp(`Created ${root}$`, 'm')],
    [`create ${root} again`, new RegExp(`Node already exists: ${root}`)],
    [`create -s ${root}/s two`, new RegExp(`Created ${root}/s0000000000`)],
    [`create -e ${root}/e mine`, new RegExp(`Created ${root}/e$`, 'm')],
    [`create -e -s ${root}/es mine`, new RegExp(`Created ${root}/es0000000002`)],
    [`create -c ${root}/c`, new RegExp(`Created ${root}/c$`, 'm')],
    [`create -t 60000 ${root}/t ttl`, new RegExp(`Created ${root}/t$`, 'm')],
    [`getEphemerals ${root}`, new RegExp(`\\[${root}/e, ${root}/es0000000002\\]`)],
    [`get -w ${root}`, /^one$/m],
    [`set -v 0 ${root} three`, new RegExp(`type:NodeDataChanged path:${root}\\b`)],
    [`set -v 0 ${root} four`, new RegExp(`version No is not valid : ${root}`)],
    [`get -s ${root}`, /^three[\s\S]*dataVersion = 1/m],
    [`addWatch -m PERSISTENT_RECURSIVE ${root}/c`],
    [`create ${root}/c/x`, new RegExp(`type:NodeCreated path:${root}/c/x`)],
    [`removewatches ${root}/c`, new RegExp(`type:PersistentWatchRemoved path:${root}/c`)],
    [`ls -R ${root}`, new RegExp(`^${root}/c/x$`, 'm')],
    [`ls -s ${root}`, /numChildren = 5/],
    [`stat ${root}`, /dataLength = 5/],
    [`getAllChildrenNumber ${root}`, /^6$/m],
    [`setquota -n 20 ${root}/c`],
    [`listquota ${root}/c`, /count=20/],
    [`delquota -n ${root}/c`],
    [`getAcl ${root}`, /'world,'anyone\s*: cdrwa/],
    ['addauth digest kim:secret'],
    [`setAcl ${root}/c auth::cdrwa`],
    [`getAcl ${root}/c`, /'digest,'kim:\S+\s*: cdrwa/],
    ['whoami', /digest: kim/],
    [`sync ${root}`, /Sync is OK/],
    [`delete -v 9 ${root}/t`, new RegExp(`version No is not valid : ${root}/t`)],
    [`delete ${root}/t`],
    [`get ${root}/t`, new RegExp(`Node does not exist: ${root}/t`)],
    [`delete ${root}`, new RegExp(`Node not empty: ${root}`)],
    [`deleteall ${root}`],
    [`stat ${root}`, new RegExp(`Node does not exist: ${root}$`, 'm')],
    ['quit'],
  ];
}

export const zookeeperShellScenario: Scenario = {
  name: `ZooKeeper ${versions.zookeeper} shell (Java)`,
  shows: 'zkCli commands and what they print',
  async run(context) {
    const { zookeeper } = await context.shared();
    const classPath = await context.toolbox.apache();
    const lines = conversation(`/shell-${randomUUID().slice(0, 8)}`);
    const main = 'org.apache.zookeeper.ZooKeeperMain';
    const shell = await context.toolbox.java(classPath, main, ['-server', zookeeper], {
      input: lines.map(([command]) => `${command}\n`).join(''),
      mayFail: true,
    });
    const printed = shell.stdout + shell.stderr;
    for (const [command, answer] of lines)
      if (answer !== undefined) assert.match(printed, answer, `${command}, in:\n${printed}`);
    return `${lines.length} commands`;
  },
};
