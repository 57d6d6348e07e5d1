/** `shardis cli --tls`, through a proxy that speaks TLS and takes only clients with a certificate. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import tls from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runToEnd } from '../server/processes.ts';
import { useServer } from '../server/served.ts';

const NAME = 'shardis.example';

/** It makes the certificates. */
const hasOpenssl = spawnSync('openssl', ['version'], { stdio: 'ignore' }).status === 0;
if (!hasOpenssl && process.env.REQUIRE_PEERS === '1') throw new Error('openssl is not installed');

describe.skipIf(!hasOpenssl)('TLS', () => {
  const server = useServer({ shards: 1 });
  let folder: string;
  let proxy: tls.Server;
  let port: number;
  const file = (name: string) => path.join(folder, name);

  /** A key and a certificate, signed by itself, for a name. */
  function makeCertificate(name: string, host: string): void {
    const subject = ['-subj', `/CN=${host}`, '-addext', `subjectAltName=DNS:${host}`];
    const out = ['-keyout', file(`${name}.key`), '-out', file(`${name}.crt`)];
    const kind = [
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:prime256v1',
      '-nodes',
      '-days',
      '2',
    ];
    execFileSync('openssl', ['req', ...kind, ...subject, ...out], { stdio: 'ignore' });
  }

  beforeAll(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'shardis-tls-'));
    makeCertificate('server', NAME);
    makeCertificate('client', 'client.example');
    const options: tls.TlsOptions = {
      cert: readFileSync(file('server.crt')),
      key: readFileSync(file('server.key')),
      ca: readFileSync(file('client.crt')),
      requestCert: true,
      rejectUnauthorized: true,
    };
    proxy = tls.createServer(options, (socket) => {
      const inner = net.connect(server().port, '127.0.0.1');
      socket.on('error', () => inner.destroy());
      inner.on('error', () => socket.destroy());
      socket.pipe(inner).pipe(socket);
    });
    proxy.on('tlsClientError', () => {});
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    port = (proxy.address() as net.AddressInfo).port;
  });
  afterAll(() => {
    proxy?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const cli = (...args: string[]) =>
    runToEnd(['cli', '-p', String(port), '--tls', ...args, 'ping'], { env: { REDISCLI_AUTH: '' } });
  const identity = () => ['--cert', file('client.crt'), '--key', file('client.key')];
  const pong = { code: 0, stdout: 'PONG\n', stderr: '' };

  describe('the server', () => {
    test('is trusted when its certificate comes from the authority', async () => {
      expect(await cli('--cacert', file('server.crt'), ...identity())).toEqual(pong);
    });

    test('must have the name that it is asked for', async () => {
      const authority = ['--cacert', file('server.crt'), ...identity()];
      expect(await cli(...authority, '--sni', NAME)).toEqual(pong);
      expect(await cli(...authority, '--sni', 'other.example')).toMatchObject({
        code: 1,
        stderr: expect.stringMatching(/^Could not negotiate a TLS connection: .*other\.example.*\n$/),
      });
    });

    test('is not trusted without an authority, unless the user says so', async () => {
      const refused = await cli(...identity());
      expect(refused).toMatchObject({ code: 1, stdout: '' });
      expect(refused.stderr).toMatch(/^Could not negotiate a TLS connection: self[- ]signed certificate\n$/);
      expect(await cli('--insecure', ...identity())).toEqual(pong);
    });
  });

  test('a client without a certificate is told in one line that it is not let in', async () => {
    const { code, stdout, stderr } = await cli('--cacert', file('server.crt'));
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/^(?:Error|Could not negotiate a TLS connection): [^\n]+\n$/);
  });

  test('a file that is not there is told in one line', async () => {
    expect(await cli('--cacert', '/nonexistent')).toEqual({
      code: 1,
      stdout: '',
      stderr: 'Could not negotiate a TLS connection: cannot read /nonexistent: No such file or directory\n',
    });
  });
});
