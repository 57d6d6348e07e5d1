/** Sections of INFO with a line for each command or error: commandstats, latencystats and errorstats. */
import { formatPercentile } from '../config/table/monitoring.ts';
import type { Field, InfoSource } from './info-fields.ts';

/** What Redis prints in place of characters that would break the lines of INFO. */
function safe(name: string): string {
  return name.replace(/[#:\n\r]/g, '_');
}

export function commandStatsSection({ commands, measurements }: InfoSource): Field[] {
  return commands.all.flatMap(({ id, fullName }): Field[] => {
    const report = measurements.command(id);
    if (report === undefined) return [];
    const { calls, microseconds, rejected, failed } = report;
    const perCall = (calls === 0 ? 0 : microseconds / calls).toFixed(2);
    const figures = `calls=${calls},usec=${Math.floor(microseconds)},usec_per_call=${perCall}`;
    return [[`cmdstat_${safe(fullName)}`, `${figures},rejected_calls=${rejected},failed_calls=${failed}`]];
  });
}

export function latencyStatsSection({ commands, measurements, config }: InfoSource): Field[] {
  if (!config.get('latency-tracking')) return [];
  const percentiles = config.get('latency-tracking-info-percentiles');
  return commands.all.flatMap(({ id, fullName }): Field[] => {
    const latencies = measurements.command(id)?.latencies;
    if (latencies === undefined || latencies.total === 0) return [];
    const figures = percentiles.map((percentile) => {
      return `p${formatPercentile(percentile)}=${(latencies.percentileNs(percentile) / 1000).toFixed(3)}`;
    });
    return [[`latency_percentiles_usec_${safe(fullName)}`, figures.join(',')]];
  });
}

export function errorStatsSection({ measurements }: InfoSource): Field[] {
  return measurements.errors().map(([code, count]) => [`errorstat_${safe(code)}`, `count=${count}`]);
}
