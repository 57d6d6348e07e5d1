/** `shardis advise`: what a trace or a running server should be set to. */
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Report } from '../../src/advise/report.ts';
import { Random } from '../../src/base/random.ts';
import { runToEnd } from '../server/processes.ts';
import { mainScript } from '../support/paths.ts';
import { hasRedis, type RunningServer, startRedis, startServer } from '../support/server.ts';
import { temporaryFolder } from './data-directory.ts';

const folder = temporaryFolder();

function file(name: string, contents: string | Uint8Array): string {
  const at = path.join(folder, name);
  fs.writeFileSync(at, contents);
  return at;
}

/** Keys below `keys`, small ones far more often. */
function skewed(keys: number, length: number): number[] {
  const random = new Random(11);
  return Array.from({ length }, () => Math.floor(keys * random.next() ** 4));
}

const text = () => file('traffic.txt', `${skewed(3000, 30_000).join('\n')}\n`);

describe('a trace', () => {
  test('is answered with a table, a curve and what to set', async () => {
    const { code, stdout, stderr } = await runToEnd(['advise', text(), '--entry-bytes', '1000']);
    expect(stderr).toBe('');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^traffic\.txt: 30,000 requests for [\d,]+ keys, all of them watched$/m);
    expect(stdout).toMatch(
      /^cache +allkeys-lru +allkeys-lfu +allkeys-s3fifo +allkeys-sieve +allkeys-random$/m,
    );
    expect(stdout).toMatch(/^10 %: \d+ keys, \d+kb( +\d+\.\d){5}$/m);
    expect(stdout).toMatch(/^10 %: \d+ keys, \d+kb +█+·+ \d+\.\d$/m);
    expect(stdout).toMatch(/^ {2}maxmemory-policy allkeys-\w+: /m);
    expect(stdout).toMatch(/^ {2}maxmemory \d+[kmg]b: hits \d+\.\d %/m);
    expect(stdout).toMatch(/^ {2}sure of it .* \(30,000 of 30,000 requests\)$/m);
  });

  test('is answered for programs with --json, for the sizes and policies that were asked for', async () => {
    const words = [
      '--json',
      '--sizes',
      '50%,100',
      '--policies',
      'allkeys-lru,allkeys-sieve',
      '--rate',
      '0.5',
    ];
    const { code, stdout } = await runToEnd(['advise', text(), ...words]);
    expect(code).toBe(0);
    const report = JSON.parse(stdout) as Report;
    expect(report.requests).toBe(30_000);
    expect(report.sampleRate).toBe(0.5);
    expect(report.sizes.map(({ label }) => label)).toEqual(['100', '50%']);
    for (const { hitRatios } of report.sizes) {
      expect(hitRatios.map(({ policy }) => policy)).toEqual(['allkeys-lru', 'allkeys-sieve']);
      for (const { hitRatio } of hitRatios) expect(hitRatio).toBeGreaterThan(0.2);
    }
  });

  test('with sizes and times to live is counted in bytes, and the volatile policies are compared', async () => {
    const lines = skewed(500, 5000).map((key, i) => `${i},k${key},${100 + key},${key % 2 === 0 ? 600 : ''}`);
    const { stdout } = await runToEnd([
      'advise',
      file('a.csv', lines.join('\n')),
      '--json',
      '--sizes',
      '20%',
    ]);
    const report = JSON.parse(stdout) as Report;
    expect(report.unit).toBe('bytes');
    expect(report.sizes[0]!.hitRatios.map(({ policy }) => policy)).toContain('volatile-ttl');
  });
});

describe('one clear line for', () => {
  test.each([
    [
      'a missing file',
      () => ['/nowhere/a.trace'],
      'cannot read /nowhere/a.trace: No such file or directory',
      1,
    ],
    ['an empty file', () => [file('empty', '')], 'empty is empty', 1],
    ['a damaged trace', () => [file('d.trace', Buffer.alloc(10))], 'it ends within the key at byte 8', 1],
    ['a trace without requests', () => [file('n.monitor', '1.5 [0 a:1] "ping"\n')], 'there is no request', 1],
    ['sizes in bytes of unknown entries', () => [text(), '--sizes', '1gb'], 'need --entry-bytes', 2],
    ['neither a trace nor --live', () => [], 'advise wants a trace, or --live', 2],
    ['sizes that are none', () => [text(), '--sizes', 'big'], 'Expected sizes such as', 2],
    ['policies that there are not', () => [text(), '--policies', 'lru'], 'Expected some of allkeys-lru', 2],
  ])('%s', async (_what, words, message, expected) => {
    const { code, stdout, stderr } = await runToEnd(['advise', ...words()]);
    expect(stderr).toContain(message);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
    expect(stdout).toBe('');
    expect(code).toBe(expected);
  });

  test('a server that cannot be reached', async () => {
    const { code, stderr } = await runToEnd(['advise', '--live', '-p', '1']);
    expect(stderr).toMatch(/^shardis: .*127\.0\.0\.1:1: Connection refused\n$/);
    expect(code).toBe(1);
  });
});

/** Reads and fills keys by a socket until it is told to stop. */
function generateLoad(port: number): () => void {
  const socket = net.connect(port, '127.0.0.1');
  const keys = skewed(2000, 2000);
  let at = 0;
  const send = () => {
    let lines = '';
    for (let i = 0; i < 20; i++) lines += `GET k${keys[at++ % keys.length]}\r\n`;
    socket.write(lines);
  };
  socket.on('error', () => {});
  socket.resume();
  const timer = setInterval(send, 5);
  return () => {
    clearInterval(timer);
    socket.destroy();
  };
}

const servers: [name: string, start: () => Promise<RunningServer>][] = [
  ['shardis', () => startServer({ shards: 2 })],
];
if (hasRedis) servers.push(['redis-server', () => startRedis()]);

describe.each(servers)('%s while it works', (_name, start) => {
  test('is watched, also until Ctrl-C, and told of when nothing happens', async () => {
    const server = await start();
    try {
      const client = await server.client();
      for (let i = 0; i < 300; i++) await client.command('SET', `k${i}`, 'v'.repeat(100));
      const live = ['advise', '--live', '-p', String(server.port), '--json'];
      const idle = await runToEnd([...live, '--seconds', '1']);
      expect(idle.stderr).toContain('no traffic seen');
      expect(idle.code).toBe(1);

      const stop = generateLoad(server.port);
      const { code, stdout, stderr } = await runToEnd([...live, '--seconds', '3']);
      expect(stderr).toContain('by MONITOR for 3 s');
      expect(code).toBe(0);
      const report = JSON.parse(stdout) as Report;
      expect(report.requests).toBeGreaterThan(500);
      expect(report.sizes.map(({ label }) => label)).toEqual(['half', 'present', 'twice', '4 times']);
      expect(report.present.measuredHitRatio).toBeGreaterThan(0);
      expect(report.present.maxmemoryBytes).toBe(0);

      const child = spawn(process.execPath, [mainScript, ...live, '--seconds', '600'], { stdio: 'pipe' });
      let output = '';
      child.stdout.on('data', (bytes) => {
        output += String(bytes);
      });
      child.stderr.once('data', () => setTimeout(() => child.kill('SIGINT'), 1500));
      const exit = await new Promise((resolve) => child.once('close', resolve));
      stop();
      expect(exit).toBe(0);
      expect((JSON.parse(output) as Report).requests).toBeGreaterThan(0);
      client.destroy();
    } finally {
      await server.close();
    }
  });
});
