/** A thread that opens many TLS connections at once, answers in milliseconds how long it took, and closes them. */
import tls from 'node:tls';
import { parentPort, workerData } from 'node:worker_threads';

export interface Storm {
  port: number;
  clients: number;
  ca: string;
}

const { port, clients, ca } = workerData as Storm;

function connect(): Promise<tls.TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = tls.connect({ port, host: '127.0.0.1', ca, checkServerIdentity: () => undefined });
    socket.once('secureConnect', () => resolve(socket));
    socket.once('error', reject);
  });
}

const begun = performance.now();
const sockets = await Promise.all(Array.from({ length: clients }, connect));
parentPort!.postMessage(performance.now() - begun);
for (const socket of sockets) socket.destroy();
