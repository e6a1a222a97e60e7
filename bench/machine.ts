/**
 * The machine that a figure was measured on.
 */
import { cpus, loadavg, totalmem } from 'node:os'

export interface Machine {
  readonly processor: string
  readonly cores: number
  readonly memoryGigabytes: number
  readonly node: string
  /** Programs that wanted a core in the last minute: above 1 others were at work before the first figure. */
  readonly load: number
}

export function thisMachine(): Machine {
  const [first, ...others] = cpus()
  return {
    processor: first?.model.trim() ?? 'unknown processor',
    cores: others.length + 1,
    memoryGigabytes: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    load: Number((loadavg()[0] ?? 0).toFixed(1)),
  }
}

export function machineLine({ processor, cores, memoryGigabytes, node, load }: Machine): string {
  return `${processor}, ${cores} cores, ${memoryGigabytes} GB; Node ${node}; load ${load} at the start`
}
