/**
 * A topic while it grows: its newest records a few times a second. What comes faster than anyone reads is passed over
 * and counted, so that following a busy topic costs little more than a quiet one.
 */
import { messageOf } from '../../core/errors.ts'
import { sum } from '../../inspect/counts.ts'
import { pathPart, wholeIn } from '../question.ts'
import { type Bounds, searchRecords } from '../record-search.ts'
import { eventBlock } from '../event-sink.ts'
import type { Begin, Question } from '../router.ts'
import { formsOf, recordView } from '../shown-bytes.ts'
import { Slices } from '../slices.ts'
import type { TailView } from '../views.ts'
import { boundsOf, chosen, filterIn } from './records.ts'

const everyMs = 500
/** What one event shows, and what of each partition is looked at for it. */
const shownMax = 50
const lookedAtMax = 500

/** `?partition&key&text`; ends with an event `failed` when the topic is deleted. */
export async function beginTail(question: Question): Promise<Begin> {
  const { log, clock, path, query } = question
  const topic = pathPart(path, 'topic')
  const partition = wholeIn(query, 'partition')
  let seen = endsOf(chosen(await boundsOf(log, topic), partition))

  const step = async (): Promise<TailView | undefined> => {
    const { serdes } = await log.admin.describeTopic(topic)
    const forms = formsOf(serdes)
    const all = chosen(await boundsOf(log, topic), partition)
    const news = all.map((bounds) => newsIn(bounds, seen.get(bounds.partition) ?? bounds.start))
    if (news.every(({ start, end }) => start === end)) return undefined
    const found = await searchRecords(
      log,
      {
        topic,
        forms,
        direction: 'older',
        bounds: news,
        from: new Map(),
        limit: shownMax,
        fits: filterIn(query, forms),
      },
      new Slices(clock),
    )
    const came = sum(all, ({ partition: at, start, end }) => Math.max(0, end - Math.max(start, seen.get(at) ?? start)))
    const covered = sum(all, ({ partition: at, end }) => end - (found.ends.get(at) ?? end))
    seen = endsOf(all)
    return {
      records: found.records.map((record) => recordView(record, forms)),
      passedOver: Math.max(0, came - covered),
    }
  }
  return (sink) => {
    let isEnded = false
    let cancel: () => void = () => undefined
    const next = (): void => {
      cancel = clock.schedule(everyMs, () => void run(), 'background')
    }
    const run = async (): Promise<void> => {
      try {
        const news = sink.isReady ? await step() : undefined
        if (news !== undefined) sink.send(eventBlock('records', JSON.stringify(news)))
        if (!isEnded) next()
      } catch (error) {
        sink.send(eventBlock('failed', JSON.stringify({ error: { code: 'failed', message: messageOf(error) } })))
        sink.close()
      }
    }
    sink.send(eventBlock('records', JSON.stringify({ records: [], passedOver: 0 } satisfies TailView)))
    next()
    return () => {
      isEnded = true
      cancel()
    }
  }
}

function endsOf(bounds: readonly Bounds[]): Map<number, number> {
  return new Map(bounds.map(({ partition, end }) => [partition, end]))
}

/** What has come since, the newest of it where that is too much. */
function newsIn({ partition, start, end }: Bounds, seen: number): Bounds {
  return { partition, start: Math.min(end, Math.max(start, seen, end - lookedAtMax)), end }
}
