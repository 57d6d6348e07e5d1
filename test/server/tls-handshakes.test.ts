/** The queue of TLS handshakes: how many, how long, and in whose turn. */
import { once } from 'node:events';
import net from 'node:net';
import { Duplex } from 'node:stream';
import tls from 'node:tls';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type HandshakeOptions, TlsHandshakes } from '../../src/server/tls-handshakes.ts';
import { Certificates } from '../support/certificates.ts';
import { describeWithPeer } from '../support/server.ts';
import { until } from './waiting.ts';

describeWithPeer('openssl', 'TLS handshakes', () => {
  let files: Certificates;
  beforeAll(() => {
    files = new Certificates().make('server');
  });
  afterAll(() => files.remove());

  /** A listening socket whose connections go through `TlsHandshakes`. */
  async function listen(options: Partial<HandshakeOptions>) {
    const notes: string[] = [];
    const accepted: tls.TLSSocket[] = [];
    const counts = { begun: 0, rejected: 0 };
    const handshakes = new TlsHandshakes({
      pendingMax: 100,
      timeoutMs: 60_000,
      accepted: (socket) => {
        accepted.push(socket);
        socket.on('error', () => {});
      },
      rejected: () => counts.rejected++,
      note: (message) => notes.push(message),
      ...options,
    });
    const server = tls.createServer({ cert: files.read('server.crt'), key: files.read('server.key') });
    server.on('connection', () => counts.begun++);
    handshakes.configure({ server, checksCertificates: false });
    const listener = net.createServer({ pauseOnConnect: true, allowHalfOpen: true }, (socket) =>
      handshakes.accept(socket, {
        host: '127.0.0.1',
        address: `client:${socket.remotePort}`,
        localAddress: 'here:1',
        isLocal: true,
        isUnixSocket: false,
      }),
    );
    listener.listen(0, '127.0.0.1');
    await once(listener, 'listening');
    const { port } = listener.address() as net.AddressInfo;
    const silent = () => {
      const socket = net.connect(port, '127.0.0.1');
      socket.on('error', () => {});
      return socket;
    };
    const secure = () => {
      const socket = tls.connect({ port, host: '127.0.0.1', rejectUnauthorized: false });
      socket.on('error', () => {});
      return socket;
    };
    const close = () => {
      handshakes.close();
      listener.close();
      for (const socket of accepted) socket.destroy();
    };
    return { handshakes, accepted, counts, notes, silent, secure, close };
  }

  test('one that takes too long is closed, and said so', async () => {
    const { silent, notes, handshakes, close } = await listen({ timeoutMs: 50 });
    const client = silent();
    await once(client, 'close');
    expect(notes).toEqual([
      expect.stringMatching(
        /^Error accepting a client connection: the handshake takes too long \(addr=client:\d+ laddr=here:1\)$/,
      ),
    ]);
    await until('it is forgotten', async () => handshakes.pendingCount === 0);
    close();
  });

  test('there may be only so many; the others are closed and counted', async () => {
    const { silent, secure, counts, accepted, handshakes, close } = await listen({ pendingMax: 3 });
    const waiting = [silent(), silent(), silent()];
    await until('all wait', async () => handshakes.pendingCount === 3);
    const fourth = secure();
    await new Promise((resolve) => fourth.once('close', resolve));
    expect(counts.rejected).toBe(1);
    waiting[0]!.destroy();
    await until('there is room', async () => handshakes.pendingCount === 2);
    await once(secure(), 'secureConnect');
    await until('it is accepted', async () => accepted.length === 1);
    expect(handshakes.pendingCount).toBe(2);
    expect(counts.rejected).toBe(1);
    close();
    await Promise.all(waiting.slice(1).map((client) => client.closed || once(client, 'close')));
  });

  test('a client that leaves in the middle is forgotten', async () => {
    const { silent, handshakes, counts, close } = await listen({});
    const hello = await new Promise<Buffer>((resolve) => {
      const wire = new Duplex({ read: () => {}, write: (bytes: Buffer) => resolve(bytes) });
      tls.connect({ socket: wire }).on('error', () => {});
    });
    for (const leave of ['end', 'destroy'] as const) {
      const client = silent();
      client.write(hello);
      // The server has answered, and waits for the rest.
      await once(client, 'data');
      expect(handshakes.pendingCount).toBe(1);
      client[leave]();
      await until('it is forgotten', async () => handshakes.pendingCount === 0);
    }
    expect(counts.begun).toBe(2);
    close();
  });

  test('other work is done between the handshakes of clients that come at once', async () => {
    const { secure, accepted, counts, close } = await listen({});
    // How many were begun between two turns of the loop.
    let begunBefore = 0;
    let most = 0;
    let isOver = false;
    const turn = () => {
      most = Math.max(most, counts.begun - begunBefore);
      begunBefore = counts.begun;
      if (!isOver) setImmediate(turn);
    };
    turn();
    const clients = Array.from({ length: 30 }, secure);
    await until('all are accepted', async () => accepted.length === clients.length);
    isOver = true;
    expect(counts.begun).toBe(clients.length);
    expect(most).toBe(1);
    for (const client of clients) client.destroy();
    close();
  });
});
