/** Looks at every file of a data directory, and finds out what is wrong and what a repair would lose. Changes nothing. */
import fs from 'node:fs';
import path from 'node:path';
import { checkDirectory, type Finding } from '../../wal/check.ts';
import { MANIFEST_NAME, parseSegmentName, segmentName, segmentNumbers } from '../../wal/directory.ts';
import { WalDamage } from '../../wal/errors.ts';
import { diskFiles } from '../../wal/files.ts';
import { type Manifest, readManifest } from '../../wal/manifest.ts';
import { amount, counted, size } from './amounts.ts';
import { Progress } from './progress.ts';
import { type RdbProblem, type RdbReport, readRdbFile } from './rdb-file.ts';
import { recordsLeftOut } from './repair-preview.ts';

export interface FileReport {
  readonly name: string;
  /** `torn`: the end was not written completely, as a crash leaves it; `stray`: it belongs to nothing. */
  readonly state: 'ok' | 'torn' | 'damaged' | 'stray' | 'not-read';
  readonly text: string;
  /** What a repair loses, in words. */
  readonly loses?: string;
  readonly canRepair?: boolean;
  readonly rdbProblem?: RdbProblem;
  readonly losesKeys?: boolean;
}

export interface Examination {
  readonly files: readonly FileReport[];
  /** What people should know beside. */
  readonly notes: readonly string[];
  /** What a repair loses in files that are not damaged. */
  readonly loss: readonly string[];
}

/** Throws errors of the system. */
export function examine(directory: string, dump: string): Examination {
  const rdbs = new Map<string, RdbReport>();
  const progress = new Progress('reading');
  const readRdb = (file: string) => {
    const report = readRdbFile(file, (at, total, keys) => progress.update(at, total, keys));
    rdbs.set(path.basename(file), report);
    return report.problem && { offset: report.problem.offset, reason: report.problem.reason };
  };
  const records = new Map<string, { count: number; bytes: number }>();
  const findings = checkDirectory(diskFiles, directory, readRdb, (file, bytes) => {
    const so = records.get(file) ?? { count: 0, bytes: 0 };
    records.set(file, { count: so.count + 1, bytes: so.bytes + bytes });
  });
  if (fs.existsSync(path.join(directory, dump))) readRdb(path.join(directory, dump));
  progress.end();
  const manifest = manifestOf(directory);
  const files: FileReport[] = [];
  const finding = (name: string) => findings.find(({ file, kind }) => file === name && kind !== 'stray');
  const manifestFinding = finding(MANIFEST_NAME);
  if (manifestFinding) files.push(ofFinding(manifestFinding));
  else if (manifest) files.push({ name: MANIFEST_NAME, state: 'ok', text: describe(manifest) });
  manifest?.files.forEach((shard, number) => {
    for (const name of shard.bases) files.push(ofRdb(name, rdbs.get(name), finding(name)));
    let isBehindDamage = false;
    for (const name of segmentsOf(directory, number, shard.firstSegment, findings)) {
      const wrong = finding(name);
      files.push(
        isBehindDamage
          ? { name, state: 'not-read', text: 'not read: it comes behind what is wrong' }
          : ofSegment(name, records.get(name), wrong),
      );
      isBehindDamage ||= wrong !== undefined;
    }
  });
  if (rdbs.has(dump)) files.push(ofRdb(dump, rdbs.get(dump), undefined));
  for (const { kind, file, reason } of findings) {
    if (kind === 'stray') files.push({ name: file, state: 'stray', text: `left over: ${reason}` });
  }
  return { files, ...together(directory, manifest, findings, files, dump) };
}

/** Undefined when there is none that can be read. */
function manifestOf(directory: string): Manifest | undefined {
  try {
    return readManifest(diskFiles, directory);
  } catch (error) {
    if (error instanceof WalDamage) return undefined;
    throw error;
  }
}

function describe({ generation, shards }: Manifest): string {
  return `generation ${generation}, ${counted(shards, 'shard')}`;
}

