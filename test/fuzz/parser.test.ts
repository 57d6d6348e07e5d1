/** Hostile bytes against the request parser, and against a server by socket. FUZZ_SEED replays a run. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PROTOCOL } from '../../src/protocol/errors.ts';
import { RequestParser } from '../../src/protocol/request-parser.ts';
import { forEachShardCount } from '../support/both.ts';
import { exchange } from '../support/exchange.ts';
import { LIMITS, type Parsed, parsePieces } from '../support/parsing.ts';
import { Random, seedFrom } from '../support/random.ts';
import { hasRedis, type RunningServer, requirePeer, startRedis, startServer } from '../support/server.ts';
import { harmlessCommand, hostileBytes } from './hostile-bytes.ts';

const PARSER_RUNS = 30_000;
const SOCKET_RUNS = 1500;

const seed = seedFrom('FUZZ_SEED');
const knownErrors = new Set<string>(Object.values(PROTOCOL).filter((text) => typeof text === 'string'));

function isProtocolError(text: string): boolean {
  return knownErrors.has(text) || /^ERR Protocol error: expected '\$', got '.'$/s.test(text);
}

function describeCase(index: number, bytes: Buffer): string {
  return `FUZZ_SEED=${seed}, case ${index}: ${JSON.stringify(bytes.toString('latin1'))}`;
}

describe('hostile bytes and the request parser', () => {
  test('it never throws and never stands still, and its errors are those of the protocol', () => {
    for (let i = 0; i < PARSER_RUNS; i++) {
      const random = new Random(seed + i);
      const bytes = random.oneIn(3) ? random.bytes(random.below(400)) : hostileBytes(random);
      const parser = new RequestParser(LIMITS);
      parser.trusted = !random.oneIn(5);
      let results: Parsed[] = [];
      expect(
        () => {
          results = parsePieces(bytes, [], 'append', parser);
        },
        describeCase(i, bytes),
      ).not.toThrow();
      for (const result of results) {
        if (typeof result === 'string') expect(isProtocolError(result), describeCase(i, bytes)).toBe(true);
      }
    }
  });

  test('what it makes of them does not depend on where they are cut', () => {
    for (let i = 0; i < PARSER_RUNS; i++) {
      const random = new Random(seed + i);
      const bytes = hostileBytes(random);
      const whole = parsePieces(bytes, []);
      const cuts = Array.from({ length: random.between(1, 6) }, () => random.below(bytes.length + 1));
      const delivery = random.pick(['append', 'move', 'restart'] as const);
      expect(parsePieces(bytes, cuts, delivery), `${describeCase(i, bytes)} ${delivery} ${cuts}`).toEqual(
        whole,
      );
    }
  });
});

/**
 * Bytes whose replies every correct server gives alike. Redis looks for an inline command's line end with
 * strchr, so a NUL makes it wait for more; what it quotes of unknown commands is cut at NUL as well.
 */
function isDeterministic(bytes: Buffer): boolean {
  return !bytes.includes(0);
}

forEachShardCount([1, 3], (shards) => {
  describe('hostile bytes and a server', () => {
    let server: RunningServer;
    let redis: RunningServer | undefined;
    beforeAll(async () => {
      server = await startServer({ shards });
      if (hasRedis) redis = await startRedis();
    });
    afterAll(async () => {
      await server?.close();
      await redis?.close();
    });

    test('it lives on and answers others', async () => {
      for (let i = 0; i < SOCKET_RUNS; i++) {
        const random = new Random(seed + i);
        const bytes = random.oneIn(3) ? random.bytes(random.below(3000)) : hostileBytes(random);
        const cuts = random.oneIn(4) ? [random.below(bytes.length + 1)] : [];
        await exchange(server, bytes, cuts);
        if (i % 50 !== 0) continue;
        const other = await server.client();
        expect(await other.command('PING'), describeCase(i, bytes)).toBe('PONG');
        other.destroy();
      }
    });

    test('a client that goes away in the middle of a command harms nobody', async () => {
      const other = await server.client();
      for (let i = 0; i < 200; i++) {
        const random = new Random(seed + i);
        const client = await server.client();
        client.send(hostileBytes(random));
        client.send(`*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1000\r\n${'x'.repeat(random.below(900))}`);
        if (random.oneIn(2)) client.socket.resetAndDestroy();
        else client.destroy();
      }
      expect(await other.command('PING')).toBe('PONG');
      other.destroy();
    });

    test('it sends the same bytes as Redis', async (context) => {
      requirePeer(context);
      for (const each of [server, redis!]) await exchange(each, Buffer.from('FLUSHALL\r\n'));
      for (let i = 0; i < SOCKET_RUNS; i++) {
        const random = new Random(seed + i);
        const bytes = random.oneIn(5) ? Buffer.from(harmlessCommand(random).join(' ')) : hostileBytes(random);
        if (!isDeterministic(bytes)) continue;
        const [ours, theirs] = await Promise.all([exchange(server, bytes), exchange(redis!, bytes)]);
        expect(ours, describeCase(i, bytes)).toBe(theirs);
      }
    });
  });
});
