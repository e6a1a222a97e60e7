/**
 * What is live, as events: all of it first, then what has changed with each sample.
 *
 * An event is text that is made once for all who get the same. One who is slow misses events, and gets everything again
 * when it is ready: it never makes the others wait, and nothing is kept for it.
 */
import { eventBlock, type EventSink } from './event-sink.ts'
import type { Begin, Question } from './router.ts'
import type { PartName } from './views.ts'
import type { Change, Watch } from './watch.ts'

/** Sends what changes; `?detail=ID/VERSION` asks for what is known of one version, which others do without. */
export async function beginLive({ watch, query }: Question): Promise<Begin> {
  const detail = query.get('detail') ?? ''
  return (sink) => sendLive(watch, detail, sink)
}

function sendLive(watch: Watch, detail: string, sink: EventSink): () => void {
  let isWhole = false
  const sendAll = (): void => {
    isWhole = sink.isReady && sink.send(blockOf(watch.now, detail, true))
  }
  sink.onReady = () => {
    if (!isWhole) sendAll()
  }
  sendAll()
  return watch.watch((change) => {
    if (!isWhole) return sendAll()
    isWhole = sink.isReady && sink.send(blockOf(change, detail, false))
  })
}

/** Parts that only those get who ask for their version. */
const partsOfVersion = ['detail', 'shape', 'facts'] as const
const isOfVersion = new RegExp(`^(?:${partsOfVersion.join('|')})/`)

/** Blocks that are made, of each change that may still be sent, by the version that is in them; empty for none. */
const blocks = new WeakMap<Change, Map<string, Buffer>>()

function blockOf(change: Change, detail: string, isAll: boolean): Buffer {
  let made = blocks.get(change)
  if (made === undefined) blocks.set(change, (made = new Map<string, Buffer>()))
  // Whatever else is asked for, such as a version that there is not, is the same for all.
  const names: ReadonlyMap<string, unknown> = change.parts
  const isKnown = partsOfVersion.some((part) => names.has(`${part}/${detail}`))
  const known = isKnown ? detail : ''
  let block = made.get(known)
  if (block === undefined) made.set(known, (block = eventBlock('parts', liveText(change, known, isAll))))
  return block
}

/** A `LiveEvent` as text; `isAll`: whatever was sent before is to be forgotten. */
export function liveText({ atMs, parts, gone }: Change, detail: string, isAll: boolean): string {
  const fields: string[] = []
  for (const [name, json] of parts) if (isWanted(name, detail)) fields.push(`${JSON.stringify(name)}:${json}`)
  return `{"atMs":${atMs},"isAll":${isAll},"parts":{${fields.join(',')}},"gone":${JSON.stringify(gone)}}`
}

function isWanted(name: PartName, detail: string): boolean {
  return !isOfVersion.test(name) || name.slice(name.indexOf('/') + 1) === detail
}
