/** An estimate for people: a table, a curve, and what to do in plain words; and the same for programs. */
import type { Estimate, Estimator } from './estimator.ts';
import { type CacheSize, type Present, type Recommendation, recommend } from './recommendation.ts';

export interface Report {
  readonly source: string;
  readonly requests: number;
  readonly sampledRequests: number;
  readonly sampleRate: number;
  readonly sampledKeys: number;
  readonly keys: number;
  readonly coldShare: number;
  readonly present: Present & {
    readonly maxmemoryBytes?: number;
    /** What the server itself counted meanwhile. */
    readonly measuredHitRatio?: number;
  };
  readonly unit: 'keys' | 'bytes';
  readonly sizes: readonly (CacheSize & { readonly hitRatios: readonly Estimate[] })[];
  readonly recommendation: Recommendation;
  readonly notes: readonly string[];
}

export function makeReport(
  source: string,
  estimator: Estimator,
  unit: Report['unit'],
  sizes: readonly CacheSize[],
  present: Report['present'],
  notes: readonly string[] = [],
): Report {
  const estimates = estimator.estimates();
  return {
    source,
    requests: estimator.requests,
    sampledRequests: estimator.sampledRequests,
    sampleRate: estimator.rate,
    sampledKeys: estimator.keys,
    keys: estimator.keysEstimated,
    coldShare: estimator.coldShare,
    present,
    unit,
    sizes: sizes.map((one) => ({
      ...one,
      hitRatios: estimates.filter(({ size }) => size === one.size),
    })),
    recommendation: recommend(estimates, sizes, present, {
      requests: estimator.sampledRequests,
      rate: estimator.rate,
      footprint: estimator.footprint,
    }),
    notes,
  };
}

export function reportText(report: Report): string {
  const { requests, sampledKeys, keys, sampleRate, sampledRequests } = report;
  const sample =
    sampleRate === 1
      ? 'all of them watched'
      : `of which ${number(sampledKeys)} (${percent(sampleRate)} %) were watched, with ${number(sampledRequests)} requests`;
  return [
    `${report.source}: ${number(requests)} requests for ${sampleRate === 1 ? '' : 'about '}${number(keys)} keys, ${sample}`,
    `${percent(report.coldShare)} % of the requests were the first for their key, which no cache can have`,
    '',
    ...table(report),
    '',
    ...curve(report),
    '',
    ...advice(report),
    ...report.notes.map((note) => `note: ${note}`),
    '',
  ].join('\n');
}

function table({ sizes, unit, present, sampleRate }: Report): string[] {
  const policies = sizes[0]!.hitRatios.map(({ policy }) => policy);
  const names = sizes.map((size, i) => nameOf(size, unit) + (i === present.sizeIndex ? ' *' : ''));
  const width = Math.max('cache'.length, ...names.map((name) => name.length));
  const error = Math.max(...sizes.flatMap(({ hitRatios }) => hitRatios.map((one) => one.standardError)));
  const heading = `hit ratio in %${sampleRate === 1 ? '' : `, standard error up to ${(error * 100).toFixed(1)}`}${present.sizeIndex === undefined ? '' : '; * is the present size'}`;
  return [
    heading,
    ['cache'.padEnd(width), ...policies.map((policy) => policy.padStart(14))].join(' '),
    ...sizes.map(({ hitRatios }, i) =>
      [names[i]!.padEnd(width), ...hitRatios.map(({ hitRatio }) => percent(hitRatio).padStart(14))].join(' '),
    ),
  ];
}

const BAR_CELLS = 50;

function curve({ sizes, unit, recommendation: { policy } }: Report): string[] {
  const names = sizes.map((size) => nameOf(size, unit));
  const width = Math.max(...names.map((name) => name.length));
  return [
    `${policy}, by size`,
    ...sizes.map(({ hitRatios }, i) => {
      const { hitRatio } = hitRatios.find((one) => one.policy === policy)!;
      return `${names[i]!.padEnd(width)} ${'█'.repeat(Math.round(hitRatio * BAR_CELLS)).padEnd(BAR_CELLS, '·')} ${percent(hitRatio)}`;
    }),
  ];
}

