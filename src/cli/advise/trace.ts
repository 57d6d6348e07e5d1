/** Advice from a trace. It is read twice: how many keys there are must be known before caches can be sized by it. */
import path from 'node:path';
import { ALLKEYS_POLICIES, VOLATILE_POLICIES } from '../../advise/caches/policies.ts';
import { ESTIMATOR_DEFAULTS, Estimator } from '../../advise/estimator.ts';
import type { CacheSize } from '../../advise/recommendation.ts';
import { makeReport, type Report } from '../../advise/report.ts';
import { RequestBatch } from '../../advise/requests.ts';
import { formatOf, readTrace, type TraceFormat } from '../../advise/trace/formats.ts';
import { Refusal } from '../disk/command.ts';
import type { AdviseFlags, WantedSize } from './command.ts';
import { commandReader } from './command-reader.ts';

const DEFAULT_SIZES: readonly WantedSize[] = [0.001, 0.01, 0.1, 0.5].map((share) => ({
  label: `${share * 100} %`,
  share,
}));

/** Throws TraceError, or Refusal, in one line. */
export async function adviseOnTrace(file: string, flags: AdviseFlags): Promise<Report> {
  const format = flags.format === 'auto' ? await formatOf(file) : flags.format;
  const census = new Estimator({
    ...ESTIMATOR_DEFAULTS,
    policies: [],
    sizes: [],
    weighs: format === 'csv',
    keysMax: flags.keys,
    rateMax: flags.rate,
  });
  await play(file, format, census);
  if (census.requests === 0) throw new Refusal(`there is no request in ${file}`);
  if (census.sampledRequests === 0)
    throw new Refusal(`no key of ${file} is in the sample: a higher --rate is needed`);
  const sizes = sizesFor(flags, census);
  const estimator = new Estimator({
    ...ESTIMATOR_DEFAULTS,
    policies: flags.policies ?? policiesFor(census.expiringShare),
    sizes: sizes.map(({ size }) => size),
    weighs: census.knowsWeights,
    keysMax: census.keys,
    rateMax: census.rate,
  });
  await play(file, format, estimator);
  const unit = census.knowsWeights ? 'bytes' : 'keys';
  const present = { policy: undefined, sizeIndex: undefined };
  return makeReport(path.basename(file), estimator, unit, sizes, present, notesOn(census));
}

/** The volatile policies differ from the others only where some keys expire and others do not. */
export function policiesFor(expiringShare: number): readonly string[] {
  const isMixed = expiringShare > 0.02 && expiringShare < 0.98;
  return isMixed ? [...ALLKEYS_POLICIES, ...VOLATILE_POLICIES] : ALLKEYS_POLICIES;
}

async function play(file: string, format: TraceFormat, estimator: Estimator): Promise<void> {
  const batch = new RequestBatch((full) => estimator.take(full));
  await readTrace(file, format, commandReader(), batch);
}

/** In the order of size, each once. */
function sizesFor({ sizes = DEFAULT_SIZES, entryBytes }: AdviseFlags, census: Estimator): CacheSize[] {
  const { knowsWeights, footprint, keysEstimated } = census;
  const meanBytes = knowsWeights ? footprint / keysEstimated : entryBytes;
  const all = sizes.map((wanted): CacheSize => {
    if (wanted.bytes !== undefined && meanBytes === undefined) {
      throw new Refusal('sizes in bytes need --entry-bytes, or a trace with sizes', 2);
    }
    const share =
      wanted.share === undefined ? undefined : wanted.share * (knowsWeights ? footprint : keysEstimated);
    const keys = wanted.keys ?? (wanted.bytes === undefined ? undefined : wanted.bytes / meanBytes!);
    const size = Math.max(1, Math.round(share ?? keys! * (knowsWeights ? meanBytes! : 1)));
    const maxmemoryBytes = meanBytes === undefined ? undefined : knowsWeights ? size : size * meanBytes;
    return { label: wanted.label, size, maxmemoryBytes };
  });
  const unique = all.filter(({ size }, i) => all.findIndex((other) => other.size === size) === i);
  return unique.sort((a, b) => a.size - b.size);
}

function notesOn({ expiringShare }: Estimator): string[] {
  if (expiringShare >= 0.98)
    return ['all keys expire: the volatile- policies would choose as the allkeys- ones do'];
  return [];
}
