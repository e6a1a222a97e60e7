/**
 * Times, durations and sizes as people read them.
 */

/** The first time that a Date cannot hold. */
const dateMsMax = 8.64e15

/** `2025-03-04 09:00:00.250+01:00`, or `2025-03-04 08:00:00.250Z`. */
export function shownTime(ms: number, isUtc: boolean): string {
  if (Math.abs(ms) > dateMsMax) return `${ms} ms`
  if (isUtc) return new Date(ms).toISOString().replace('T', ' ')
  const offsetMinutes = -new Date(ms).getTimezoneOffset()
  const local = new Date(ms + offsetMinutes * 60_000)
  if (Number.isNaN(local.getTime())) return `${ms} ms`
  const away = Math.abs(offsetMinutes)
  const zone = [Math.floor(away / 60), away % 60].map((part) => String(part).padStart(2, '0')).join(':')
  return `${local.toISOString().slice(0, -1).replace('T', ' ')}${offsetMinutes < 0 ? '-' : '+'}${zone}`
}

const units: readonly (readonly [name: string, ms: number])[] = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
  ['ms', 1],
]

/** A duration in its two largest units: `2d 3h`, `1m 5s`, `250ms`. */
export function shownDuration(ms: number): string {
  const parts: string[] = []
  let rest = Math.max(0, Math.round(ms))
  for (const [name, unitMs] of units) {
    const count = Math.floor(rest / unitMs)
    rest -= count * unitMs
    if (count > 0) parts.push(`${count}${name}`)
    else if (parts.length > 0) break
    if (parts.length === 2) break
  }
  return parts.length === 0 ? '0' : parts.join(' ')
}

const byteUnits = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB']

/** `512 B`, `3.2 KiB`, `117 MiB`. */
export function shownBytes(bytes: number): string {
  let amount = bytes
  let at = 0
  while (amount >= 1024 && at < byteUnits.length - 1) {
    amount /= 1024
    at++
  }
  const digits = at > 0 && amount < 10 ? 1 : 0
  return `${amount.toFixed(digits)} ${byteUnits[at]}`
}
