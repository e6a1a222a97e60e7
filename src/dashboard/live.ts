/**
 * What is live, as events: all of it first, then what has changed with each sample.
 *
 * An event is text that is made once for all who get the same. One who is slow misses events, and gets everything again
 * when it is ready: it never makes the others wait, and nothing is kept for it.
 */
import type { EventSink } from './event-sink.ts'
import type { Begin, Question } from './router.ts'
import type { PartName } from './views.ts'
import type { Change, Watch } from './watch.ts'

/** Sends what changes; `?detail=ID/VERSION` asks for what is known of one version, which others do without. */
export async function beginLive({ watch, query }: Question): Promise<Begin> {
  const detail = query.get('detail')
  const isWanted = (name: PartName): boolean =>
    !/^(?:detail|shape)\//.test(name) || (detail !== null && name.slice(name.indexOf('/') + 1) === detail)
  return (sink) => sendLive(watch, isWanted, sink)
}

function sendLive(watch: Watch, isWanted: (name: PartName) => boolean, sink: EventSink): () => void {
  let isWhole = false
  const sendAll = (): void => {
    isWhole = sink.send('parts', eventOf(watch.now, isWanted, true))
  }
  sink.onReady = () => {
    if (!isWhole) sendAll()
  }
  sendAll()
  return watch.watch((change) => {
    if (!isWhole) return sendAll()
    isWhole = sink.send('parts', eventOf(change, isWanted, false))
  })
}

/** A `LiveEvent` as text; `isAll`: whatever was sent before is to be forgotten. */
function eventOf({ atMs, parts, gone }: Change, isWanted: (name: PartName) => boolean, isAll: boolean): string {
  const wanted = [...parts].filter(([name]) => isWanted(name))
  const fields = wanted.map(([name, json]) => `${JSON.stringify(name)}:${json}`)
  return `{"atMs":${atMs},"isAll":${isAll},"parts":{${fields.join(',')}},"gone":${JSON.stringify(gone)}}`
}
