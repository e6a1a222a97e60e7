/**
 * What a comparison found, as the page gets it: samples are text, and none is longer than a line shows.
 */
import { shortened } from '../core/shown.ts'
import { textOf } from '../inspect/stored-rows.ts'
import type { ComparedPart, ComparedValue, ComparisonReport, ComparisonSample } from '../replay/comparison-face.ts'
import type { ComparedPartView, SampleView, SideView } from './replay-views.ts'

const charsMax = 400

export function partsOf({ stores, topics }: ComparisonReport): readonly ComparedPartView[] {
  return [...stores.map((one) => partView('store', one)), ...topics.map((one) => partView('topic', one))]
}

function partView(kind: ComparedPartView['kind'], part: ComparedPart): ComparedPartView {
  const { name, what, equal, onlyHere, onlyLive, different, samples, incomparable = null, note = null } = part
  return {
    kind,
    name,
    what,
    equal,
    onlyHere,
    onlyLive,
    different,
    incomparable,
    note,
    samples: samples.map(sampleView),
  }
}

function sampleView({ key, window, place, here, live }: ComparisonSample): SampleView {
  return {
    key: shortened(textOf(key), charsMax),
    window: window === undefined ? null : { startMs: window.start, endMs: window.end },
    place: place ?? null,
    here: here && sideView(here),
    live: live && sideView(live),
  }
}

function sideView({ value, timestamp, headers = [] }: ComparedValue): SideView {
  const text = textOf(value)
  return {
    value: shortened(text, charsMax),
    isCut: text.length > charsMax,
    timestampMs: timestamp,
    headers: headers.length === 0 ? '' : shortened(textOf(headers), charsMax),
  }
}