const SURENESS: Readonly<Record<Recommendation['confidence'], string>> = {
  exact: 'sure of it for this traffic: every request was looked at',
  high: 'fairly sure',
  medium: 'a rough estimate',
  low: 'next to nothing was seen: take more traffic before you change anything',
};

function advice(report: Report): string[] {
  const { recommendation: found, sizes, present, requests, sampledRequests } = report;
  const { policy, comparedWith } = found;
  const where = present.sizeIndex === undefined ? 'on average over these sizes' : 'at the present size';
  const lines = ['recommendation'];
  const isOther = present.policy !== undefined && present.policy !== comparedWith;
  if (found.isPolicyChangeWorthIt) {
    lines.push(
      `  maxmemory-policy ${policy}: ${points(found.policyGain)} over ${comparedWith} ${where} (± ${(found.policyGainError * 100).toFixed(1)})`,
    );
  } else {
    const rest = 'no other policy is better by enough to matter';
    lines.push(`  maxmemory-policy ${policy}: ${rest} ${where}`);
  }
  if (isOther) lines.push(`  (the present policy, ${present.policy}, is not among those that are compared)`);
  lines.push(`  ${memoryAdvice(report)}`);
  const last = sizes[found.recommendedSizeIndex]!;
  if (last.maxmemoryBytes === undefined) {
    lines.push(
      '  maxmemory is that number of keys times what an entry takes (MEMORY USAGE); --entry-bytes puts it in',
    );
  }
  lines.push(`  ${SURENESS[found.confidence]} (${number(sampledRequests)} of ${number(requests)} requests)`);
  return lines;
}

function memoryAdvice({ recommendation: found, sizes, unit, present }: Report): string {
  const wanted = sizes[found.recommendedSizeIndex]!;
  const set = `maxmemory ${wanted.maxmemoryBytes === undefined ? `for ${number(wanted.size)} keys` : bytes(wanted.maxmemoryBytes)}`;
  const ratios = sizes.map(
    ({ hitRatios }) => hitRatios.find(({ policy }) => policy === found.policy)!.hitRatio,
  );
  const now = ratios[found.recommendedSizeIndex]!;
  if (present.sizeIndex === undefined) {
    const below = found.recommendedSizeIndex === 0 ? undefined : found.recommendedSizeIndex - 1;
    const less =
      below === undefined
        ? ''
        : `; ${nameOf(sizes[below]!, unit)} would cost ${points(now - ratios[below]!, '')}`;
    return `${set}: hits ${percent(now)} %, and the larger of these sizes add less than 1 point${less}`;
  }
  if (found.recommendedSizeIndex > present.sizeIndex)
    return `${set}: ${points(found.sizeGain)} over the present size`;
  if (found.recommendedSizeIndex < present.sizeIndex) {
    return `${set} would do: ${points(-found.sizeGain, '')} less than the present size`;
  }
  return `${set}, as it is: more memory adds less than 1 point`;
}

function nameOf({ label, size, maxmemoryBytes }: CacheSize, unit: Report['unit']): string {
  const parts = [`${number(size)} keys`, maxmemoryBytes === undefined ? '' : bytes(maxmemoryBytes)];
  return `${label}: ${(unit === 'bytes' ? parts.slice(1) : parts).filter((part) => part !== '').join(', ')}`;
}

function points(difference: number, sign = '+'): string {
  return `${sign}${(difference * 100).toFixed(1)} points`;
}

function percent(share: number): string {
  return (share * 100).toFixed(1);
}

function number(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

/** In units that the server's options take as well. */
function bytes(value: number): string {
  if (value >= 10 * 2 ** 30) return `${Math.round(value / 2 ** 30)}gb`;
  if (value >= 10 * 2 ** 20) return `${Math.round(value / 2 ** 20)}mb`;
  return value >= 10 * 1024 ? `${Math.round(value / 1024)}kb` : `${Math.round(value)}b`;
}
