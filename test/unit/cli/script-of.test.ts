import assert from 'node:assert/strict';
import { it } from 'node:test';
import { scriptOf } from '../../../src/cli/script-of.ts';

for (const [command, script] of [
  [
    'node /usr/bin/kafka-server-start.sh config/server.properties',
    { name: 'kafka-server-start', args: ['config/server.properties'] },
  ],
  [
    '/opt/node/bin/node --max-old-space-size=512 /x/bin/kafka-server-start.js -daemon a --override b=c',
    { name: 'kafka-server-start', args: ['-daemon', 'a', '--override', 'b=c'] },
  ],
  ['node bin/zkServer.sh start-foreground', { name: 'zkServer', args: ['start-foreground'] }],
  ['node /usr/bin/kafka-server-start', { name: 'kafka-server-start', args: [] }],
  ['bash -c node_modules/.bin/kafka-server-start.sh -daemon config/server.properties', undefined],
  ['vi /x/node/kafka-server-start.sh', undefined],
  ['node', undefined],
  ['', undefined],
] as const) {
  it(`the script of "${command}"`, () => assert.deepEqual(scriptOf(command), script));
}
