/** `protected-mode`: who is served while the default user has no password. */
import { networkInterfaces } from 'node:os';
import { describe, expect, test } from 'vitest';
import { createConfig, type Options } from '../../src/config/load.ts';
import { silentLog } from '../../src/server/log.ts';
import { Network } from '../../src/server/network.ts';
import { Client } from '../support/client.ts';
import { startServer } from '../support/server.ts';
import { infoField } from './served.ts';

/** An address of this machine that other machines can reach it at. */
const outside = Object.values(networkInterfaces())
  .flatMap((addresses) => addresses ?? [])
  .find(({ internal, family }) => !internal && family === 'IPv4')?.address;

const DENIED =
  "-DENIED Redis is running in protected mode because protected mode is enabled and no password is set for the default user. In this mode connections are only accepted from the loopback interface. If you want to connect from external computers to Redis you may adopt one of the following solutions: 1) Just disable protected mode sending the command 'CONFIG SET protected-mode no' from the loopback interface by connecting to Redis from the same host the server is running, however MAKE SURE Redis is not publicly accessible from internet if you do so. Use CONFIG REWRITE to make this change permanent. 2) Alternatively you can just disable the protected mode by editing the Redis configuration file, and setting the protected mode option to 'no', and then restarting the server. 3) If you started the server manually just for testing, restart it with the '--protected-mode no' option. 4) Set up an authentication password for the default user. NOTE: You only need to do one of the above things in order for the server to start accepting connections from the outside.\r\n";

test.skipIf(outside === undefined)('a client from outside is told why it is refused', async () => {
  const server = await startServer({ shards: 1, args: ['--bind', '127.0.0.1', outside!] });
  const local = await server.client();
  const fromOutside = () => Client.connect(server.port, outside);
  const refused = await fromOutside();
  expect(await refused.receivedUntilClosed()).toBe(DENIED);
  expect(await infoField(local, 'rejected_connections')).toBe('1');

  expect(await local.command('CONFIG', 'SET', 'protected-mode', 'no')).toBe('OK');
  const served = await fromOutside();
  expect(await served.command('SET', 'k', 'v')).toBe('OK');
  expect(await local.command('CONFIG', 'SET', 'protected-mode', 'yes', 'requirepass', 'secret')).toBe('OK');
  const asked = await fromOutside();
  expect(String(await asked.command('GET', 'k'))).toContain('NOAUTH');
  expect(await asked.command('AUTH', 'secret')).toBe('OK');
  expect(await asked.command('GET', 'k')).toBe('v');
  for (const client of [local, served, asked]) client.destroy();
  expect(await server.close()).toEqual({ code: 0 });
});

describe('the decision', () => {
  function isRefused(options: Options, address: { isLocal?: boolean; isUnixSocket?: boolean }): boolean {
    const config = createConfig(options);
    const network = new Network({
      config,
      log: silentLog,
      pickFreePort: false,
      isOpen: () => config.get('requirepass') === '',
      hasRoom: () => true,
      accept: () => {},
      rejected: () => {},
    });
    const addresses = {
      host: '',
      address: '',
      localAddress: '',
      isLocal: false,
      isUnixSocket: false,
      ...address,
    };
    return network.refusal(addresses) !== undefined;
  }

  test.each<[refused: boolean, options: Options, address: { isLocal?: boolean; isUnixSocket?: boolean }]>([
    [true, {}, {}],
    [false, {}, { isLocal: true }],
    [false, {}, { isLocal: true, isUnixSocket: true }],
    [false, { 'protected-mode': false }, {}],
    [false, { requirepass: 'secret' }, {}],
  ])('%s: %j, %j', (refused, options, address) => {
    expect(isRefused(options, address)).toBe(refused);
  });
});
