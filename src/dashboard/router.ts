/**
 * Which address of the API means what: a table of paths with parameters, and what answers each of them.
 */
import type { Clock } from '../core/clock.ts'
import type { Log } from '../log/face.ts'
import type { Comparisons } from './comparisons.ts'
import type { EventSink } from './event-sink.ts'
import type { ActPlanView } from './replay-views.ts'
import type { AnswersMadeOnce } from './answers-made-once.ts'
import type { Health, Probes } from './health.ts'
import type { MetricsText } from './metrics/prometheus.ts'
import type { ActView } from './views.ts'
import type { Watch } from './watch.ts'

/** What answers are made of. */
export interface World {
  readonly log: Log
  readonly clock: Clock
  readonly watch: Watch
  readonly comparisons: Comparisons
  readonly plans: AnswersMadeOnce<ActPlanView>
  readonly probes: Probes
  /** Whether acts are done, or refused. */
  readonly mayChange: boolean
}

/** What was asked, by an address that is known. */
export interface Question extends World {
  /** The parts of the path that the table names, decoded. */
  readonly path: Readonly<Record<string, string>>
  readonly query: URLSearchParams
  /** Which kinds of answer the other side would rather have, as it said. */
  readonly accept: string
  /** Aborts when the other side has gone, or has its answer. */
  readonly gone: AbortSignal
}

/** What came with a request for a change: an object, whose fields are yet to be checked. */
export type Body = Readonly<Record<string, unknown>>

/** Answers once, with JSON or text; or goes on with events until the other side has gone; or changes something. */
export type Route =
  | { readonly kind: 'json'; readonly path: string; readonly answer: Answer }
  /** The same, of what may take long: those who wait for it have a turnstile of their own, and hold up no others. */
  | { readonly kind: 'shared'; readonly path: string; readonly answer: Answer }
  | { readonly kind: 'text'; readonly path: string; readonly answer: (question: Question) => Promise<MetricsText> }
  /** Needs no token, for probes have none: without it the answer is yes or no, and with it why. */
  | { readonly kind: 'probe'; readonly path: string; readonly answer: (question: Question) => Promise<Health> }
  | {
      readonly kind: 'events'
      readonly path: string
      /** Refuses what makes no sense before it begins. */
      readonly begin: (question: Question) => Promise<Begin>
    }
  | {
      readonly kind: 'act'
      readonly path: string
      /** Checks what it is given, does it, and says what it did; acts are done one after the other. */
      readonly act: (question: Question, body: Body) => Promise<ActView>
    }

type Answer = (question: Question) => Promise<unknown>

/** Begins to send events; returns what ends that. */
export type Begin = (sink: EventSink) => () => void

export interface Found {
  readonly route: Route
  readonly path: Question['path']
}

/** Finds what a path means; `:name` in the table stands for one part. Undefined for a path that is in no table. */
export function findRoute(routes: readonly Route[], pathname: string): Found | undefined {
  const parts = partsOf(pathname)
  if (parts === undefined) return undefined
  for (const route of routes) {
    const wanted = route.path.split('/')
    if (wanted.length !== parts.length) continue
    const path: Record<string, string> = {}
    const fits = wanted.every((want, at) => {
      const part = parts[at] ?? ''
      if (!want.startsWith(':')) return want === part
      path[want.slice(1)] = part
      return part !== ''
    })
    if (fits) return { route, path }
  }
  return undefined
}

function partsOf(pathname: string): readonly string[] | undefined {
  try {
    return pathname.split('/').map(decodeURIComponent)
  } catch {
    return undefined // a percent sign that is none
  }
}
