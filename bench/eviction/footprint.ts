/** (d): what the process takes at the limit, when the sizes of values have gone from 100 to 1000 to 20 bytes. */
import type { Figure } from '../figures.ts';
import { runLoad } from '../load.ts';
import { progress } from '../report.ts';
import { residentBytes, type ServerName } from '../servers.ts';
import { checkEvicting, type EvictionOptions, limitBytes, RANGE, withLimited } from './servers.ts';

const SIZES = [100, 1000, 20];
/** How often each size writes the limit over. */
const TIMES = 2;
const MEGABYTE = 1024 * 1024;
const BESIDE_MEGABYTES = 100;
const TIMES_LIMIT = 1.15;

export function residentAfterChurn(options: EvictionOptions): Promise<Figure[]> {
  return withLimited(options, async (servers) => {
    const resident: Record<ServerName, number> = { redis: 0, shardis: 0 };
    for (const server of servers) {
      for (const bytes of SIZES) {
        progress(`${server.name}: churn with values of ${bytes} bytes`);
        const requests = Math.ceil((TIMES * limitBytes(options)) / (bytes + 40));
        const extra = ['-d', String(bytes)];
        await runLoad(server, { test: 'set', pipeline: 16, requests, range: RANGE, extra });
        const now = residentBytes(server.pid) / MEGABYTE;
        resident[server.name] = Math.max(resident[server.name], now);
        await checkEvicting(server, limitBytes(options));
      }
    }
    const bound = options.megabytes * TIMES_LIMIT + BESIDE_MEGABYTES;
    return [
      {
        title: `resident at most, values of ${SIZES.join(', then ')} bytes`,
        unit: 'MB',
        ...resident,
        target: { measured: resident.shardis, bound, atMost: true },
      },
    ];
  });
}
