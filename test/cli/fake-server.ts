/** A server that answers what a test wants, for what a real one never does. */
import net from 'node:net';
import { onTestFinished } from 'vitest';

/** Listens until the test is finished and returns the port; `serve` is given each connection. */
export async function fakeServer(serve: (socket: net.Socket) => void): Promise<number> {
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    serve(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return (server.address() as net.AddressInfo).port;
}
