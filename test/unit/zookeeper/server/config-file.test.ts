import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { completeConfig, type ZooKeeperServerConfig } from '../../../../src/zookeeper/server/config.ts';
import { loadServerConfig, type ServerConfigFile } from '../../../../src/zookeeper/server/config-file.ts';

/** Loads zoo.cfg with these lines; further files by name. */
function load(
  lines: string[],
  properties: Record<string, string> = {},
  files: Record<string, string> = {},
): ServerConfigFile {
  const contents: Record<string, string> = { 'zoo.cfg': lines.join('\n'), ...files };
  const disk = {
    readFile(path: string): Buffer {
      const content = contents[path];
      if (content === undefined) throw new Error(`ENOENT: no such file ${path}`);
      return Buffer.from(content, 'latin1');
    },
  };
  return loadServerConfig(disk, 'zoo.cfg', new Map(Object.entries(properties)));
}

function config(lines: string[], properties: Record<string, string> = {}): ZooKeeperServerConfig {
  return completeConfig(load(['dataDir=/zk', ...lines], properties).options);
}

describe('zoo.cfg', () => {
  it('of the getting-started guide becomes a complete, frozen configuration', () => {
    const file = load(['tickTime=2000', 'dataDir=/var/lib/zookeeper', 'clientPort=2181']);
    const config = completeConfig(file.options);
    assert.deepEqual(file.warnings, []);
    assert.deepEqual(file.peers, []);
    assert.ok(Object.isFrozen(config));
    const { dataDir, dataLogDir, clientPort, tickTimeMs, minSessionTimeoutMs, maxSessionTimeoutMs } = config;
    assert.deepEqual(
      { dataDir, dataLogDir, clientPort, tickTimeMs, minSessionTimeoutMs, maxSessionTimeoutMs },
      {
        dataDir: '/var/lib/zookeeper',
        dataLogDir: '/var/lib/zookeeper',
        clientPort: 2181,
        tickTimeMs: 2000,
        minSessionTimeoutMs: 4000,
        maxSessionTimeoutMs: 40_000,
      },
    );
    for (const [key, value] of Object.entries(config)) {
      const isOptional = [
        'ensemble',
        'clientPortAddress',
        'superDigest',
        'maxBufferExtraBytes',
        'txnLogSizeLimitBytes',
      ];
      if (!isOptional.includes(key)) assert.notEqual(value, undefined, key);
    }
  });

  const settings: [line: string, field: keyof ZooKeeperServerConfig, value: unknown][] = [
    ['dataLogDir=/log', 'dataLogDir', '/log'],
    ['clientPortAddress=10.0.0.1', 'clientPortAddress', '10.0.0.1'],
    ['clientPortListenBacklog=50', 'clientPortListenBacklog', 50],
    ['minSessionTimeout=100', 'minSessionTimeoutMs', 100],
    ['maxSessionTimeout=99000', 'maxSessionTimeoutMs', 99_000],
    ['maxClientCnxns=0', 'maxClientCnxns', 0],
    ['autopurge.snapRetainCount=5', 'snapRetainCount', 5],
    ['autopurge.purgeInterval=24', 'purgeIntervalHours', 24],
    ['4lw.commands.whitelist=stat, ruok,mntr', 'fourLetterWhitelist', ['stat', 'ruok', 'mntr']],
    ['4lw.commands.whitelist=*', 'fourLetterWhitelist', ['*']],
    ['zookeeper.4lw.commands.whitelist=isro', 'fourLetterWhitelist', ['isro']],
    ['snapCount=1000', 'snapCount', 1000],
    ['preAllocSize=64', 'preAllocSizeBytes', 65_536],
    ['snapSizeLimitInKb=1', 'snapSizeLimitBytes', 1024],
    ['txnLogSizeLimitInKb=10', 'txnLogSizeLimitBytes', 10_240],
    ['forceSync=no', 'forceSync', false],
    ['skipACL=yes', 'skipAcl', true],
    ['extendedTypesEnabled=true', 'extendedTypesEnabled', true],
    ['enforceQuota=TRUE', 'enforceQuota', true],
    ['digest.enabled=false', 'digestEnabled', false],
    ['snapshot.trust.empty=true', 'trustEmptySnapshot', true],
    ['snapshot.compression.method=gz', 'snapshotCompression', 'gz'],
    ['snapshot.compression.method=', 'snapshotCompression', 'none'],
    ['jute.maxbuffer=4194304', 'maxBufferBytes', 4_194_304],
    ['znode.container.checkIntervalMs=500', 'containerCheckIntervalMs', 500],
    ['fsync.warningthresholdms=20', 'syncWarningThresholdMs', 20],
    [
      'DigestAuthenticationProvider.superDigest=super:D/InIHSb7yEEbrWz8b9l71RjZJU=',
      'superDigest',
      'super:D/InIHSb7yEEbrWz8b9l71RjZJU=',
    ],
    ['DigestAuthenticationProvider.digestAlg=SHA-256', 'digestAlgorithm', 'sha256'],
    ['DigestAuthenticationProvider.digestAlg=SHA3-256', 'digestAlgorithm', 'sha3-256'],
  ];
  for (const [line, field, value] of settings) {
    it(`${line} sets ${field}`, () => {
      const file = load(['dataDir=/zk', line]);
      assert.deepEqual(file.warnings, []);
      assert.deepEqual(completeConfig(file.options)[field], value);
    });
  }

  it('wins over system properties, which win over defaults', () => {
    const properties = {
      'zookeeper.snapCount': '5000',
      'zookeeper.preAllocSize': '128',
      'jute.maxbuffer': '2000000',
    };
    const { snapCount, preAllocSizeBytes, maxBufferBytes } = config(['snapCount=700'], properties);
    assert.deepEqual(
      { snapCount, preAllocSizeBytes, maxBufferBytes },
      {
        snapCount: 700,
        preAllocSizeBytes: 131_072,
        maxBufferBytes: 2_000_000,
      },
    );
  });

  it('leaves the properties of the JVM alone', () => {
    assert.deepEqual(load(['dataDir=/zk'], { 'java.net.preferIPv4Stack': 'true' }).warnings, []);
  });

  const warnings: [line: string, warning: RegExp][] = [
    ['datadir=/x', /zoo\.cfg, line 2: datadir is unknown and ignored: .* perhaps dataDir$/],
    ['frobnicate=1', /zoo\.cfg, line 2: frobnicate is unknown and ignored: check its spelling$/],
    ['dataDir=/y', /zoo\.cfg, line 2: dataDir replaces that of line 1/],
    ['admin.portUnification=true', /without effect here: admin\.portUnification/],
    ['metricsProvider.numWorkerThreads=2', /without effect here: metricsProvider\.numWorkerThreads/],
    ['nio.numWorkerThreads=4', /without effect here: nio\.numWorkerThreads/],
    ['server.1=localhost:2888:3888', /line 2: server\.1 is the only server: it is ignored/],
  ];
  for (const [line, warning] of warnings) {
    it(`warns of ${line}`, () => {
      const file = load(['dataDir=/zk', line]);
      assert.equal(file.warnings.length, 1);
      assert.match(file.warnings[0] ?? '', warning);
    });
  }

  it('accepts the keys of an ensemble on a standalone server', () => {
    assert.deepEqual(
      load(['dataDir=/zk', 'initLimit=10', 'syncLimit=5', 'peerType=participant']).warnings,
      [],
    );
  });

  const errors: [line: string, error: RegExp][] = [
    ['tickTime=abc', /^zoo\.cfg, line 2: tickTime=abc is not a whole number in range: give 1 to 2147483647$/],
    ['clientPort=70000', /^zoo\.cfg, line 2: clientPort=70000 .* give 0 to 65535$/],
    ['enforceQuota=yes', /^zoo\.cfg, line 2: enforceQuota=yes is neither: give true or false$/],
    ['forceSync=maybe', /give yes or no$/],
    ['snapshot.compression.method=zip', /give gz, snappy$/],
    ['electionAlg=1', /give 3 to 3$/],
    ['peerType=leader', /give participant, observer$/],
    ['DigestAuthenticationProvider.superDigest=super', /is no digest: give user:base64/],
    ['DigestAuthenticationProvider.digestAlg=MD5', /is unknown: give SHA1/],
    ['dataLogDir=', /is empty/],
    ['secureClientPort=2281', /asks for TLS for clients, which is not supported yet: remove it$/],
    ['sessionRequireClientSASLAuth=true', /asks for SASL, which is not supported yet/],
    ['server.x=a:1:2', /server\.x=a:1:2 has no server id in its name: give server\.N/],
    ['server.1=host', /server\.1=host has no such form: give host:port:port/],
    ['server.1=h:1:1', /uses one port for quorum and election/],
    ['server.1=h:1:2:boss', /has the role boss: give participant or observer/],
    ['group.1=1:x', /names "x", which is no server id/],
    ['standaloneEnabled=false', /standaloneEnabled=false needs servers that vote/],
    ['x=\\u12', /zoo\.cfg, line 2: \\u needs four hexadecimal digits/],
  ];
  for (const [line, error] of errors) {
    it(`refuses ${line}`, () => {
      assert.throws(() => load(['dataDir=/zk', line]), { name: 'ZooKeeperConfigError', message: error });
    });
  }

  it('refuses a bad system property by its name', () => {
    assert.throws(() => load(['dataDir=/zk'], { 'zookeeper.snapCount': 'x' }), {
      name: 'ZooKeeperConfigError',
      message: /^-Dzookeeper\.snapCount=x is not a whole number/,
    });
  });

  it('without dataDir, or that is not there, names the remedy', () => {
    assert.throws(() => load(['clientPort=2181']), {
      message: /zoo\.cfg: dataDir is missing: add a line such as/,
    });
    assert.throws(() => loadServerConfig({ readFile: () => assert.fail('ENOENT') }, '/no/zoo.cfg'), {
      name: 'ZooKeeperConfigError',
      message: /cannot read \/no\/zoo\.cfg: ENOENT\. Give the path/,
    });
  });

  describe('of an ensemble', () => {
    const lines = [
      'dataDir=/zk',
      'initLimit=10',
      'syncLimit=5',
      'server.1=a:2888:3888;2182',
      'server.2=b:2888:3888',
      'server.3=c:2888:3888',
      'server.4=d:2888:3888:observer',
    ];

    it('takes its id from myid and its client port from its line', () => {
      const { options, warnings } = load(lines, {}, { '/zk/myid': '1\n' });
      assert.deepEqual(warnings, []);
      const { ensemble, clientPort, serverId } = completeConfig(options);
      assert.equal(serverId, 1);
      assert.equal(clientPort, 2182);
      assert.deepEqual([...(ensemble?.quorum.participants.keys() ?? [])], [1, 2, 3]);
      assert.deepEqual([...(ensemble?.quorum.observers.keys() ?? [])], [4]);
      assert.deepEqual([ensemble?.serverId, ensemble?.initLimit, ensemble?.syncLimit], [1, 10, 5]);
    });

    it('warns when peerType says otherwise than the line', () => {
      const warn = (id: string, more: string[]) => load([...lines, ...more], {}, { '/zk/myid': id }).warnings;
      assert.deepEqual(warn('4', ['peerType=observer']), []);
      assert.deepEqual(warn('4', []), []);
      assert.match(
        warn('4', ['peerType=participant']).join(),
        /the line server\.4 says observer, which counts/,
      );
    });

    it('passes the settings of elections on', () => {
      const more = [
        'cnxTimeout=700',
        'electionPortBindRetry=0',
        'multiAddress.enabled=true',
        'standaloneEnabled=false',
        'fastleader.minNotificationInterval=100',
        'fastleader.maxNotificationInterval=1000',
      ];
      const { ensemble } = load([...lines, ...more], {}, { '/zk/myid': '1' }).options;
      assert.deepEqual(
        [ensemble?.electionConnectTimeoutMs, ensemble?.electionBindAttempts, ensemble?.multiAddressEnabled],
        [700, 0, true],
      );
      assert.deepEqual(
        [ensemble?.standaloneEnabled, ensemble?.minNotificationMs, ensemble?.maxNotificationMs],
        [false, 100, 1000],
      );
    });

    const refused: [string, string[], Record<string, string>, RegExp][] = [
      ['no myid', lines, {}, /cannot read \/zk\/myid: .* Write the number of this server into it/],
      [
        'a myid that is no number',
        lines,
        { '/zk/myid': 'one' },
        /\/zk\/myid holds "one" instead of a server id/,
      ],
      [
        'no initLimit',
        lines.filter((line) => !line.startsWith('init')),
        { '/zk/myid': '1' },
        /add initLimit=10/,
      ],
      [
        'no syncLimit',
        lines.filter((line) => !line.startsWith('sync')),
        { '/zk/myid': '1' },
        /add syncLimit=5/,
      ],
      [
        'two client ports',
        [...lines, 'clientPort=2181'],
        { '/zk/myid': '1' },
        /differs from 0\.0\.0\.0:2182/,
      ],
      [
        'a myid without a line',
        lines,
        { '/zk/myid': '7' },
        /\/zk\/myid says 7, but there are lines for the servers 1, 2, 3, 4 alone: correct it, or add a line server\.7/,
      ],
      [
        'several addresses that are not switched on',
        lines.map((line) => line.replace('b:2888:3888', 'b:2888:3888|b2:2888:3888')),
        { '/zk/myid': '1' },
        /server\.2 has several addresses: add multiAddress\.enabled=true/,
      ],
      [
        'a server in two groups',
        [...lines, 'group.1=1:2:3', 'group.2=3'],
        { '/zk/myid': '1' },
        /server 3 is in group\.1 and group\.2/,
      ],
      ['observers alone', ['dataDir=/zk', 'server.4=d:1:2:observer'], {}, /needs servers that vote/],
    ];
    for (const [what, given, files, message] of refused) {
      it(`is refused with ${what}`, () => {
        assert.throws(() => load(given, {}, files), { name: 'ZooKeeperConfigError', message });
      });
    }
  });

  it('refuses a server id that TTL nodes are marked with, where there are TTL nodes', () => {
    const options = { dataDir: '/zk', serverId: 255 };
    assert.equal(completeConfig(options).serverId, 255);
    assert.equal(completeConfig({ ...options, serverId: 254, extendedTypesEnabled: true }).serverId, 254);
    assert.throws(() => completeConfig({ ...options, extendedTypesEnabled: true }), {
      name: 'ZooKeeperConfigError',
      message: /^server id 255 cannot be told from the mark of TTL nodes: give 254 or less/,
    });
  });

  describe('with a dynamic file', () => {
    const servers = [1, 2, 3].map((id) => `server.${id}=h${id}:2888:3888:participant;2181`).join('\n');
    const lines = (file: string) => [
      'dataDir=/zk',
      'initLimit=10',
      'syncLimit=5',
      `dynamicConfigFile=${file}`,
    ];

    for (const [file, version] of [
      ['zoo.cfg.dynamic', 0],
      ['zoo.cfg.dynamic.0', 0],
      ['/etc/zoo.cfg.dynamic.100000002', 0x1_0000_0002],
    ] as const) {
      it(`takes the servers from it and the version from its name: ${file}`, () => {
        const { options } = load(lines(file), {}, { [file]: servers, '/zk/myid': '2' });
        const { ensemble } = completeConfig(options);
        assert.equal(ensemble?.quorum.version, version);
        assert.deepEqual([...(ensemble?.quorum.members.keys() ?? [])], [1, 2, 3]);
        assert.equal(ensemble?.nextQuorum, undefined);
        assert.deepEqual(ensemble?.configFile, { path: 'zoo.cfg', hasServers: false });
      });
    }

    it('knows a configuration that was being proposed', () => {
      const next = `${servers}\nserver.4=h4:2888:3888:participant;2181\nversion=200000005`;
      const files = { d: servers, 'zoo.cfg.dynamic.next': next, '/zk/myid': '1' };
      const { ensemble } = completeConfig(load(lines('d'), {}, files).options);
      assert.equal(ensemble?.nextQuorum?.version, 0x2_0000_0005);
      assert.equal(ensemble?.nextQuorum?.members.size, 4);
    });

    it('passes over one that is broken, and says so', () => {
      const files = { d: servers, 'zoo.cfg.dynamic.next': 'server.1=h', '/zk/myid': '1' };
      const { options, warnings } = load(lines('d'), {}, files);
      assert.equal(completeConfig(options).ensemble?.nextQuorum, undefined);
      assert.match(warnings.join(), /zoo\.cfg\.dynamic\.next, line 1: .* it is passed over/);
    });

    for (const [what, zoo, dynamic, message] of [
      [
        'the version in it',
        [],
        'version=5',
        /line 1: version does not belong here: it is the ending of the file name/,
      ],
      ['another key in it', [], 'clientPort=2181', /line 1: clientPort does not belong here: give server\.N/],
      ['servers beside it', ['server.1=a:1:2'], servers, /must be in the file that dynamicConfigFile names/],
    ] as const) {
      it(`is refused with ${what}`, () => {
        assert.throws(() => load([...lines('d'), ...zoo], {}, { d: dynamic, '/zk/myid': '1' }), {
          name: 'ZooKeeperConfigError',
          message,
        });
      });
    }
  });
});
