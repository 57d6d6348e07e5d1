/** Clients over TLS: certificates of both sides, changing them, and what plain clients have as well. */
import { execFileSync } from 'node:child_process';
import { copyFileSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import type tls from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Certificates } from '../support/certificates.ts';
import { Client, ReplyError } from '../support/client.ts';
import { describeWithPeer, freePort, hasRedis, type RunningServer, startServer } from '../support/server.ts';
import { runToEnd } from './processes.ts';
import { infoField } from './served.ts';
import { until } from './waiting.ts';

const KB = 1024;
const MB = 1024 * KB;

describeWithPeer('openssl', 'TLS', () => {
  let files: Certificates;
  beforeAll(() => {
    files = new Certificates();
    for (const name of ['server', 'other', 'client']) files.make(name);
    files.run(
      'req',
      '-x509',
      '-nodes',
      '-newkey',
      'rsa:2048',
      ...['-subj', '/CN=stranger', '-days', '2'],
      ...['-keyout', 'stranger.key', '-out', 'stranger.crt'],
    );
    files.run(
      'rsa',
      '-aes256',
      '-in',
      'server.key',
      ...['-out', 'locked.key', '-passout', 'pass:open sesame'],
    );
  });
  afterAll(() => files.remove());

  interface TlsServer {
    readonly server: RunningServer;
    readonly tlsPort: number;
    connect(options?: tls.ConnectionOptions): Promise<Client>;
  }

  /** A server with a certificate. */
  async function start(...args: readonly string[]): Promise<TlsServer> {
    const tlsPort = await freePort();
    const server = await startServer({
      shards: 2,
      args: [
        ...['--tls-port', String(tlsPort)],
        ...['--tls-cert-file', files.path('server.crt'), '--tls-key-file', files.path('server.key')],
        ...['--tls-ca-cert-file', files.path('ca.crt'), ...args],
      ],
    });
    const connect = (options: tls.ConnectionOptions = {}) =>
      Client.connectTls({ port: tlsPort, ca: files.read('ca.crt'), ...options });
    return { server, tlsPort, connect };
  }

  function withCertificate(name: string): tls.ConnectionOptions {
    return { cert: files.read(`${name}.crt`), key: files.read(`${name}.key`) };
  }

  function certificateOf(client: Client): string {
    return String((client.socket as tls.TLSSocket).getPeerCertificate().subject.CN);
  }

  /** What a client gets to hear: a reply, or nothing because the server closed. */
  async function ping(connected: Promise<Client>): Promise<unknown> {
    try {
      const client = await connected;
      const reply = await client.command('PING');
      client.destroy();
      return reply;
    } catch {
      return 'closed';
    }
  }

  describe('a connection', () => {
    let running: TlsServer;
    beforeAll(async () => {
      running = await start('--tls-auth-clients', 'no');
    });
    afterAll(async () => expect(await running.server.close()).toEqual({ code: 0 }));

    test('sees the same data as a plain one, on the other port', async () => {
      const secure = await running.connect();
      const plain = await running.server.client();
      expect(await secure.command('MSET', 'a', '1', 'b', '2', 'c', '3')).toBe('OK');
      expect(await plain.command('MGET', 'a', 'b', 'c')).toEqual(['1', '2', '3']);
      secure.destroy();
      plain.destroy();
    });

    test('stands in CLIENT LIST with both its addresses', async () => {
      const client = await running.connect();
      const { localPort } = client.socket;
      const line = String(await client.command('CLIENT', 'INFO'));
      expect(line).toContain(` addr=127.0.0.1:${localPort} laddr=127.0.0.1:${running.tlsPort} `);
      client.destroy();
    });

    test('gets all messages that it listens to, also when it reads late', async () => {
      const clients = await Promise.all([1, 2, 3].map(() => running.connect()));
      for (const client of clients) await client.command('SUBSCRIBE', 'c');
      const [late] = clients;
      late!.socket.pause();
      const publisher = await running.connect();
      const message = (i: number) => `${i} ${'m'.repeat(i % 3000)}`;
      for (let i = 0; i < 5000; i += 5) {
        const five = Array.from({ length: 5 }, (_, j) => ['PUBLISH', 'c', message(i + j)]);
        expect(await publisher.pipeline(five)).toEqual([3, 3, 3, 3, 3]);
      }
      late!.socket.resume();
      for (const client of clients) {
        for (let i = 0; i < 5000; i++) expect(await client.reply()).toEqual(['message', 'c', message(i)]);
      }
      for (const client of [...clients, publisher]) client.destroy();
    });

    test('gets the replies of a long pipeline in order', async () => {
      const client = await running.connect();
      const commands = Array.from({ length: 30_000 }, (_, i) =>
        i % 2 === 0 ? ['SET', `k${i}`, `value ${i}`] : ['GET', `k${i - 1}`],
      );
      const replies = await client.pipeline(commands);
      expect(replies.every((reply, i) => reply === (i % 2 === 0 ? 'OK' : `value ${i - 1}`))).toBe(true);
      client.destroy();
    });

    test.each([1, 15 * KB, 16 * KB, 17 * KB, 300 * KB, 20 * MB])(
      'takes and gives a value of %d bytes',
      async (length) => {
        const client = await running.connect();
        const value = Buffer.alloc(length, '0123456789abcdef-').toString('latin1');
        const replies = await client.pipeline([
          ['SET', 'long', value],
          ['GET', 'long'],
          ['STRLEN', 'long'],
          ['GET', 'long'],
        ]);
        expect(replies).toEqual(['OK', value, length, value]);
        client.destroy();
      },
    );

    test('that does not read its replies is served again when it does', async () => {
      const client = await running.connect();
      const value = 'x'.repeat(100 * KB);
      await client.command('SET', 'slow', value);
      client.socket.pause();
      const replies = client.pipeline(Array.from({ length: 300 }, () => ['GET', 'slow']));
      const watcher = await running.server.client();
      await until('the server stops reading', async () =>
        String(await watcher.command('CLIENT', 'LIST'))
          .split('\n')
          .some((line) => /laddr=127.0.0.1:(\d+).*omem=[1-9]/.exec(line)?.[1] === String(running.tlsPort)),
      );
      client.socket.resume();
      expect((await replies).every((reply) => reply === value)).toBe(true);
      client.destroy();
      watcher.destroy();
    });

    test('that has ended its side still gets all it asked for', async () => {
      const client = await running.connect();
      await client.command('SET', 'last', 'y'.repeat(1 * MB));
      client.send('GET last\r\nGET last\r\nSET done 1\r\nGET done\r\n');
      client.end();
      const bytes = await client.receivedUntilClosed();
      expect(bytes.length).toBe(2 * (1 * MB + '$1048576\r\n\r\n'.length) + '+OK\r\n$1\r\n1\r\n'.length);
      expect(bytes.endsWith('+OK\r\n$1\r\n1\r\n')).toBe(true);
    });

    test('gets the whole reply before QUIT closes it', async () => {
      const client = await running.connect();
      await client.command('SET', 'quit', 'z'.repeat(5 * MB));
      const replies = await client.pipeline([['GET', 'quit'], ['QUIT']]);
      expect([String(replies[0]).length, replies[1]]).toEqual([5 * MB, 'OK']);
      await client.closed;
    });

    test('is one of very many that come at once', async () => {
      const clients = await Promise.all(Array.from({ length: 150 }, () => running.connect()));
      expect(await Promise.all(clients.map((client) => client.command('PING')))).toEqual(
        clients.map(() => 'PONG'),
      );
      for (const client of clients) client.destroy();
    });

    test('resumes without a full handshake', async () => {
      const first = await running.connect();
      const ticket = new Promise<Buffer>((resolve) => first.socket.once('session', resolve));
      await first.command('PING');
      const again = await running.connect({ session: await ticket });
      expect((again.socket as tls.TLSSocket).isSessionReused()).toBe(true);
      expect(await again.command('PING')).toBe('PONG');
      first.destroy();
      again.destroy();
    });

    test('must speak TLS', async () => {
      const socket = net.connect(running.tlsPort, '127.0.0.1');
      const closed = new Promise((resolve) => socket.once('close', resolve));
      socket.on('error', () => {});
      socket.write('PING\r\n');
      await closed;
      expect(await ping(running.connect())).toBe('PONG');
    });

    test.skipIf(!hasRedis)('of redis-cli works', () => {
      const words = [
        '-p',
        String(running.tlsPort),
        '--tls',
        '--cacert',
        files.path('ca.crt'),
        'ECHO',
        'by TLS',
      ];
      expect(execFileSync('redis-cli', words, { encoding: 'utf8' })).toBe('by TLS\n');
    });
  });

  test('whose hello comes in pieces is served, and one that goes away in the middle harms nobody', async () => {
    const running = await start('--tls-auth-clients', 'no');
    // A relay that passes on single bytes.
    const relay = net.createServer((from) => {
      const to = net.connect({ port: running.tlsPort, host: '127.0.0.1', noDelay: true });
      from.on('error', () => to.destroy());
      to.on('error', () => from.destroy());
      to.on('data', (bytes) => from.write(bytes));
      to.on('close', () => from.destroy());
      let sending = Promise.resolve();
      from.on('data', (bytes) => {
        for (const byte of bytes.subarray(0, 60)) {
          sending = sending.then(
            () => new Promise((resolve) => to.write(Buffer.of(byte), () => setImmediate(resolve))),
          );
        }
        sending = sending.then(() => void to.write(bytes.subarray(60)));
      });
      from.on('close', () => to.destroy());
    });
    await new Promise<void>((resolve) => relay.listen(0, '127.0.0.1', resolve));
    const { port } = relay.address() as net.AddressInfo;
    expect(await ping(running.connect({ port }))).toBe('PONG');
    const half = net.connect(running.tlsPort, '127.0.0.1');
    half.on('error', () => {});
    half.end(Buffer.from([22, 3, 1, 2, 0, 1]));
    await new Promise((resolve) => half.once('close', resolve));
    expect(await ping(running.connect())).toBe('PONG');
    relay.close();
    expect(await running.server.close()).toEqual({ code: 0 });
  });

  test('a client without a certificate is refused unless the server does not want one', async () => {
    const running = await start();
    const client = await running.server.client();
    for (const [mode, without, stranger] of [
      ['yes', 'closed', 'closed'],
      ['optional', 'PONG', 'closed'],
      ['no', 'PONG', 'PONG'],
    ] as const) {
      expect(await client.command('CONFIG', 'SET', 'tls-auth-clients', mode)).toBe('OK');
      expect([mode, await ping(running.connect(withCertificate('client')))]).toEqual([mode, 'PONG']);
      expect([mode, await ping(running.connect())]).toEqual([mode, without]);
      expect([mode, await ping(running.connect(withCertificate('stranger')))]).toEqual([mode, stranger]);
    }
    client.destroy();
    expect(await running.server.close()).toEqual({ code: 0 });
  });

  test('a directory of authorities serves like a file', async () => {
    const running = await start('--tls-ca-cert-file', '', '--tls-ca-cert-dir', files.directory);
    expect(await ping(running.connect(withCertificate('client')))).toBe('PONG');
    expect(await ping(running.connect())).toBe('closed');
    expect(await running.server.close()).toEqual({ code: 0 });
  });

  test('certificates change while the server runs, and connections stay', async () => {
    const running = await start('--tls-auth-clients', 'no');
    const old = await running.connect();
    expect(certificateOf(old)).toBe('server');
    const pair = ['tls-cert-file', files.path('other.crt'), 'tls-key-file', files.path('other.key')];
    expect(await old.command('CONFIG', 'SET', ...pair)).toBe('OK');
    const next = await running.connect();
    expect(certificateOf(next)).toBe('other');
    // The same names again after the files have changed.
    copyFileSync(files.path('client.crt'), files.path('other.crt'));
    copyFileSync(files.path('client.key'), files.path('other.key'));
    expect(certificateOf(await running.connect())).toBe('other');
    expect(await old.command('CONFIG', 'SET', ...pair)).toBe('OK');
    const renewed = await running.connect();
    expect(certificateOf(renewed)).toBe('client');
    for (const client of [old, next, renewed]) expect(await client.command('PING')).toBe('PONG');
    expect(await running.server.close()).toEqual({ code: 0 });
  });

  test('a change that cannot be is refused, and everything stays as it was', async () => {
    const running = await start('--tls-auth-clients', 'no');
    writeFileSync(files.path('nonsense.pem'), 'nothing of use\n');
    const client = await running.connect();
    const cases: [pairs: string[], reason: RegExp][] = [
      [['tls-cert-file', files.path('none.crt')], /tls-cert-file \S+none\.crt: no such file/],
      [
        ['tls-cert-file', files.path('nonsense.pem')],
        /tls-cert-file \S+nonsense\.pem: not a certificate in PEM/,
      ],
      [
        ['tls-key-file', files.path('nonsense.pem')],
        /tls-key-file \S+nonsense\.pem: not a private key in PEM/,
      ],
      [
        ['tls-key-file', files.path('client.key')],
        /client\.key: the key does not match the certificate of \S+ \S+server\.crt/,
      ],
      [['tls-key-file', files.path('locked.key')], /locked\.key: the key has a password/],
      [
        ['tls-key-file', files.path('locked.key'), 'tls-key-file-pass', 'wrong'],
        /tls-key-file-pass is not the password/,
      ],
      [['tls-key-file', ''], /no tls-key-file is configured/],
      [['tls-ca-cert-file', files.path('none.crt')], /tls-ca-cert-file \S+none\.crt: no such file/],
      [['tls-ca-cert-dir', files.path('none')], /tls-ca-cert-dir \S+none: no such file or directory/],
      [['tls-protocols', 'TLSv1.4'], /Invalid tls-protocols/],
      [['tls-ciphers', 'NOT-A-CIPHER'], /tls-ciphers: OpenSSL knows no such cipher/],
      [['tls-ciphersuites', 'TLS_NOTHING'], /tls-ciphersuites/],
      [['tls-dh-params-file', files.path('nonsense.pem')], /tls-dh-params-file \S+nonsense\.pem/],
      [['tls-auth-clients', 'yes', 'tls-ca-cert-file', ''], /either tls-ca-cert-file or tls-ca-cert-dir/],
    ];
    const before = await client.command('CONFIG', 'GET', 'tls-*');
    for (const [pairs, reason] of cases) {
      const reply = await client.command('CONFIG', 'SET', ...pairs);
      expect(reply, pairs.join(' ')).toBeInstanceOf(ReplyError);
      const text = String(reply);
      expect(text).toContain(
        `argument '${pairs[0]}') - Unable to update TLS configuration. Check server logs.`,
      );
      expect(text).toMatch(reason);
      expect(text).not.toMatch(/wrong/);
    }
    expect(await client.command('CONFIG', 'GET', 'tls-*')).toEqual(before);
    expect(certificateOf(await running.connect())).toBe('server');
    expect(await client.command('CONFIG', 'SET', 'tls-auth-clients', 'maybe')).toEqual(
      new ReplyError(
        "ERR CONFIG SET failed (possibly related to argument 'tls-auth-clients') - argument(s) must be one of the following: no, yes, optional",
      ),
    );
    const unlocked = ['tls-key-file', files.path('locked.key'), 'tls-key-file-pass', 'open sesame'];
    expect(await client.command('CONFIG', 'SET', ...unlocked)).toBe('OK');
    expect(await ping(running.connect())).toBe('PONG');
    expect(await running.server.close()).toEqual({ code: 0 });
  });

  test('the versions, the ciphers and resuming are what the options say', async () => {
    const running = await start('--tls-auth-clients', 'no', '--tls-protocols', 'TLSv1.2');
    const of = (client: Client) => client.socket as tls.TLSSocket;
    const admin = await running.server.client();
    expect(of(await running.connect()).getProtocol()).toBe('TLSv1.2');
    expect(await ping(running.connect({ minVersion: 'TLSv1.3' }))).toBe('closed');
    const cipher = 'ECDHE-RSA-CHACHA20-POLY1305';
    expect(await admin.command('CONFIG', 'SET', 'tls-ciphers', cipher)).toBe('OK');
    expect(of(await running.connect()).getCipher().name).toBe(cipher);
    const suite = 'TLS_CHACHA20_POLY1305_SHA256';
    expect(await admin.command('CONFIG', 'SET', 'tls-protocols', 'TLSv1.3', 'tls-ciphersuites', suite)).toBe(
      'OK',
    );
    expect(of(await running.connect()).getCipher().name).toBe(suite);
    expect(await ping(running.connect({ maxVersion: 'TLSv1.2' }))).toBe('closed');
    // The order of the server counts when it is told to.
    const suites = `TLS_AES_128_GCM_SHA256:${suite}`;
    const wish = { ciphers: `${suite}:TLS_AES_128_GCM_SHA256`, minVersion: 'TLSv1.3' } as const;
    expect(await admin.command('CONFIG', 'SET', 'tls-ciphersuites', suites)).toBe('OK');
    expect(of(await running.connect(wish)).getCipher().name).toBe(suite);
    expect(await admin.command('CONFIG', 'SET', 'tls-prefer-server-ciphers', 'yes')).toBe('OK');
    expect(of(await running.connect(wish)).getCipher().name).toBe('TLS_AES_128_GCM_SHA256');
    expect(
      await admin.command('CONFIG', 'SET', 'tls-protocols', 'TLSv1.2', 'tls-session-caching', 'no'),
    ).toBe('OK');
    const first = await running.connect();
    await first.command('PING');
    const again = await running.connect({ session: of(first).getSession() });
    expect(of(again).isSessionReused()).toBe(false);
    expect(await running.server.close()).toEqual({ code: 0 });
  });

  test('maxclients counts clients of both ports', async () => {
    const running = await start('--tls-auth-clients', 'no', '--maxclients', '2');
    const first = await running.connect();
    const second = await running.server.client();
    expect(await second.command('PING')).toBe('PONG');
    expect(await ping(running.connect())).toBe('closed');
    expect(Number(await infoField(first, 'rejected_connections'))).toBe(1);
    first.destroy();
    await until('there is room again', async () => (await ping(running.connect())) === 'PONG');
    expect(await running.server.close()).toEqual({ code: 0 });
  });

  test('port 0 leaves only TLS, and the port is opened and closed at run time', async () => {
    const running = await start('--tls-auth-clients', 'no');
    const client = await running.connect();
    expect(await client.command('CONFIG', 'SET', 'port', '0')).toBe('OK');
    await expect(running.server.client()).rejects.toThrow('ECONNREFUSED');
    expect(await infoField(client, 'tcp_port')).toBe(String(running.tlsPort));
    const moved = await freePort();
    expect(await client.command('CONFIG', 'SET', 'tls-port', String(moved))).toBe('OK');
    expect(await ping(running.connect())).toBe('closed');
    expect(await ping(running.connect({ port: moved }))).toBe('PONG');
    expect(await client.command('CONFIG', 'SET', 'tls-port', '0', 'port', String(running.server.port))).toBe(
      'OK',
    );
    expect(await ping(running.connect({ port: moved }))).toBe('closed');
    expect(await ping(running.server.client())).toBe('PONG');
    expect(await running.server.close()).toEqual({ code: 0 });
  });

  test('TLS takes over the port of plain TCP, and gives it back', async () => {
    const running = await start('--tls-auth-clients', 'no');
    const client = await running.connect();
    const plain = String(running.server.port);
    const both = String(running.tlsPort);
    // Each keeps its port where the other one cannot move.
    expect(String(await client.command('CONFIG', 'SET', 'port', both))).toContain(
      'Unable to listen on this port.',
    );
    expect(String(await client.command('CONFIG', 'SET', 'tls-port', plain, 'port', both))).toContain(
      'Unable to listen on this port.',
    );
    expect(await ping(running.server.client())).toBe('PONG');
    expect(await ping(running.connect())).toBe('PONG');
    for (const pairs of [
      ['tls-port', plain, 'port', '0'],
      ['port', plain, 'tls-port', '0'],
    ]) {
      expect(await client.command('CONFIG', 'SET', ...pairs)).toBe('OK');
      const isTls = pairs[0] === 'tls-port';
      expect(await ping(running.connect({ port: running.server.port }))).toBe(isTls ? 'PONG' : 'closed');
      expect(await ping(running.server.client())).toBe(isTls ? 'closed' : 'PONG');
    }
    expect(await running.server.close()).toEqual({ code: 0 });
  });

  test('TLS can be switched on at run time, all in one CONFIG SET', async () => {
    const server = await startServer({ shards: 1 });
    const client = await server.client();
    const tlsPort = await freePort();
    expect(String(await client.command('CONFIG', 'SET', 'tls-port', String(tlsPort)))).toMatch(
      /argument 'tls-port'\) - Unable to update TLS configuration.*no tls-cert-file/,
    );
    const pairs = [
      'tls-cert-file',
      files.path('server.crt'),
      'tls-key-file',
      files.path('server.key'),
      'tls-auth-clients',
      'no',
    ];
    expect(await client.command('CONFIG', 'SET', 'tls-port', String(tlsPort), ...pairs)).toBe('OK');
    expect(await ping(Client.connectTls({ port: tlsPort, ca: files.read('ca.crt') }))).toBe('PONG');
    client.destroy();
    expect(await server.close()).toEqual({ code: 0 });
  });

  test.each<[what: string, args: (name: (file: string) => string) => string[], line: RegExp]>([
    ['no certificate', () => [], /no tls-cert-file is configured/],
    [
      'a file that is missing',
      (name) => ['--tls-cert-file', name('none.crt'), '--tls-key-file', name('server.key')],
      /tls-cert-file \S+none\.crt: no such file/,
    ],
    [
      'a key of another certificate',
      (name) => ['--tls-cert-file', name('server.crt'), '--tls-key-file', name('client.key')],
      /client\.key: the key does not match/,
    ],
    [
      'no authority for clients',
      (name) => ['--tls-cert-file', name('server.crt'), '--tls-key-file', name('server.key')],
      /either tls-ca-cert-file or tls-ca-cert-dir/,
    ],
  ])('the server does not start with %s, and says so in one line', async (_, args, line) => {
    const ports = ['--port', '0', '--tls-port', String(await freePort())];
    const ended = await runToEnd([...ports, ...args((file) => files.path(file))]);
    expect(ended.stderr).toMatch(/^shardis: [^\n]+\n$/);
    expect(ended.stderr).toMatch(line);
    expect(ended.code).toBe(1);
  });
});
