/**
 * The dashboard of a log: what `millrace/dashboard` exports, and what `millrace ui` runs.
 */
import type { Log } from '../log/face.ts'
import { Comparisons } from './comparisons.ts'
import { Probes } from './health.ts'
import { checkDashboardOptions, type DashboardOptions } from './options.ts'
import { PageFiles } from './page-files.ts'
import { DashboardServer } from './server.ts'
import { AnswersMadeOnce } from './answers-made-once.ts'
import { Watch } from './watch.ts'

/** A dashboard that is open; made by {@link dashboard}. */
export interface Dashboard extends AsyncDisposable {
  /** The address of the page, without the token. */
  readonly url: string
  /** Where it listens. */
  readonly port: number

  /** Ends all connections and stops listening. The log stays open: close the dashboard first. */
  close(): Promise<void>
}

/**
 * Serves a page that shows what is in a log and what runs on it, live. It reads only, unless `allowChanges` says
 * otherwise: a log that was opened with `readOnly` will do, in a process of its own, and so will an application's.
 *
 * Anyone who reaches the address sees all records. So it listens on this machine only; another `host` needs a `token`.
 *
 * @example
 * ```ts
 * const page = await dashboard(log, { port: 0 })
 * console.log(page.url)
 * await page.close()
 * ```
 * @throws MillraceError `bad_option`, also if it cannot listen there; `read_only` for `allowChanges` on a log that was
 *   opened with `readOnly`
 */
export async function dashboard(log: Log, options: DashboardOptions = {}): Promise<Dashboard> {
  const checked = checkDashboardOptions(options)
  if (checked.allowChanges) await checkWritable(log)
  const watch = new Watch(log, checked.clock)
  const comparisons = new Comparisons(log, checked.clock)
  const probes = new Probes(log, checked.clock, watch)
  const world = { log, clock: checked.clock, watch, mayChange: checked.allowChanges, probes, comparisons }
  const server = new DashboardServer(checked, { ...world, plans: new AnswersMadeOnce() }, new PageFiles())
  await server.listen()
  await watch.start()
  const { port } = server
  const host = checked.host.includes(':') && !checked.host.startsWith('[') ? `[${checked.host}]` : checked.host
  const close = async (): Promise<void> => {
    await server.close() // first: nothing new is asked for while the rest ends
    await comparisons.close()
    await watch.close()
  }
  return { url: `http://${host}:${port}/`, port, close, [Symbol.asyncDispose]: close }
}

/** @throws MillraceError `read_only` now, and not with the first change */
async function checkWritable(log: Log): Promise<void> {
  await log.producer().close()
}
