/**
 * All figures, in the order of docs/performance.md.
 */
import type { Figure } from './figure.ts'
import { partitions, serdes, sizes } from './figures/clicks.ts'
import { command } from './figures/command.ts'
import { comparing } from './figures/comparing.ts'
import { comparison } from './figures/comparison.ts'
import { dashboard } from './figures/dashboard.ts'
import { families, joins } from './figures/families.ts'
import { latency } from './figures/latency.ts'
import { life } from './figures/life.ts'
import { log } from './figures/log.ts'
import { memory } from './figures/memory.ts'
import { operators } from './figures/operators.ts'
import { pageSize } from './figures/page-size.ts'
import { profile } from './figures/profile.ts'
import { recovery } from './figures/recovery.ts'
import { release } from './figures/release.ts'
import { replay } from './figures/replay.ts'
import { state } from './figures/state.ts'
import { versions } from './figures/versions.ts'

export const figures: readonly Figure[] = [
  comparison,
  latency,
  log,
  command,
  dashboard,
  recovery,
  replay,
  versions,
  comparing,
  life,
  memory,
  state,
  release,
  operators,
  families,
  joins,
  partitions,
  sizes,
  serdes,
  profile,
  pageSize,
]
