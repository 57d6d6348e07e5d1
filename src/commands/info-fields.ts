/** What the sections of INFO have in common: what they are made from, and how figures are printed. */
import type { Config } from '../config/config.ts';
import type { ServerReport } from './context.ts';
import type { Measurements } from './measurements.ts';
import type { CommandTable } from './table.ts';

export interface InfoSource {
  readonly report: ServerReport;
  readonly config: Config;
  readonly commands: CommandTable;
  readonly measurements: Measurements;
}

export type Field = readonly [name: string, value: string | number];

export function percent(part: number, whole: number): string {
  return `${percentage(part, whole).toFixed(2)}%`;
}

export function percentage(part: number, whole: number): number {
  return whole === 0 ? 0 : (part / whole) * 100;
}

/** How many times `whole` is `part`; 0 of nothing. */
export function ratio(whole: number, part: number): number {
  return part === 0 ? 0 : whole / part;
}

/** Bytes as Redis prints them for people: `1.56M`. */
export function humanBytes(bytes: number): string {
  if (bytes < 1024) return `${bytes}B`;
  let value = bytes / 1024;
  for (const unit of ['K', 'M', 'G']) {
    if (value < 1024) return `${value.toFixed(2)}${unit}`;
    value /= 1024;
  }
  return `${value.toFixed(2)}T`;
}
