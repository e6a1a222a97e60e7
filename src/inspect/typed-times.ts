/**
 * Times and durations as people type them; undefined for any other text.
 */

const unitsMs: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
}

const part = /^(\d+(?:\.\d+)?)\s*(ms|s|m|h|d|w|(?:(?:milli)?second|minute|hour|day|week)s?)(?![a-z])\s*/i

/** In ms: `30s`, `90m`, `1h30m`, `5 minutes`. */
export function typedDuration(text: string): number | undefined {
  let [ms, rest] = [0, text.trim()]
  if (rest === '') return undefined
  while (rest !== '') {
    const [all, count, unit = ''] = part.exec(rest) ?? []
    if (all === undefined) return undefined
    const name = unit.toLowerCase()
    ms += Number(count) * (unitsMs[name.startsWith('milli') ? 'ms' : name] ?? unitsMs[name.slice(0, 1)] ?? Number.NaN)
    rest = rest.slice(all.length)
  }
  const whole = Math.round(ms)
  return Number.isSafeInteger(whole) ? whole : undefined
}

/** Ms since the epoch, or a date with or without a time and a zone; without a zone it is local. */
export function typedTime(text: string): number | undefined {
  const [, digits] = /^(\d{9,}|\d+(?= ms$))(?: ms)?$/.exec(text) ?? []
  const ms = digits === undefined ? dateMs(text) : Number(digits)
  return Number.isSafeInteger(ms) && ms >= 0 ? ms : undefined
}

/** What {@link typedTime} takes, or how long ago: `5 minutes ago`, `1h30m ago`. */
export function typedTimeOrAge(text: string, nowMs: number): number | undefined {
  const [, age] = /^(.*?)\s+ago$/i.exec(text) ?? []
  if (age === undefined) return typedTime(text)
  const ms = typedDuration(age)
  return ms === undefined ? undefined : Math.max(0, nowMs - ms)
}

function dateMs(text: string): number {
  const [, year, rest, time = '00:00', zone = ''] =
    /^((?:\d{4}|\+\d{6}))(-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?)(Z|[+-]\d\d:\d\d)?)?$/.exec(text) ?? []
  if (year === undefined || !isDay(`${year}${rest}`)) return Number.NaN
  return Date.parse(`${year}${rest}T${time}${zone}`)
}

/** Date reads February 31 as March 3. */
function isDay(date: string): boolean {
  const ms = Date.parse(`${date}T00:00Z`)
  return !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(date)
}
