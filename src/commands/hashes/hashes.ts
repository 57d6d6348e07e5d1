/** The commands of hashes. */
import type { CommandSpec } from '../command.ts';
import { hashCounting } from './counting.ts';
import { hashExpiry } from './expiry.ts';
import { hashExpiryTimes } from './expiry-times.ts';
import { hashReading } from './reading.ts';
import { hashSampling } from './sampling.ts';
import { hashScanning } from './scanning.ts';
import { hashSetting } from './setting.ts';

export const hashes: readonly CommandSpec[] = [
  ...hashSetting,
  ...hashReading,
  ...hashCounting,
  ...hashSampling,
  ...hashScanning,
  ...hashExpiry,
  ...hashExpiryTimes,
];