/** The names of those that are there, and of the missing one that breaks the row. */
function segmentsOf(directory: string, shard: number, first: number, findings: readonly Finding[]): string[] {
  const numbers = new Set(segmentNumbers(diskFiles, directory, shard, first));
  for (const { file, kind } of findings) {
    const segment = kind === 'stray' ? undefined : parseSegmentName(file);
    if (segment?.shard === shard) numbers.add(segment.number);
  }
  return [...numbers].sort((a, b) => a - b).map((number) => segmentName(shard, number));
}

function ofSegment(
  name: string,
  records: { count: number; bytes: number } | undefined,
  wrong: Finding | undefined,
): FileReport {
  if (wrong !== undefined) return ofFinding(wrong);
  const { count, bytes } = records ?? { count: 0, bytes: 0 };
  return { name, state: 'ok', text: `${counted(count, 'record')}, ${size(bytes)}` };
}

function ofFinding({ file, kind, offset, reason, lostRecords, lostBytes, canRepair }: Finding): FileReport {
  const lost = `${counted(lostRecords, 'whole record')} in ${counted(lostBytes, 'byte')}`;
  const place = `at byte ${amount(offset)}: ${reason}`;
  if (kind === 'torn') {
    return { name: file, state: 'torn', text: `${place}; the next start leaves out ${lost}` };
  }
  const loses = canRepair ? `${lost} from byte ${amount(offset)} on` : 'all of it';
  return { name: file, state: 'damaged', text: `${place}; behind it ${lost}`, canRepair, loses };
}

function ofRdb(name: string, report: RdbReport | undefined, wrong: Finding | undefined): FileReport {
  if (report === undefined) return ofFinding(wrong!);
  const { keys, bytes, otherKeys, announcedKeys, problem } = report;
  if (problem === undefined) {
    const others = otherKeys === 0 ? '' : `, ${amount(otherKeys)} of types that this version does not keep`;
    return { name, state: 'ok', text: `${counted(keys, 'key')}${others}, ${size(bytes)}` };
  }
  const { offset, reason, isDamage, goodEnd } = problem;
  const left = bytes - Math.max(goodEnd, offset);
  const missing = announcedKeys > keys ? `about ${counted(announcedKeys - keys, 'key')}` : 'no whole key';
  // The checksum stands behind the last key: which of them is not what it was, nobody can tell.
  const isSum = announcedKeys <= keys && offset > goodEnd;
  const loses = isSum
    ? 'no whole key, but something in it is not what was written, and nothing tells where'
    : `${missing}, ${counted(left, 'byte')} from byte ${amount(offset)} on; ${counted(keys, 'key')} before it stay`;
  const text = `at byte ${amount(offset)}, ${reason}; ${counted(keys, 'key')} before it can be read`;
  return { name, state: 'damaged', text, loses, canRepair: isDamage, rdbProblem: problem, losesKeys: !isSum };
}

/** What concerns several files. */
function together(
  directory: string,
  manifest: Manifest | undefined,
  findings: readonly Finding[],
  files: readonly FileReport[],
  dump: string,
): Pick<Examination, 'notes' | 'loss'> {
  const notes: string[] = [];
  const loss: string[] = [];
  if (manifest === undefined) {
    return { notes, loss };
  }
  const isDamaged = findings.some(({ kind }) => kind === 'damage');
  recordsLeftOut(directory, manifest.files, findings)?.forEach((count, shard) => {
    if (count === 0) return;
    const what = `the last ${counted(count, 'record')} of the log of shard ${shard}: they belong to writes that other shards do not have whole`;
    if (isDamaged) loss.push(what);
    else notes.push(`the next start leaves out ${what}`);
  });
  if (files.some(({ name, losesKeys }) => losesKeys === true && name !== dump)) {
    loss.push(
      'what the logs changed in a part of a lost key (APPEND, SETRANGE) comes back without the rest of its value',
    );
  }
  return { notes, loss };
}
